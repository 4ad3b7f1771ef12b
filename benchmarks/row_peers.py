"""The contestants of the QuerySet suites: each goes from a fresh `queryset()` to bytes."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import orjson
from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import ForeignKey, Model, QuerySet
from django.utils.duration import duration_string
from ninja.orm import create_schema
from ninja.responses import NinjaJSONEncoder
from pydantic import TypeAdapter
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

import pyforge_web
from benchmarks.compare import DifferentOutputError
from benchmarks.peers import OWN_DATES, Check, Contestant, django_bytes, django_values, own_dates

Query = QuerySet[Any, Any]
Row = dict[str, Any]
FLOOR = "driver"
SLOW = 4  # those that make model instances take part in one round of so many


def contestants(queryset: Callable[[], Query], driver: Any) -> list[Contestant]:
    """All of them for one QuerySet. `driver` is the bare driver's connection to the same database."""
    fresh = queryset()
    model = fresh.model
    serializer = type("RowSerializer", (ModelSerializer,), {"Meta": type("Meta", (), _all_of(model))})
    adapter = TypeAdapter(list[create_schema(model)])  # type: ignore[misc]
    usual = {"queryset": queryset, "dumps": json.dumps, "Encoder": DjangoJSONEncoder}

    def contestant(
        name: str, call: str, names: Mapping[str, object], check: Check, note: str = "", every: int = 1
    ) -> Contestant:
        def check_rows(who: str, _: object, output: bytes) -> None:
            check(who, list(queryset().values()), output)

        return Contestant(name, call, {**usual, **names}, check_rows, note, every)

    return [
        contestant(
            FLOOR,
            "driver.execute(sql).fetchall()",
            {"driver": driver, "sql": _sql(fresh)},
            _tuples,
            "the floor: the same SQL on the bare driver, its rows as tuples, no JSON (sqlite3 without detect_types,"
            " psycopg with text loaders)",
        ),
        contestant("Django", "dumps(list(queryset().values()), cls=Encoder).encode()", {}, django_bytes),
        contestant(
            "orjson",
            "dumps(list(queryset().values()), default=default)",
            {"dumps": orjson.dumps, "default": DjangoJSONEncoder().default},
            own_dates("+00:00"),
            OWN_DATES,
        ),
        contestant(
            "msgspec",
            "encode(list(queryset().values()))",
            {"encode": msgspec.json.Encoder().encode},
            own_dates("Z", _seconds),
            OWN_DATES,
        ),
        contestant(
            "serializers",
            "serialize('json', queryset()).encode()",
            {"serialize": serializers.serialize},
            _shaped(lambda row: _envelope(model, row), django_values),
            "django.core.serializers",
            SLOW,
        ),
        contestant(
            "DRF",
            "JSONRenderer().render(Serializer(queryset(), many=True).data)",
            {"JSONRenderer": JSONRenderer, "Serializer": serializer},
            _shaped(lambda row: _relations_last(model, row), own_dates("Z", duration_string)),
            f"{OWN_DATES}; a ModelSerializer of all fields",
            SLOW,
        ),
        contestant(
            "ninja",
            "dumps(schema.dump_python(schema.validate_python(list(queryset()))), cls=Encoder).encode()",
            {"schema": adapter, "Encoder": NinjaJSONEncoder},
            _shaped(lambda row: _by_name(model, row), django_values),
            "what django-ninja does with response=list[ModelSchema]",
            SLOW,
        ),
        contestant("ours", "dumps(queryset())", {"dumps": pyforge_web.dumps}, django_values, "pyforge_web.dumps"),
    ]


def _all_of(model: type[Model]) -> dict[str, object]:
    return {"model": model, "fields": "__all__"}


def _sql(queryset: Query) -> str:
    sql, parameters = queryset.values().query.get_compiler(queryset.db).as_sql()
    assert not parameters
    return str(sql)


def _tuples(who: str, value: object, output: Any) -> None:
    """The driver converts nothing: only the numbers of rows and columns can be compared."""
    assert isinstance(value, list)
    expected = [len(value), {len(row) for row in value}]
    if expected != [len(output), {len(row) for row in output}]:
        raise DifferentOutputError(f"{who}: other numbers of rows and columns than {expected}")


def _shaped(shape: Callable[[Row], object], check: Check) -> Check:
    """The check of one that lays out a row its own way."""

    def check_shaped(who: str, value: object, output: bytes) -> None:
        assert isinstance(value, list)
        check(who, [shape(row) for row in value], output)

    return check_shaped


def _by_name(model: type[Model], row: Row) -> Row:
    """`author` for `author_id`."""
    return {field.name: row[field.attname] for field in model._meta.concrete_fields}


def _relations_last(model: type[Model], row: Row) -> Row:
    relations = {field.name for field in model._meta.concrete_fields if isinstance(field, ForeignKey)}
    named = _by_name(model, row)
    return {name: named[name] for name in sorted(named, key=lambda name: name in relations)}


def _envelope(model: type[Model], row: Row) -> Row:
    spelled = {key: duration_string(value) if isinstance(value, timedelta) else value for key, value in row.items()}
    named = _by_name(model, spelled)
    return {"model": model._meta.label_lower, "pk": named.pop("id"), "fields": named}


def _seconds(duration: timedelta) -> str:
    """msgspec's spelling: `P1DT7384.005001S`, of what is not negative."""
    seconds = f"{duration.seconds}.{duration.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{duration.days}D" if duration.days else ""
    time = f"T{seconds}S" if seconds != "0" else ""
    return f"P{days or ('' if time else '0D')}{time}"
