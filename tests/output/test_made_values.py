"""Values that Python code makes: their dates, their texts, and what is kept for values that are equal."""

import json
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from django.core.exceptions import FieldError
from django.core.serializers.json import DjangoJSONEncoder
from django.test import override_settings
from django.urls import path, reverse

from pyforge_web import Attribute, Computed, Display, Link, PyForgeStreamingResponse, dumps, rows
from tests.output.models import Ticket

pytestmark = pytest.mark.django_db(databases="__all__")
urlpatterns = [path("any/<path:value>", lambda request: None, name="any")]


def make_times(at):
    return {"at": at, "list": [at, (at and at.time(), {"deep": [at]})], "text": "2026"}


@pytest.mark.parametrize("dates", ["django", "iso", "local"])
def test_dates_inside_of_made_values_have_the_format_of_the_rows(alias, dates, monkeypatch):
    monkeypatch.setattr(Ticket, "times", lambda self: make_times(self.at), raising=False)
    fields = ["id", {"x": Computed(make_times, "at")}, {"y": Attribute("times", reads=["at"])}]
    tickets = Ticket.objects.using(alias).order_by("pk")
    values = [{"id": each.pk, "x": make_times(each.at), "y": make_times(each.at)} for each in tickets]
    expected = json.loads(dumps(values, dates=dates))
    for data in (tickets.all(), list(tickets), tuple(tickets)):
        assert json.loads(dumps(rows(data, fields, dates=dates))) == expected
        plain = rows(data, fields, dates=dates).tolist()
        assert json.loads(json.dumps(plain, cls=DjangoJSONEncoder)) == expected
        stream = PyForgeStreamingResponse(rows(data, fields, dates=dates), "array")
        assert json.loads(b"".join(stream)) == expected


def test_a_value_inside_of_itself_is_refused(alias):
    def circle(at):
        value = {"at": at}
        value["again"] = [value]
        return value

    for data in (Ticket.objects.using(alias), list(Ticket.objects.using(alias))):
        with pytest.raises(ValueError, match="Circular reference"):
            dumps(rows(data, [{"x": Computed(circle, "at")}], dates="iso"))


EQUAL = {
    "decimals": ("price", [Decimal("1.0"), Decimal("1.00"), Decimal("-0"), Decimal("0")]),
    "datetimes": (
        "at",
        [datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 1, 1, 10, tzinfo=timezone(timedelta(hours=5)))],
    ),
    "numbers": ("rank", [7, 7.0, 7, True, 1, 0.0, -0.0]),
    "lists": ("title", [[1], [True], [1.0], {"a": 1, "b": 2}, {"b": 2, "a": 1}, [("a", 1)], time(1)]),
}


@pytest.mark.parametrize("name", EQUAL)
@override_settings(ROOT_URLCONF="tests.output.test_made_values")
def test_equal_values_keep_their_own_text(name):
    column, values = EQUAL[name]
    tickets = [Ticket(**{column: value}) for value in values]
    expected = [{"x": reverse("any", kwargs={"value": value})} for value in values]
    assert json.loads(dumps(tickets, fields=[{"x": Link("any", value=column)}])) == expected


@pytest.mark.parametrize("values", [[[1], [True]], [{"b": 1, "a": 2}, {"a": 2, "b": 1}], [0.0, -0.0], [2.5, 3]])
def test_values_without_a_label_are_themselves(values):
    tickets = [Ticket(rank=value) for value in values]
    expected = dumps([{"x": each.get_rank_display()} for each in tickets])
    assert dumps(tickets, fields=[{"x": Display("rank")}]) == expected


def test_a_path_to_many_is_refused_in_memory_too(alias):
    tickets = Ticket.objects.using(alias).order_by("pk")
    for data in (tickets, list(tickets)):
        with pytest.raises(FieldError, match="'owner__tickets' leads through 'tickets', which is a relation to many"):
            dumps(data, fields=["owner__tickets"], fetch=True)
