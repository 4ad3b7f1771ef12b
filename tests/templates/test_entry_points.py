"""One table through all entry_points: the Django tag and filter, Jinja2, the loader and the function say the same."""

import collections
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import FieldError
from django.core.paginator import Paginator
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.safestring import SafeString, mark_safe

from tests.app.models import Article, Author, Everything
from tests.oracle import compact_text, django_value, strict
from tests.tables import cases
from tests.templates.entry_points import ASYNC, ENTRY_POINTS, FILTERS

pytestmark = pytest.mark.django_db

ESCAPES = {ord(char): f"\\u{ord(char):04X}" for char in "<>&'"}

VALUES = {
    "a dict": {"a": [1, 2.5, True, None], "b": {"c": "d"}},
    "empty containers": [{}, [], ()],
    "text": "plain",
    "nothing": None,
    "a number": 5,
    "dates": [date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), timedelta(days=1, seconds=3)],
    "Decimal and UUID": [Decimal("1.50"), uuid.UUID(int=7)],
    "lazy text": lazystr("<lazy>"),
    "text that is marked as safe": mark_safe("<b>&</b>"),
    "a script": "</script><script>alert(1)</script>",
    "a comment": "<!-- <script>",
    "quotes": "'\"`",
    "in keys": {"</script>'\"&": {"\u2028": "\u2029"}},
    "numbers as keys": {1: 2, None: 3},
    "beyond ASCII": "d\u00e9j\u00e0 vu \u65e5\u672c \U0001f600",
    "a lone surrogate": "\ud800",
    "control characters": "\0\n\r\t\x1b\x7f",
    "what looks escaped": "\\u003C &lt; \\",
    "template syntax": "{{ x }}{% y %}<% z %>",
    "a namedtuple": collections.namedtuple("Point", "x y")(1, 2),
}

ARGUMENTS = {
    "nothing": ({}, "", ""),
    "id": ({"id": "rows"}, '<script id="rows" type="application/json">', "</script>"),
    "lazy id": ({"id": lazystr("rows")}, '<script id="rows" type="application/json">', "</script>"),
    "id and type": (
        {"id": "rows", "type": "application/ld+json"},
        '<script id="rows" type="application/ld+json">',
        "</script>",
    ),
    "type": ({"type": "application/ld+json"}, '<script type="application/ld+json">', "</script>"),
    "nonce": (
        {"id": "rows", "nonce": "r4nd0m"},
        '<script id="rows" type="application/json" nonce="r4nd0m">',
        "</script>",
    ),
    "empty nonce": ({"nonce": ""}, '<script type="application/json">', "</script>"),
    "hostile": (
        {"id": "\"'><b>&", "type": '"><i>', "nonce": mark_safe('" onload="x')},
        '<script id="&quot;&#x27;&gt;&lt;b&gt;&amp;" type="&quot;&gt;&lt;i&gt;" nonce="&quot; onload=&quot;x">',
        "</script>",
    ),
    "mode": ({"mode": "script"}, "", ""),
}


def expected_text(value):
    return compact_text(value, ensure_ascii=True).translate(ESCAPES)


@pytest.fixture(params=cases(ENTRY_POINTS))
def entry_point(request):
    return request.param


@pytest.mark.parametrize("value", cases(VALUES))
@pytest.mark.parametrize("entry_point", cases(ENTRY_POINTS | ASYNC))
def test_values_are_those_of_dumps(entry_point, value):
    assert entry_point(value) == expected_text(value)
    assert strict(entry_point(value)) == django_value(value)


@pytest.mark.parametrize("value", cases(VALUES))
@pytest.mark.parametrize("entry_point", cases(FILTERS))
def test_filters_write_the_values_of_dumps(entry_point, value):
    assert entry_point(value) == expected_text(value)


