"""Names in `prefetch_related` that Django refuses: it raises when the rows are iterated, and so does each way out."""

import pytest
from django.db import connections
from django.db.models import Prefetch
from django.test.utils import CaptureQueriesContext

import pyforge_web
from tests.oracle import outcome
from tests.output.models import Person, Ticket
from tests.output.ways import TICKET_FIELDS, WAYS_OUT, require_as_iterated
from tests.relations.models import Article, Author, Note

pytestmark = pytest.mark.django_db(databases="__all__")

UNKNOWN = {
    "no attribute": lambda: ["nothing"],
    "deep": lambda: ["watchers__nothing"],
    "a column": lambda: ["title"],
    "a method": lambda: ["with_owner"],
    "Prefetch": lambda: [Prefetch("nothing")],
    "with its rows": lambda: [Prefetch("nothing", Person.objects.all())],
    "in its rows": lambda: [Prefetch("watchers", Person.objects.prefetch_related("nothing"))],
    "behind to_attr": lambda: [Prefetch("watchers", Person.objects.all(), to_attr="w"), "w__nothing"],
    "beside another": lambda: [Prefetch("watchers", Person.objects.filter(name="Ada")), "owner", "nothing"],
}


@pytest.mark.parametrize("fields", TICKET_FIELDS.values(), ids=TICKET_FIELDS)
@pytest.mark.parametrize("lookups", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_names_raise_as_in_iteration(alias, lookups, fields):
    tickets = Ticket.objects.using(alias).order_by("pk")
    raised = require_as_iterated(lambda: tickets.prefetch_related(*lookups()), fields)
    assert raised[0] in (AttributeError, ValueError)


@pytest.mark.parametrize("fields", TICKET_FIELDS.values(), ids=TICKET_FIELDS)
@pytest.mark.parametrize("lookups", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_names_of_no_rows_do_not(alias, lookups, fields):
    nothing = Ticket.objects.using(alias).filter(title="none has it")
    assert list(nothing.prefetch_related(*lookups())) == []
    for way_out in WAYS_OUT.values():
        assert way_out(nothing.prefetch_related(*lookups()), fields=fields) == []


@pytest.fixture
def notes(filled, db):
    """Notes that belong to two articles, with the tags of these."""
    alias = filled["sqlite"]
    Note.objects.using(alias).all().delete()
    for subject in Article.objects.using(alias)[:2]:
        Note.objects.using(alias).create(text="of an article", subject=subject)
    return Note.objects.using(alias).prefetch_related("subject__tags", "content_type").order_by("pk")


@pytest.mark.parametrize("fields", [["text"], ["text", {"content_type": ["model"]}]], ids=["flat", "nested"])
def test_names_behind_any_model_are_asked_of_the_objects(notes, fields):
    with CaptureQueriesContext(connections[notes.db]) as asked:
        instances = list(notes.all())
    with CaptureQueriesContext(connections[notes.db]) as found:
        body = pyforge_web.dumps(notes.all(), fields=fields)
    assert body == pyforge_web.dumps(instances, fields=fields)
    assert len(instances) == 2
    assert len(found) <= len(asked)


def test_names_that_one_of_the_objects_lacks_raise(notes):
    Note.objects.using(notes.db).create(text="of an author", subject=Author.objects.using(notes.db).first())
    expected = outcome(lambda: list(notes.all()))
    assert expected[0] in (AttributeError, ValueError)
    assert outcome(lambda: pyforge_web.dumps(notes.all(), fields=["text"])) == expected
