"""Instances in memory: what `__dict__` holds is written, whatever it is; no column is ever asked for."""

import datetime
import decimal
import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db.models import Count, F, Value
from django.db.models.expressions import DatabaseDefault
from django.db.models.functions import Now
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe

import pyforge_web
from pyforge_web.metering import collect
from pyforge_web.serializers import CompiledSerializer
from tests.oracle import FORMS, encode
from tests.querysets.data import MOMENTS
from tests.querysets.judge import assert_rows, run
from tests.querysets.models import (
    Box,
    Customs,
    Deed,
    Diner,
    Event,
    House,
    OldPlace,
    Place,
    Restaurant,
    Scalars,
    Seat,
    Town,
)
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")

MODELS = (Scalars, Customs, Event, Town, House, Deed, Place, Restaurant, Diner, OldPlace, Box, Seat)


def without_queries(call):
    ended = run("default", call)
    assert not any(ended.counts.values()), ended.statements
    if ended.error is not None:
        raise ended.error
    return ended.value


@pytest.mark.parametrize("model", MODELS)
def test_like_values(model, any_database):
    """One, a list, a list inside other data; in every text; through each of the functions."""
    order = ("room", "number") if model is Seat else ("pk",)
    instances = list(model._base_manager.using(any_database).order_by(*order))
    like = list(model._base_manager.using(any_database).order_by(*order).values())
    for form in FORMS:
        for given, expected in ((instances, like), (instances[-1], like[-1]), ({"a": [instances]}, {"a": [like]})):
            assert_rows(without_queries(lambda given=given, form=form: encode(given, form)), expected, form)
    compiled = CompiledSerializer.for_model(model)
    for instance, expected in zip(instances, like, strict=True):
        assert_rows(without_queries(lambda instance=instance: compiled.dump_instance(instance)), expected, "compact")
        assert_rows(
            json.dumps(without_queries(lambda instance=instance: compiled.to_dict(instance))), expected, "compact"
        )


def test_a_list_of_several_models(any_database, form):
    models = (Town, Event, Diner, Place, OldPlace)
    mixed = [x for model in models for x in model._base_manager.using(any_database)]
    like = [row for model in models for row in model._base_manager.using(any_database).values()]
    assert_rows(without_queries(lambda: encode([*mixed, None, *mixed[::-1]], form)), [*like, None, *like[::-1]], form)


def test_a_list_of_one_model_is_one_crossing(sqlite):
    instances = list(Event.objects.all())
    with collect() as crossings:
        pyforge_web.dumps(instances)
    assert crossings.crossings_in == 1


def test_one_instance_is_one_crossing(sqlite):
    instance = Event.objects.first()
    compiled = CompiledSerializer.for_model(Event)
    with collect() as crossings:
        compiled.dump_instance(instance)
    assert (crossings.crossings_in, crossings.crossings_out) == (1, 0)


@pytest.mark.parametrize(
    "queryset",
    [
        lambda q: q.only("kind", "at"),
        lambda q: q.defer("data", "key", "price"),
        lambda q: q.only("pk"),
        lambda q: q.only("kind").annotate(n=Value(1)),
        lambda q: Event.objects.raw("SELECT id, kind FROM querysets_event ORDER BY id"),
    ],
)
def test_deferred_columns_are_left_out(sqlite, queryset, form):
    instances = list(queryset(Event.objects.order_by("pk")))
    columns = [field.attname for field in Event._meta.concrete_fields if field.attname in instances[0].__dict__]
    like = list(Event.objects.order_by("pk").values(*columns))
    ours = json.loads(without_queries(lambda: encode(instances, form)))
    assert [{name: row[name] for name in columns} for row in ours] == json.loads(pyforge_web.dumps(like))
    assert not {field.attname for field in Event._meta.concrete_fields} - set(columns) & set(ours[0])


def test_a_deferred_column_that_is_named_is_an_error_with_the_way_out(sqlite):
    instance = Event.objects.only("pk").first()
    for call in (
        lambda: pyforge_web.dumps(instance, fields=["kind"]),
        lambda: pyforge_web.dumps([instance], fields=["kind"]),
        lambda: CompiledSerializer.for_model(Event, ["id", "kind"]).dump_instance(instance),
    ):
        with pytest.raises(ValueError, match=r"(?s)kind.*refresh_from_db"):
            without_queries(call)


def test_an_unsaved_generated_column_is_left_out(form):
    box = Box(name="new", width=2, price=decimal.Decimal("1.50"))
    ours = json.loads(without_queries(lambda: encode(box, form)))
    assert list(ours) == ["id", "name", "width", "price", "packed"]


def test_a_column_loaded_later_is_written(sqlite):
    instance = Event.objects.only("pk").first()
    instance.refresh_from_db(fields=["kind"])
    assert json.loads(pyforge_web.dumps(instance)) == {"id": instance.pk, "kind": instance.kind}


NOT_VALUES = {
    "F()": lambda: Event(pk=1, kind="a", number=F("number") + 1, at=MOMENTS[0]),
    "F(), alone": lambda: Event(pk=1, number=F("number")),
    "Value()": lambda: Event(pk=1, number=Value(5)),
    "a database function": lambda: Event(pk=1, at=Now()),
    "DatabaseDefault": lambda: Event(pk=1, number=DatabaseDefault(Value(1), Value(1))),
}


@pytest.mark.parametrize("make", cases(NOT_VALUES))
def test_what_is_not_computed_yet_is_an_error_with_the_way_out(make, form):
    with pytest.raises(TypeError, match=r"(?s)is not JSON serializable.*\$\.e\.(number|at).*refresh_from_db"):
        without_queries(lambda: encode({"e": make()}, form))