@pytest.mark.parametrize(("arguments", "before", "after"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_make_the_element(entry_point, arguments, before, after):
    value = {"<": "'\u00e9"}
    assert entry_point(value, **arguments) == before + expected_text(value) + after


@pytest.mark.parametrize("value", cases(VALUES))
def test_attribute_mode_escapes_both_quotes(entry_point, value):
    assert entry_point(value, mode="attr") == expected_text(value).replace('"', "&quot;")


def test_nan_follows_the_argument(entry_point):
    assert entry_point([float("nan")], nan="null") == "[null]"
    with pytest.raises(ValueError, match=r"nan at \$\[0\]"):
        entry_point([float("nan")])


def test_nan_follows_the_setting(entry_point, settings):
    settings.PYFORGE_WEB = {"NAN": "null"}
    assert entry_point([float("inf")]) == "[null]"
    with pytest.raises(ValueError, match="inf"):
        entry_point([float("inf")], nan="raise")


class TestModels:
    @pytest.fixture(autouse=True)
    def rows(self):
        ada = Author.objects.create(name="Ada </script>")
        for n in range(3):
            Article.objects.create(title=f"<Title> {n} '\u00e9'", author=ada)
        Everything.objects.create(json={"</script>": ["<!--", "it's \u2028", 1e5]}, text="<'>", url="/?a=1&b=2")

    @pytest.mark.parametrize("model", [Article, Author, Everything])
    def test_a_queryset(self, entry_point, model):
        text = entry_point(model.objects.all())
        assert strict(text) == django_value(list(model.objects.values()))
        assert text.isascii()
        assert not set("<>&'") & set(text)

    def test_an_instance_a_list_and_a_page(self, entry_point):
        like = list(Article.objects.values())
        assert entry_point(Article.objects.first()) == expected_text(like[0])
        assert entry_point(list(Article.objects.all())) == expected_text(like)
        assert entry_point(Paginator(Article.objects.all(), 2).page(1)) == expected_text(like[:2])
        assert entry_point({"rows": Article.objects.all()}) == expected_text({"rows": like})

    @pytest.mark.parametrize("fields", ["id,title", " id , title ", ["id", "title"], ("id", "title")])
    def test_fields(self, entry_point, fields):
        assert entry_point(Article.objects.all(), fields=fields) == expected_text(
            list(Article.objects.values("id", "title"))
        )

    def test_one_query(self, entry_point, django_assert_num_queries):
        queryset = Article.objects.all()
        with django_assert_num_queries(1):
            entry_point(queryset, id="rows")

    @pytest.mark.parametrize("fields", ["id,titel", "id,", ""])
    def test_an_unknown_field_lists_what_there_is(self, entry_point, fields):
        with pytest.raises(FieldError, match="author_id"):
            entry_point(Article.objects.all(), fields=fields)

    def test_secrets(self, entry_point):
        User.objects.create_user("ada", password="pass the word")
        for bare in (User.objects.all(), User.objects.first(), {"user": SimpleLazyObject(User.objects.first)}):
            with pytest.raises(TypeError, match=r"secret columns \(password\).*fields="):
                entry_point(bare)
        assert entry_point(User.objects.all(), fields="username") == '[{"username":"ada"}]'


class TestErrors:
    def test_a_value_without_a_form_names_its_place(self, entry_point):
        with pytest.raises(TypeError, match=r"Object of type set is not JSON serializable at \$\.rows\[1\]\.tags;"):
            entry_point({"rows": [1, {"tags": {1}}]})

    def test_the_users_exception_comes_out_as_it_is(self, entry_point):
        error = LookupError("mine")

        class Broken(dict):
            def items(self):
                raise error

        with pytest.raises(LookupError) as caught:
            entry_point({"a": Broken(b=1)})
        assert caught.value is error
        assert "while encoding $.a" in error.__notes__

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"mode": "attribute"}, 'mode= must be "script" or "attr"'),
            ({"mode": "attr", "id": "rows"}, 'mode="attr" gives the value of an attribute'),
            ({"mode": "attr", "nonce": "x"}, 'mode="attr" gives the value of an attribute'),
            ({"id": ""}, "id= is empty"),
            ({"id": "rows", "type": " "}, "type= is empty"),
            ({"nan": "zero"}, "nan must be"),
            ({"fields": "id"}, "fields= chooses columns of"),
        ],
    )
    def test_arguments(self, entry_point, arguments, message):
        with pytest.raises((TypeError, ValueError), match=message):
            entry_point([1], **arguments)


def test_result_is_a_safe_string():
    assert type(ENTRY_POINTS["function"]("<")) is SafeString
    assert type(ENTRY_POINTS["function"]("<", id="a")) is SafeString
    assert type(ENTRY_POINTS["function"]("<", mode="attr")) is SafeString


def test_lazy_nonce_is_used_though_it_is_false():
    class Nonce(SimpleLazyObject):  # as django.utils.csp.LazyNonce
        def __bool__(self):
            return False

    assert 'nonce="abc"' in ENTRY_POINTS["Django tag"]([], id="rows", nonce=Nonce(lambda: "abc"))
