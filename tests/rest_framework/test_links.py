"""Hyperlinks are what DRF's `reverse` gives for each object, and are asked for once where that is certain."""

import pickle
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import set_script_prefix
from rest_framework import relations, serializers, versioning
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, link_texts, reads
from tests.relations.models import Article, Author, Country, Owner, Profile

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest_framework.link_urls")]
NAMES = ["int", "str", "slug", "path", "doubled", "escaped", "first", "router", "short", "other", "two", "defaults"]
NAMES.append("sample")  # has the texts by which the place of a key is found
ODD_KEYS = ["a b", "ä", "..", "%2", "a.", "a/", "x-_", "12"]  # two letters at most


@pytest.fixture(autouse=True)
def rows(sqlite):
    for number, key in enumerate(ODD_KEYS):
        Country.objects.get_or_create(code=key, name=f"country {number}")
    Owner.objects.bulk_create(Owner(name=f"owner {number}") for number in range(5))
    Author.objects.create(pk=-7, name="below zero")


def links(mixins, model, view_name, request, context=None, **options):
    class Meta:
        fields = ("link",)

    Meta.model = model
    field = relations.HyperlinkedIdentityField(view_name, **options)
    kind = type("Links", (*mixins, serializers.ModelSerializer), {"Meta": Meta, "link": field})
    return kind(model.objects.order_by("pk"), many=True, context={"request": request, **(context or {})})


def outcome(make):
    """The links and their names, or the error."""
    try:
        data = make().data
    except Exception as error:
        return type(error), str(error)
    return [(type(row["link"]), row["link"], getattr(row["link"], "name", None)) for row in data]


def compare(model, view_name, request, context=None, **options):
    expected = outcome(lambda: links((), model, view_name, request, context, **options))
    given = outcome(lambda: links((CompiledSerializerMixin,), model, view_name, request, context, **options))
    assert given == expected
    if isinstance(expected, list):
        body = JSONRenderer().render(links((), model, view_name, request, context, **options).data)
        rows = links((CompiledSerializerMixin,), model, view_name, request, context, **options).rows
        assert PyForgeJSONRenderer().render(rows) == body


@pytest.mark.parametrize("address", [None, "/", "/?format=json"])
@pytest.mark.parametrize("model", [Author, Country, Owner, Profile])
@pytest.mark.parametrize("view_name", NAMES)
def test_links_of_keys_and_routes(view_name, model, address):
    compare(model, view_name, None if address is None else Request(APIRequestFactory().get(address)))


@pytest.mark.parametrize("view_name", ["space:inner", "app:inner", "v1:inner", "nowhere:inner", "nothing"])
def test_links_of_namespaces(view_name):
    compare(Author, view_name, Request(APIRequestFactory().get("/")))


@pytest.mark.parametrize("lookup", ["pk", "id", "name"])
def test_links_by_another_column(lookup):
    compare(Author, "str", None, lookup_field=lookup, lookup_url_kwarg="pk")
    compare(Author, "kwarg", None, lookup_field=lookup, lookup_url_kwarg="number")


def test_links_with_a_format():
    compare(Author, "format", None, {"format": "json"})
    compare(Author, "int", None, {"format": "json"})
    compare(Author, "format", None, {"format": "json"}, format="html")


@pytest.mark.parametrize("view_name", ["inner", "versioned", "int"])
@pytest.mark.parametrize(
    "scheme",
    [
        versioning.AcceptHeaderVersioning,
        versioning.HostNameVersioning,
        versioning.NamespaceVersioning,
        versioning.QueryParameterVersioning,
        versioning.URLPathVersioning,
    ],
)
def test_links_with_versions(scheme, view_name):
    request = Request(APIRequestFactory().get("/?version=v1"))
    request.version, request.versioning_scheme = "v1", scheme()
    compare(Author, view_name, request)


def test_links_below_a_script_prefix():
    set_script_prefix("/a b%/")
    try:
        for view_name in ("int", "escaped", "first"):
            compare(Author, view_name, None)
    finally:
        set_script_prefix("/")


