"""Lists of output fields that were read before: what counts is what a list says now."""

import copy
import json
from functools import partial

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, F, Value
from django.urls import reverse

from pyforge_web import Attribute, Computed, Display, FileUrl, Flat, Keys, Link, dumps
from pyforge_web.output.grammar import AllColumns, KeyedExpression, NestedFields, parse_fields
from pyforge_web.output.kept_fields import KeptFields
from tests.output.models import Person, Ticket

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.urls")]


def as_json(values):
    return json.loads(json.dumps(list(values), cls=DjangoJSONEncoder))


def shout(text):
    return text.upper()


def whisper(text):
    return text.lower()


MAKERS = {
    "name": lambda: "title",
    "F": lambda: {"a": F("title")},
    "F of another": lambda: {"a": F("state")},
    "another key": lambda: {"b": F("title")},
    "two keys": lambda: {"a": F("title"), "b": F("state")},
    "two keys, turned": lambda: {"b": F("state"), "a": F("title")},
    "Display": lambda: {"a": Display("state")},
    "FileUrl": lambda: {"a": FileUrl("state")},
    "Link": lambda: {"a": Link("ticket", pk="id")},
    "Link, by place": lambda: {"a": Link("ticket", "id")},
    "Link elsewhere": lambda: {"a": Link("person", pk="id")},
    "Keys": lambda: {"a": Keys("watchers")},
    "Flat": lambda: {"a": Flat("watchers", "pk")},
    "Computed": lambda: {"a": Computed(shout, "title")},
    "Computed by another": lambda: {"a": Computed(whisper, "title")},
    "Attribute": lambda: {"a": Attribute("short", reads=["title"])},
    "Attribute that reads more": lambda: {"a": Attribute("short", reads=["title", "state"])},
    "nested": lambda: {"owner": ["name"]},
    "nested, more": lambda: {"owner": ["name", "id"]},
    "nested in a tuple": lambda: {"owner": ("name",)},
    "nested all": lambda: {"owner": "*"},
    "deep": lambda: {"owner": [{"tickets": [{"a": F("title")}]}]},
    "deep of another": lambda: {"owner": [{"tickets": [{"a": F("state")}]}]},
}


@pytest.mark.parametrize("made", MAKERS)
def test_lists_that_say_the_same_are_one_object(made):
    fields = ["id", MAKERS[made](), {"z": F("id")}]
    parsed = parse_fields(fields)
    assert type(parsed) is KeptFields
    assert parse_fields(fields) is parsed
    assert parse_fields(["id", MAKERS[made](), {"z": F("id")}]) is parsed
    assert parse_fields(parsed) is parsed


def test_lists_that_say_something_else_are_others():
    parsed = {name: parse_fields(["id", make(), {"z": F("id")}]) for name, make in MAKERS.items()}
    for name, mine in parsed.items():
        assert [other for other in parsed if parsed[other] is mine] == [name]
        # What comes out is what is read of this list alone.
        kinds = (str, NestedFields, KeyedExpression, AllColumns)
        assert all(isinstance(item, kinds) for item in mine)


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"a": Value(1)},
        lambda: {"a": Count("watchers")},
        lambda: {"a": F("title") + Value("x")},
        lambda: {"a": Link("ticket", pk=Value(1))},
        lambda: {"a": Computed(partial(shout), "title")},
        lambda: {"a": Computed("text".join, "title")},
        lambda: {"a": type("Own", (Display,), {})("state")},
        lambda: {"owner": type("Names", (list,), {})(["name"])},
        lambda: type("Text", (str,), {})("state"),
    ],
)
def test_what_may_hold_anything_is_read_each_time(make):
    fields = ["id", make()]
    assert type(parse_fields(fields)) is tuple
    assert parse_fields(fields) == parse_fields(fields)


def test_a_list_that_is_changed_is_another_list(filled_tickets):
    fields = ["id", {"a": F("title")}, {"owner": ["name"]}]
    queryset = Ticket.objects.using(filled_tickets["sqlite"])

    def keys():
        return list(json.loads(dumps(queryset.all(), fields=fields))[0])

    assert keys() == ["id", "a", "owner"]
    fields[1]["b"] = F("state")
    assert keys() == ["id", "a", "b", "owner"]
    fields[2]["owner"].append("id")
    assert list(
        json.loads(dumps(queryset.filter(owner__isnull=False), fields=fields))[0]["owner"] or {"name": 1, "id": 1}
    ) == [
        "name",
        "id",
    ]
    fields[1] = {"b": fields[1]["b"]}
    assert keys() == ["id", "b", "owner"]
    del fields[1]
    assert keys() == ["id", "owner"]


def test_an_expression_that_is_changed_is_another_one(filled_tickets):
    shown, named = Display("state"), F("title")
    fields = ["id", {"a": shown}, {"b": named}]
    queryset = Ticket.objects.using(filled_tickets["sqlite"]).order_by("pk")
    dumps(queryset.all(), fields=fields)
    shown.names, named.name = ("rank",), "state"
    rows = json.loads(dumps(queryset.all(), fields=fields))
    assert [[row["a"], row["b"]] for row in rows] == as_json([t.get_rank_display(), t.state] for t in queryset)
    again = json.loads(dumps(queryset.all(), fields=["id", {"a": Display("state")}, {"b": F("title")}]))
    assert [[row["a"], row["b"]] for row in again] == as_json([t.get_state_display(), t.title] for t in queryset)


def test_values_that_are_equal_and_not_the_same_are_told_apart(filled_tickets):
    queryset = Person.objects.using(filled_tickets["sqlite"]).order_by("pk")[:1]
    for value in (1, True, 1.0, 1):
        (row,) = json.loads(dumps(queryset.all(), fields=["id", {"a": Computed(lambda v=value: repr(v))}]))
        assert row["a"] == repr(value)
        fields = ["id", {"a": Link("ticket-title", pk="id", title=Value(value))}]
        (row,) = json.loads(dumps(queryset.all(), fields=fields))
        assert row["a"] == reverse("ticket-title", kwargs={"pk": row["id"], "title": value})


def test_a_list_inside_of_itself_is_refused_each_time():
    fields = ["id", {"owner": ["name"]}]
    parse_fields(fields)
    fields[1]["owner"].append({"tickets": fields})
    for _ in range(2):
        with pytest.raises(ValueError, match="inside of itself"):
            parse_fields(fields)


def test_what_is_kept_is_not_what_was_given():
    expression = F("title")
    parsed = parse_fields(["id", {"a": expression}])
    assert parsed[1].expression == expression
    assert parsed[1].expression is not expression
    assert copy.copy(parsed) == parsed


def test_no_number_of_lists_is_kept_without_end():
    from pyforge_web.output import kept_fields

    for number in range(1000):
        parse_fields(["id", {f"key_{number}": F("title")}])
        parse_fields([f"name_{number}", {"a": F("title")}])
    assert len(kept_fields._kept_lists) <= kept_fields._MOST_LISTS
    assert max(map(len, kept_fields._kept_lists.values())) <= kept_fields._MOST_ALIKE
