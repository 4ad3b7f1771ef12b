"""Instances of several databases: each has the related rows of its own, whatever is fetched for it."""

import json

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections
from django.db.models import Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from pyforge_web import Attribute, Computed, Flat, dumps
from tests.output.ways import read_fields
from tests.relations.models import Article, Author, Comment, Country, Note, Tag
from tests.relations.unusual import Box, ProxyBox, Sticker

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def aliases(filled, monkeypatch):
    """SQLite and a server, where all names are other ones. Related rows have an order: a server's have none else."""
    for model in (Author, Note):
        monkeypatch.setattr(model._meta, "ordering", ["pk"])
    for model, name in ((Author, "name"), (Country, "name"), (Tag, "name"), (Comment, "text")):
        model._base_manager.using("postgres").update(**{name: Concat(Value("at the server: "), name)})
    return "default", "postgres"


def all_of(model, aliases):
    """Return the instances of all databases, those of each between those of the others."""
    rows = zip(*(model._base_manager.using(alias).order_by("pk") for alias in aliases), strict=True)
    return [instance for pair in rows for instance in pair]


def write(data, fields):
    return json.loads(dumps(data, fields=fields, fetch=True))


def expected(instances, fields):
    found = [read_fields(each, fields) for each in instances]
    return json.loads(json.dumps(found, cls=DjangoJSONEncoder))


@pytest.mark.parametrize(
    "fields",
    [
        ["title", "author__name", "editor__country__name"],
        [{"author": ["name", {"country": ["name"]}]}],
        ["tags", {"comments": ["text", {"writer": ["name"]}]}],
        [{"contributors": ["name"]}, {"notes": ["text"]}],
    ],
    ids=repr,
)
def test_each_instance_has_its_own_related_rows(fields, aliases):
    assert write(all_of(Article, aliases), fields) == expected(all_of(Article, aliases), fields)


def test_output_fields_read_the_own_related_rows(aliases):
    fields = [
        {"writer": Computed(str, "author__name")},
        {"tags": Flat("tags", "name")},
        {"shown": Attribute("__str__", reads=["title"])},
    ]
    assert write(all_of(Article, aliases), fields) == [
        {"writer": each.author.name, "tags": [tag.name for tag in each.tags.all()], "shown": str(each)}
        for each in all_of(Article, aliases)
    ]


@pytest.fixture
def notes(aliases):
    """Notes of articles and authors, and stickers of a model and its proxy, in each database."""
    for alias in aliases:
        types = ContentType.objects.db_manager(alias)
        for target in (*Article.objects.using(alias).order_by("pk")[:2], *Author.objects.using(alias).order_by("pk")):
            Note.objects.using(alias).create(text="new", content_type=types.get_for_model(target), object_id=target.pk)
        box = Box.objects.using(alias).create(name=f"box of {alias}")
        for kind in (Box, ProxyBox):
            key = types.get_for_model(kind, for_concrete_model=False)
            Sticker.objects.using(alias).create(text=kind.__name__, kind=key, key=str(box.pk))
        Sticker.objects.using(alias).create(text="of nothing", kind=key, key=None)
    return aliases


@pytest.mark.parametrize(("model", "name"), [(Note, "subject"), (Sticker, "target")])
def test_generic_keys_lead_to_the_own_database(model, name, notes):
    """Django's prefetching asks the default database for all of them; an attribute asks that of its instance."""
    fields = [{name: ["*"]}]
    for aliases in (["default"], ["postgres"], notes):
        assert write(all_of(model, aliases), fields) == expected(all_of(model, aliases), fields)
    for alias in notes:
        queryset = model.objects.using(alias).order_by("pk")
        assert write(queryset, fields) == expected(queryset.all(), fields)
    kinds = {type(note.subject) for note in Note.objects.using("postgres")}
    with CaptureQueriesContext(connections["postgres"]) as queries:
        write(Note.objects.using("postgres").order_by("pk"), [{"subject": ["*"]}])
    assert len(queries) <= 1 + len(kinds)
