"""`fields=` of a fresh QuerySet, of an evaluated one, and of its instances: the same columns, in the same order."""

import pytest
from django.core.exceptions import FieldError
from django.db.models import Value

import pyforge_web
from tests.app.models import Member
from tests.querysets.judge import assert_rows, run
from tests.querysets.models import Event, Seat, Town

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize(
    "fields", [["at", "id"], ["pk", "kind"], ("before", "before_id"), ["data"], ["kind", "at", "kind"]]
)
def test_chooses_and_orders(database, fields):
    queryset = Event.objects.using(database).order_by("pk")
    evaluated, like = queryset.all(), list(queryset.values(*fields))
    for given in (queryset, evaluated, list(evaluated), queryset.defer("price"), queryset.values(*fields, "score")):
        assert_rows(pyforge_web.dumps(given, fields=fields), like, "compact")


def test_the_keys_of_values_are_never_widened(database):
    rows = Event.objects.using(database).order_by("pk").values("id", "kind")
    for given in (rows, rows.all(), (evaluated := rows.all(), len(evaluated))[0]):
        with pytest.raises(FieldError, match=r"'price' into a key of values\(\). Choices are: id, kind"):
            pyforge_web.dumps(given, fields=["id", "price"])
        assert_rows(pyforge_web.dumps(given, fields=["kind"]), [{"kind": row["kind"]} for row in rows], "compact")


def test_an_annotation_can_be_chosen(database):
    queryset = Event.objects.using(database).order_by("pk").annotate(n=Value(1))
    evaluated, like = queryset.all(), list(queryset.values("pk", "n"))
    assert len(evaluated) == len(like)
    for given in (queryset, evaluated):
        assert_rows(pyforge_web.dumps(given, fields=["pk", "n"]), like, "compact")


def test_a_composite_key_can_be_chosen(database):
    queryset = Seat.objects.using(database).order_by("room", "number")
    evaluated, like = queryset.all(), list(queryset.values("pk", "taken"))
    for given in (queryset, evaluated, list(evaluated)):
        assert_rows(pyforge_web.dumps(given, fields=["pk", "taken"]), like, "compact")


def test_evaluated_rows_answer_without_a_query(database):
    rows = Town.objects.using(database).order_by("pk").values("name", "id")
    like = [{"id": row["id"]} for row in rows]
    ended = run(database, lambda: pyforge_web.dumps(rows, fields=["id"]))
    assert_rows(ended.value, like, "compact")
    assert not any(ended.counts.values()), ended.statements


@pytest.mark.parametrize("evaluated", [False, True])
def test_an_empty_list_never_means_all_columns(sqlite, evaluated):
    """`values()` of no name is all of them, the password too."""
    Member.objects.create(email="a@example.com", password="the hash")
    members = Member.objects.all()
    assert not evaluated or len(members) == 1
    try:
        ours = pyforge_web.dumps(members, fields=[])
    except (TypeError, ValueError, FieldError):
        return
    assert ours == b"[{}]"
