"""Labels, files and links that are odd: each is what the instance's attribute gives, whoever writes it."""

import json
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Value
from django.test import RequestFactory, override_settings
from django.urls import NoReverseMatch, get_script_prefix, reverse, set_script_prefix
from django.utils.translation import override

from pyforge_web import CompiledSerializer, Display, FileUrl, Link, dumps
from tests.output.models import Exhibit

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.odd_urls")]
LANGUAGES = ["en", "de", "fr", "ja"]
NAMES = ["plain", "a b/ü.png", "x/../y", "/rooted", "100%", "a?b#c", "", "a;b&c=d", "..", ".", "'q\"", "日本/x"]


@pytest.fixture(params=["sqlite", "postgresql"])
def exhibits(request, vendors, db):
    alias, before = vendors[request.param], None
    for number, name in enumerate(NAMES):
        before = Exhibit.objects.using(alias).create(
            key=uuid.UUID(int=number),
            slug=("ascii-slug", "ünïcode", "", "a_b")[number % 4],
            name=name,
            number=number % 4,
            mood=(None, "", "g", "b", "?")[number % 5],
            amount=Decimal(("1.50", "1.5", "2")[number % 3]),
            on=date(2026, 1, 2 + number % 2),
            length=timedelta(number % 2 + 1),
            flag=bool(number % 2),
            own="ab"[number % 2],
            **dict.fromkeys(("usual", "elsewhere", "dotted", "asked", "signed", "plain", "loud"), name),
            before=before if number % 3 else None,
        )
    return Exhibit.objects.using(alias).order_by("pk")


def as_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


CHOICES = {"number": True, "mood": True, "amount": True, "on": True, "length": False, "flag": True, "own": False}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CHOICES)
def test_a_label_is_what_the_method_gives(exhibits, name, language):
    with override(language):
        expected = as_json([getattr(each, f"get_{name}_display")() for each in exhibits.all()])
        for data in (exhibits.all(), list(exhibits.all())):
            assert [row["x"] for row in json.loads(dumps(data, fields=[{"x": Display(name)}]))] == expected
        for data in (exhibits.all(), list(exhibits.select_related("before"))):
            written = json.loads(dumps(data, fields=[{"x": Display(f"before__{name}")}]))
            assert [row["x"] for row in written] == labels_before(exhibits, name)


def labels_before(exhibits, name):
    """The labels of the exhibits before each; null where there is none."""
    found = [each.before for each in exhibits.all()]
    return as_json([before and getattr(before, f"get_{name}_display")() for before in found])


FILES = {
    "usual": True, "elsewhere": True, "dotted": False, "asked": False, "signed": False, "plain": False, "loud": False,
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("is_absolute", [False, True])
def test_a_file_url_is_that_of_the_field(exhibits, name, is_absolute):
    request = RequestFactory().get("/somewhere/", HTTP_HOST="example.com") if is_absolute else None

    def address(exhibit):
        file = getattr(exhibit, name)
        if not file:
            return None
        return request.build_absolute_uri(file.url) if request else file.url

    with override_settings(ALLOWED_HOSTS=["example.com"]):
        expected = [address(each) for each in exhibits.all()]
        for data in (exhibits.all(), list(exhibits.all())):
            written = json.loads(dumps(data, fields=[{"x": FileUrl(name)}], request=request))
            assert [row["x"] for row in written] == expected


LINKS = {
    "int": (Link("int", pk="id"), True),
    "int, by place": (Link("int", "id"), True),
    "slug": (Link("slug", slug="slug"), True),
    "str": (Link("str", name="name"), True),
    "uuid": (Link("uuid", key="key"), True),
    "path": (Link("path", name="name"), True),
    "a converter of one's own": (Link("hex", pk="id"), False),
    "a quoted text": (Link("quoted", pk="id"), True),
    "one of two by its arguments": (Link("two", pk="id"), True),
    "the other of two": (Link("two", pk="id", name="name"), True),
    "two of the same arguments": (Link("same", pk="id"), False),
    "a default": (Link("with-default", pk="id"), True),
    "a constant": (Link("constant", kind=Value("a b"), pk="id"), True),
    "constants alone": (Link("constant", kind=Value("x y"), pk=Value(7)), True),
    "no argument": (Link("nothing"), True),
    "a regular expression": (Link("re", pk="id"), False),
    "a namespace": (Link("first:detail", pk="id"), True),
    "a namespace behind a value": (Link("second:detail", outer="number", pk="id"), True),
    "an application's namespace": (Link("inner:detail", pk="id"), False),
    "a language": (Link("language", pk="id"), True),
    "the root": (Link("root", name="name"), False),
    "behind a relation": (Link("int", pk="before__id"), True),
    "a wrong type": (Link("slug", slug="id"), True),
    "no such route": (Link("nowhere", pk="id"), False),
    "a missing argument": (Link("int"), False),
}


def follow(exhibit, link, request):
    """What the project would write by hand."""

    def value(name):
        if not isinstance(name, str):
            return name.value
        found = exhibit
        for part in name.split("__"):
            found = None if found is None else getattr(found, part)
        return found

    args, kwargs = [value(name) for name in link.args], {key: value(name) for key, name in link.kwargs.items()}
    if None in (*args, *kwargs.values()):
        return None
    address = reverse(link.view_name, args=args or None, kwargs=kwargs or None)
    return request.build_absolute_uri(address) if request else address


@pytest.mark.parametrize(("is_absolute", "prefix"), [(False, "/"), (True, "/app/")])
@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_that_of_reverse(exhibits, name, is_absolute, prefix):
    link, _ = LINKS[name]
    request = RequestFactory().get("/here/", HTTP_HOST="example.com") if is_absolute else None
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        with override_settings(ALLOWED_HOSTS=["example.com"]):
            for language in ("en", "de"):
                with override(language):
                    compare_links(exhibits, link, request)
    finally:
        set_script_prefix(before)


def compare_links(exhibits, link, request):
    expected = {}
    for exhibit in exhibits.all():
        try:
            expected[exhibit.pk] = follow(exhibit, link, request)
        except NoReverseMatch:
            one = exhibits.filter(pk=exhibit.pk)
            for data in (one.all(), list(one)):
                with pytest.raises(NoReverseMatch):
                    dumps(data, fields=[{"x": link}], request=request, fetch=True)
    others = exhibits.filter(pk__in=expected)
    for data in (others.all(), list(others)):
        written = json.loads(dumps(data, fields=[{"x": link}], request=request, fetch=True))
        assert [row["x"] for row in written] == list(expected.values())


@pytest.mark.parametrize("exhibits", ["sqlite"], indirect=True)
def test_explain_says_who_writes_it(exhibits):
    groups = (
        {name: (Display(name), is_native) for name, is_native in CHOICES.items()},
        {name: (FileUrl(name), is_native) for name, is_native in FILES.items()},
        LINKS,
    )
    for group in groups:
        fields = [{name: output} for name, (output, _) in group.items()]
        paths = {path.name: path.path for path in CompiledSerializer.for_model(Exhibit, fields).explain()}
        assert paths == {name: "native" if is_native else "python" for name, (_, is_native) in group.items()}
