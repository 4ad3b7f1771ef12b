"""Names and arguments that are refused: what is said, and where Django's own words or hosts decide."""

import json

import pytest
from django.core.exceptions import DisallowedHost, FieldError
from django.db.models import Prefetch
from django.test import RequestFactory, override_settings

from pyforge_web import Attribute, FileUrl, Link, dumps, rows
from pyforge_web.output.method_reads import reads
from tests.output.models import Person, Ticket, Visit
from tests.output.tickets import load
from tests.relations.models import Article, Author, Note

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def tickets(sqlite):
    load(sqlite)
    return Ticket.objects.using(sqlite)


@pytest.mark.parametrize("field", [{"url": FileUrl("cover")}, {"url": Link("ticket", pk="id")}], ids=["file", "link"])
@override_settings(ROOT_URLCONF="tests.output.urls", ALLOWED_HOSTS=["here.example"])
def test_host_that_is_not_allowed(tickets, field):
    """It is an error where a URL is written, as in `build_absolute_uri`, and in an empty list nowhere."""
    request = RequestFactory().get("/", HTTP_HOST="there.example")
    with pytest.raises(DisallowedHost) as djangos:
        request.build_absolute_uri("/x")
    with pytest.raises(DisallowedHost) as ours:
        dumps(rows(tickets.exclude(cover=None).exclude(cover=""), [field], request=request))
    assert str(ours.value) == str(djangos.value)
    assert json.loads(dumps(rows(tickets.none(), [field], request=request))) == []
    assert json.loads(dumps(rows(tickets.filter(pk=-1), [field], request=request))) == []


class TextsOf:
    """A method that reads a relation to many, for each model that has one."""

    def __init__(self, relation, column):
        self.relation, self.column = relation, column

    def __call__(self, instance):
        return sorted(str(getattr(each, self.column)) for each in getattr(instance, self.relation).all())


@pytest.mark.parametrize(
    ("model", "relation", "column"),
    [(Article, "notes", "text"), (Article, "labels", "text"), (Article, "tags", "name"), (Author, "articles", "title")],
    ids=str,
)
def test_attribute_of_a_relation_to_many(sqlite, monkeypatch, model, relation, column):
    """Its rows are told apart by the key that the relation has, a generic one among them."""
    texts = TextsOf(relation, column)
    monkeypatch.setattr(model, "texts", lambda self: texts(self), raising=False)
    queryset = model.objects.using(sqlite).order_by("pk")
    expected = [{"texts": texts(each)} for each in queryset]
    assert any(each["texts"] for each in expected)
    field = {"texts": Attribute("texts", reads=[f"{relation}__{column}"])}
    assert json.loads(dumps(queryset.all(), fields=[field])) == expected
    assert json.loads(dumps(list(queryset.all()), fields=[field], fetch=True)) == expected
    wrong = {"texts": Attribute("texts", reads=[f"{relation}__nowhere"])}
    with pytest.raises(FieldError, match="Cannot resolve keyword 'nowhere' into field"):
        dumps(queryset.all(), fields=[wrong])


REFUSED = {
    "reads as a text": (lambda: Attribute("short", reads="title"), TypeError),
    "reads without names": (lambda: reads(), TypeError),
    "reads of no text": (lambda: reads("title", 5), TypeError),
    "exclude as a text": (lambda: rows(Ticket.objects.all(), "*", exclude="title"), TypeError),
    "exclude of no texts": (lambda: rows(Ticket.objects.all(), "*", exclude=[5]), TypeError),
    "exclude without a star": (lambda: rows(Ticket.objects.all(), ["title"], exclude=["title"]), ValueError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_arguments(name):
    call, error = REFUSED[name]
    with pytest.raises(error):
        call()


def test_to_attr_that_is_a_field(sqlite):
    """Django loads nothing under a name that the instance has already: there is no such list of objects."""
    queryset = Author.objects.using(sqlite).prefetch_related(Prefetch("articles", to_attr="born"))
    assert not any(isinstance(each.born, list) for each in queryset.all())
    with pytest.raises(ValueError, match="to_attr=born conflicts with a field on the Author model"):
        dumps(queryset.all(), fields=["id", {"born": ["id"]}])


def test_relation_of_a_column_that_is_no_key(sqlite):
    """A `ForeignObject` has no column of its own: its rows are Django's to find."""
    queryset = Visit.objects.using(sqlite)
    expected = [{"name": each.name, "region": {"name": each.region.name}} for each in queryset.order_by("pk")]
    fields = ["name", {"region": ["name"]}]
    assert json.loads(dumps(queryset.order_by("pk"), fields=fields)) == expected


def test_names_of_models_without_relations(sqlite):
    for model in (Person, Note):
        with pytest.raises(FieldError, match="Cannot resolve keyword"):
            dumps(model.objects.using(sqlite), fields=["nowhere"])
