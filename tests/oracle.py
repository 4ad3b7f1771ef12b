"""Django is the judge: what DjangoJSONEncoder says of a value, and how strictly we are compared with it."""

import json
import re

from django.core.serializers.json import DjangoJSONEncoder

import pyforge_web

FORMS = ("compact", "django_bytes")


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


def django_value(x, **options):
    return strict(django_text(x), **options)


def compact_text(x):
    """Django's value as we write it: no blanks, raw UTF-8; only lone surrogates, which UTF-8 lacks, are escaped."""
    text = json.dumps(x, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def tokens(text):
    """The text cut into its tokens; floats by value, because any shortest spelling is right."""
    found = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+|[\[\]{},:]|\s+', text, re.DOTALL)
    return [repr(float(t)) if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", t) and not is_integer(t) else t for t in found]


def is_integer(token):
    return token.lstrip("-").isdigit()


def assert_like_django(x, form):
    """`x`, alone and inside containers of every sort, is Django's: to the byte, or value by value and compact."""
    for shape in (x, [x], {"key": x}, (x, x), Listed([x]), Mapped(key=x)):
        if form == "django_bytes":
            assert pyforge_web.dumps(shape, django_bytes=True) == django_text(shape).encode()
        else:
            ours = pyforge_web.dumps(shape)
            assert type(ours) is bytes
            assert strict(ours) == django_value(shape)
            assert tokens(ours.decode()) == tokens(compact_text(shape))


class Listed(list):
    """A list that is read through its protocol."""


class Mapped(dict):
    """A dict that is read through its protocol."""