def test_an_expression_is_still_there_after_save(sqlite):
    event = Event.objects.first()
    event.number = F("number") + 1
    event.save()
    if isinstance(event.__dict__["number"], int):
        pytest.skip("this Django reads the value back")
    with pytest.raises(TypeError, match=r"CombinedExpression"):
        without_queries(lambda: pyforge_web.dumps(event))
    event.refresh_from_db()
    assert json.loads(pyforge_web.dumps(event))["number"] == event.number


class TestFiles:
    def test_before_and_after_the_first_access(self, database, form):
        like = Scalars.objects.using(database).order_by("pk").values("file", "image")
        instances = list(Scalars.objects.using(database).order_by("pk").only("file", "image"))
        for _ in range(2):
            ours = json.loads(encode(instances, form))
            assert [{"file": row["file"], "image": row["image"]} for row in ours] == list(like)
            for instance in instances:
                assert str(instance.file) == (instance.file.name or "")
                assert bool(instance.image) is bool(instance.image.name)

    def test_assigned(self, form):
        scalars = Scalars(file="a.txt")
        assert json.loads(encode(scalars, form))["file"] == "a.txt"
        scalars.file.name = "c.txt"
        assert json.loads(encode(scalars, form))["file"] == "c.txt"

    def test_content_that_is_not_stored_yet_has_no_path(self, form):
        with pytest.raises(TypeError, match=r"ContentFile is not JSON serializable at \$\.image"):
            encode(Scalars(image=ContentFile(b"", name="b.png")), form)

    def test_the_storage_is_never_asked(self, form, monkeypatch):
        def refuse(*args, **kwargs):
            raise AssertionError("the storage was asked")

        scalars = Scalars(file="a.txt")
        assert scalars.file.name == "a.txt"
        for name in ("_open", "url", "path", "exists", "size"):
            monkeypatch.setattr(FileSystemStorage, name, refuse)
        assert b"a.txt" in encode(scalars, form)


# What users assign: written by its own type, as DjangoJSONEncoder writes it, never by the column's.
ASSIGNED = {
    "a text in a decimal": ("decimal", "1.50"),
    "a float in a decimal": ("decimal", 1.1),
    "an int in a decimal": ("decimal", 5),
    "a decimal in an int": ("integer", decimal.Decimal("1.0")),
    "a text in an int": ("integer", "5"),
    "an int in a text": ("text", 5),
    "a text in a moment": ("moment", "2026-01-02T03:04"),
    "a naive moment": ("moment", datetime.datetime(2026, 1, 2, 3, 4, 5, 6)),
    "a day in a moment": ("moment", datetime.date(2026, 1, 2)),
    "a moment in a day": ("date", MOMENTS[1]),
    "a text in a UUID": ("uuid", "not a UUID"),
    "an int in a boolean": ("boolean", 1),
    "a text in a boolean": ("boolean", "yes"),
    "a list in a text": ("text", ["a", None, {"b": 1}]),
    "JSON text in JSON": ("json", '{"a": 1}'),
    "invalid JSON text in JSON": ("json", "{"),
    "JSON with a moment": ("json", {"at": MOMENTS[1], "d": decimal.Decimal("1.0")}),
    "None where there is no null": ("char", None),
    "a lazy text": ("text", lazystr("lazy")),
    "a safe text": ("text", mark_safe("<b>")),
    "a number in a duration": ("duration", 5),
    "a text in an address": ("ip", "not an address"),
    "True in an integer": ("integer", True),
}


@pytest.mark.parametrize(("name", "value"), [pytest.param(*case, id=key) for key, case in ASSIGNED.items()])
def test_wrong_types_are_written_as_they_are(name, value, form):
    scalars = Scalars(char="x")
    setattr(scalars, name, value)
    like = {field.attname: scalars.__dict__[field.attname] for field in Scalars._meta.concrete_fields}
    like = {key: getattr(x, "name", x) if key in ("file", "image") else x for key, x in like.items()}
    assert_rows(without_queries(lambda: encode(scalars, form)), like, form)


@pytest.mark.parametrize("value", [{1}, b"x", object(), 1j, print, Event])
def test_what_has_no_json_form_is_refused_with_its_place(value, form):
    with pytest.raises(TypeError, match=r"(?s)is not JSON serializable.*\$\[1\]\.text"):
        encode([Scalars(char="x"), Scalars(char="x", text=value)], form)


def test_not_a_number_is_refused_with_its_place(form):
    with pytest.raises(ValueError, match=r"\$\[0\]\.float"):
        encode([Scalars(char="x", float=float("nan"))], form)


def test_what_is_not_a_column_is_not_written(sqlite, form):
    town = Town.objects.annotate(n=Count("streets")).select_related("country").prefetch_related("streets").first()
    town.added, town.country.added = 1, 1
    ours = json.loads(encode(town, form))
    assert {"id", "name", "country_id"} <= set(ours) <= {"id", "name", "country_id", "n"}


def test_a_foreign_key_that_was_assigned(sqlite, form):
    towns = list(Town.objects.all())
    house = House(town=towns[1])
    assert json.loads(without_queries(lambda: encode(house, form))) == {"town_id": str(towns[1].pk), "street_id": None}
    house.town_id = 5
    assert json.loads(encode(house, form))["town_id"] == 5


def test_an_instance_with_a_dict_of_its_own_order(form):
    """The order is that of the columns, not that of assignment."""
    event = Event(pk=1)
    event.__dict__ = dict(reversed(event.__dict__.items()))
    columns = [field.attname for field in Event._meta.concrete_fields]
    assert list(json.loads(encode(event, form))) == columns
