"""Django is the judge: what DjangoJSONEncoder says of a value, and how strictly we are compared with it."""

import json
import re

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

import pyforge_web

# Our three texts: compact and raw UTF-8; compact and ASCII, for a response of another charset; Django's very bytes.
FORMS = ("compact", "ascii", "django_bytes")
# The languages in which errors are compared: with plural forms of one, two and six, and from right to left.
LANGUAGES = ("en", "de", "pl", "ar", "ja")
_OF_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")


def sent_statements(captured):
    """The statements that a `CaptureQueriesContext` has seen, but for those of savepoints."""
    return [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(_OF_SAVEPOINTS)]


def outcome(read):
    """What is read, or the type and the words of the error, whatever Django raises."""
    try:
        return read()
    except Exception as error:
        return type(error), str(error)


def describe_errors(error):
    """All that can be seen of a ValidationError in dict form, in the active language: each field with its leaves."""
    assert error.message_dict.keys() == error.error_dict.keys()
    return [(name, [_describe_leaf(leaf) for leaf in leaves]) for name, leaves in error.error_dict.items()]


def _describe_leaf(error):
    params = {name: _describe_param(value) for name, value in error.params.items()} if error.params else error.params
    return [*error], error.code, params, str(error.message), type(error)


def _describe_param(value):
    """A param by its type and text: two equal instances are two objects, and some values are equal to no other."""
    if isinstance(value, Model):
        return type(value), value.__dict__.get("title")
    return type(value), str(value)


class Pairs(list):
    """A JSON object as its pairs, so that key order and duplicate keys count."""

    def __repr__(self):
        return f"Pairs({super().__repr__()})"


def django_text(x):
    return json.dumps(x, cls=DjangoJSONEncoder)


def strict(text, *, nan="raise"):
    """What a reader gets from `text`, as a repr: tells 1 from 1.0 and True, 0.0 from -0.0, and orders of keys."""

    def constant(name):
        assert nan == "null", f"{name} is not JSON"

    return repr(json.loads(text, object_pairs_hook=Pairs, parse_constant=constant))


def find_depth_limit():
    """The number of containers inside each other that we write at most, as our own error says it."""
    value = []
    for _ in range(300_000):
        value = [value]
    try:
        pyforge_web.dumps(value)
    except RecursionError as error:
        return int(re.search(r"more than (\d+) containers", str(error))[1])
    raise AssertionError("no depth is too deep")


def find_django_depth():
    """The number of lists inside each other that Django's encoder writes on this Python."""
    written, refused = 1, 300_001
    while refused - written > 1:
        middle = (written + refused) // 2
        value = []
        for _ in range(middle - 1):
            value = [value]
        try:
            django_text(value)
        except RecursionError:
            refused = middle
        else:
            written = middle
    return written


def django_value(x, **options):
    return strict(django_text(x), **options)


def compact_text(x, *, ensure_ascii=False):
    """Django's value as we write it: no blanks, raw UTF-8; only lone surrogates, which UTF-8 lacks, are escaped."""
    text = json.dumps(x, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=ensure_ascii)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def tokens(text):
    """The text cut into its tokens; floats by value, because any shortest spelling is right."""
    found = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+|[\[\]{},:]|\s+', text, re.DOTALL)
    return [
        repr(float(t)) if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", t) and not is_integer(t) else t for t in found
    ]


def is_integer(token):
    return token.lstrip("-").isdigit()


def assert_same(ours, expected):
    """`==`, with the first difference alone for a message: a diff of long texts takes pytest minutes."""
    if ours != expected:
        place = next(
            (n for n, (a, b) in enumerate(zip(ours, expected, strict=False)) if a != b), min(len(ours), len(expected))
        )
        reach = 5 if isinstance(ours, list) else 60
        around = slice(max(0, place - reach), place + reach)
        raise AssertionError(f"at {place}: ours {ours[around]!r}, Django {expected[around]!r}")


def encode(x, form, **options):
    """`x` in one of FORMS."""
    if form == "ascii":
        return pyforge_web.PyForgeJsonResponse(x, safe=False, charset="iso-8859-1", **options).content
    return pyforge_web.dumps(x, django_bytes=form == "django_bytes", **options)


def assert_text(ours, x, form):
    """`ours` is what Django says of `x`: to the byte, or value by value and compact."""
    assert type(ours) is bytes
    if form == "django_bytes":
        assert_same(ours, django_text(x).encode())
    else:
        assert_same(strict(ours), django_value(x))
        assert_same(tokens(ours.decode()), tokens(compact_text(x, ensure_ascii=form == "ascii")))


def assert_like_django(x, form):
    """`x`, alone and inside containers of every sort, is written as Django would."""
    for shape in (x, [x], {"key": x}, (x, x), Listed([x]), Mapped(key=x)):
        assert_text(encode(shape, form), shape, form)


class Listed(list):
    """A list that is read through its protocol."""


class Mapped(dict):
    """A dict that is read through its protocol."""


def join_all(queryset):
    """As `select_related()` without fields, of which Django 6.1 warns."""
    joined = queryset.all()
    joined.query.select_related = True
    return joined