@pytest.mark.parametrize("view_name", ["int", "str", "router"])
def test_links_are_reversed_once(view_name, monkeypatch):
    calls = []
    standard = link_texts._standard_reverse

    def counted(*args, **kwargs):
        calls.append(kwargs)
        return standard(*args, **kwargs)

    monkeypatch.setattr(link_texts, "_standard_reverse", counted)
    monkeypatch.setattr(relations, "reverse", counted)  # what a field keeps when it is made
    Author.objects.filter(pk__lt=0).delete()
    serializer = links((CompiledSerializerMixin,), Author, view_name, None)
    assert len(serializer.data) > link_texts.FEWEST_LINKS
    assert len(calls) == 1


def test_another_reverse_of_a_field_is_asked_for_each_object():
    serializer = links((CompiledSerializerMixin,), Author, "int", None)
    serializer.child.fields["link"].reverse = lambda view_name, kwargs, **options: f"own {kwargs['pk']}"
    assert [row["link"] for row in serializer.data] == [f"own {author.pk}" for author in Author.objects.order_by("pk")]


def test_reverse_is_the_own_one_afterwards():
    serializer = links((CompiledSerializerMixin,), Author, "router", None)
    field = serializer.child.fields["link"]
    before = field.reverse
    assert serializer.data
    assert field.reverse is before


def test_links_in_lists():
    class Meta:
        model = Article
        fields = ("tags", "author")

    def kind(*mixins):
        many = relations.HyperlinkedRelatedField("router", many=True, read_only=True)
        one = relations.HyperlinkedRelatedField("int", read_only=True)
        bases = (*mixins, serializers.ModelSerializer)
        made = type("Links", bases, {"Meta": Meta, "tags": many, "author": one})
        return made(Article.objects.order_by("pk"), many=True, context={"request": None})

    assert kind(CompiledSerializerMixin).data == kind().data


def text_of_many(author):
    def describe(*values):
        return [*values, author.born]

    return str(describe(author.name, author.pk))


TEXTS = {
    "column": Author.__str__,
    "columns": lambda self: f"{self.name.upper()} {self.born} {self.country_id}",
    "declared": reads("name", "country__name")(lambda self: f"{self.name} {self.country and self.country.name}"),
    "closure": text_of_many,
    "key": lambda self: f"{self.pk}",
    "constant": lambda self: "author",
    "relation": lambda self: f"{self.name} of {self.country}",
    "standard": Author.__base__.__str__,
    "parent": lambda self: super(Author, self).__str__() + self.name,
}


def test_name_of_a_link_may_be_that_of_a_file():
    def pickled(*mixins):
        meta = type("Meta", (), {"model": Profile, "fields": ("link",)})
        field = relations.HyperlinkedIdentityField("str")
        kind = type("Links", (*mixins, serializers.ModelSerializer), {"Meta": meta, "link": field})
        with CaptureQueriesContext(connection) as statements:
            data = kind(Profile.objects.order_by("pk"), many=True, context={"request": None}).data
            return [row["link"].name for row in data], len(statements)

    with mock.patch.object(Profile, "__str__", lambda self: f"{self.picture.name} {self.about}"):
        assert pickled(CompiledSerializerMixin) == pickled()


@pytest.mark.parametrize("shape", ["itself", "one", "many"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_names_of_links_are_there_without_a_query_of_their_own(text, shape):
    model, source, lookup = {
        "itself": (Author, "*", "pk"),
        "one": (Article, "author", "name"),
        "many": (Author, "friends", "pk"),
    }[shape]

    def pickled(*mixins):
        options = {"lookup_field": lookup, "lookup_url_kwarg": "pk"}
        if shape == "itself":
            field = relations.HyperlinkedIdentityField("str", **options)
        else:
            field = relations.HyperlinkedRelatedField(
                "str", source=source, read_only=True, many=shape == "many", **options
            )
        meta = type("Meta", (), {"model": model, "fields": ("link",)})
        kind = type("Links", (*mixins, serializers.ModelSerializer), {"Meta": meta, "link": field})
        rows = kind(model.objects.order_by("pk"), many=True, context={"request": None})
        with CaptureQueriesContext(connection) as statements:
            data = rows.data
            pickle.dumps(data)
        found = [row["link"] for row in data]
        return [[one.name for one in link] if shape == "many" else link.name for link in found], len(statements)

    with mock.patch.object(Author, "__str__", text):
        expected, most = pickled()
        names, count = pickled(CompiledSerializerMixin)
    assert names == expected
    assert count <= most
