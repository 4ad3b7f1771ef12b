"""Model instances that are in memory already: fourteen columns, one at a time and 200 in a list."""

import json
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder

import pyforge_web
from benchmarks import databases, encoding, tables
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Wide
from benchmarks.peers import OWN_DATES, Check, Contestant, django_bytes, django_values, own_dates
from benchmarks.report import Report

NAMES = [field.attname for field in Wide._meta.concrete_fields]
RATIOS: tuple[Pair, ...] = (("ours", "getattr, json"), ("ours", "getattr, orjson"))
GOALS = {RATIOS[0]: Goal(1 / 8), RATIOS[1]: Goal(1 / 2)}
ONE = "{name: getattr(value, name) for name in names}"
MANY = "[{name: getattr(each, name) for name in names} for each in value]"


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Model instances of 14 columns")
    with databases.opened("SQLite") as database:
        tables.fill(database.alias, Wide, 200)
        instances = list(Wide.objects.using(database.alias))
        encoding.run(report, [each for each in _workloads(instances) if only in each.name], effort, RATIOS)
    report.add(
        "`fresh`: as a QuerySet has just made them, before anything asked for their `__dict__`,"
        " which Python makes at the first look."
    )
    return report


def _workloads(instances: list[Wide]) -> list[Workload]:
    return [
        Workload("1 instance", instances[:1], GOALS, _contestants(ONE)),
        Workload("1 instance, fresh", instances, peers=_contestants(ONE), fresh=100, renew=_renewed),
        Workload("200 instances", [instances], GOALS, _contestants(MANY)),
        Workload("200 instances, fresh", [instances], peers=_contestants(MANY), fresh=5, renew=_renewed),
    ]


def _renewed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renewed(each) for each in value]
    return type(value).from_db(value._state.db, NAMES, [getattr(value, name) for name in NAMES])


def _contestants(rows: str) -> list[Contestant]:
    json_names = {"dumps": json.dumps, "Encoder": DjangoJSONEncoder, "names": NAMES}
    orjson_names = {"dumps": orjson.dumps, "default": DjangoJSONEncoder().default, "names": NAMES}
    return [
        Contestant("getattr, json", f"dumps({rows}, cls=Encoder).encode()", json_names, _on_rows(django_bytes)),
        Contestant(
            "getattr, orjson",
            f"dumps({rows}, default=default)",
            orjson_names,
            _on_rows(own_dates("+00:00")),
            OWN_DATES,
        ),
        Contestant("ours", "dumps(value)", {"dumps": pyforge_web.dumps}, _on_rows(django_values), "pyforge_web.dumps"),
    ]


def _on_rows(check: Check) -> Check:
    def check_rows(who: str, value: Any, output: bytes) -> None:
        check(who, [_row(each) for each in value] if isinstance(value, list) else _row(value), output)

    return check_rows


def _row(instance: Wide) -> dict[str, object]:
    return {name: getattr(instance, name) for name in NAMES}
