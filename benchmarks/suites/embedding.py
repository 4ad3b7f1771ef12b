"""JSON inside a page: the whole script element, from rows that are there and from a QuerySet."""

import re
from typing import Any

from django.utils.html import json_script
from django_orjson.html import json_script as orjson_json_script

from benchmarks import databases, encoding, tables
from benchmarks.compare import DifferentOutputError
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Wide
from benchmarks.peers import OWN_DATES, Check, Contestant, django_values, own_dates
from benchmarks.report import Report
from benchmarks.rows import django_rows
from pyforge_web.html import pyforge_json

ROWS = 1_150  # of 430 to 500 bytes each
RATIOS: tuple[Pair, ...] = (("ours", "json_script"), ("ours", "django-orjson"))
FROM_ROWS = {RATIOS[0]: Goal(1 / 12), RATIOS[1]: Goal(1.0)}
FROM_QUERYSET = {RATIOS[0]: Goal(1 / 6), RATIOS[1]: Goal(1.0)}
KINDS = ("ASCII", "French", "Japanese", "HTML full of quotes")


def run(effort: Effort, only: str = "") -> Report:
    report = Report("JSON in a page: the script element")
    with databases.opened("SQLite") as database:
        tables.fill(database.alias, Wide, ROWS)
        queryset = Wide.objects.using(database.alias).order_by("pk")
        workloads = [
            *_from_rows(),
            Workload(f"QuerySet of {ROWS:,} rows", [queryset], FROM_QUERYSET, _queryset_peers()),
        ]
        encoding.run(report, [each for each in workloads if only in each.name], effort, RATIOS)
    report.add(
        "Django's `translate` is fast until the first of `< > &` and slow from there on; django-orjson's is fast for"
        " ASCII alone: the texts of the rows decide."
    )
    return report


def _from_rows() -> list[Workload]:
    rows = {kind: django_rows(ROWS, kind) for kind in KINDS}
    return [Workload(f"{ROWS:,} rows, {kind}", [value], FROM_ROWS, _peers("value")) for kind, value in rows.items()]


def _queryset_peers() -> list[Contestant]:
    peers = [*_peers("list(value.values())")[:2], _ours("value.all()")]
    return [_list_first(peer) for peer in peers]


def _peers(value: str) -> list[Contestant]:
    return [
        _contestant("json_script", f'json_script({value}, "data")', {"json_script": json_script}, django_values),
        _contestant(
            "django-orjson",
            f'json_script({value}, "data")',
            {"json_script": orjson_json_script},
            own_dates("+00:00"),
            OWN_DATES,
        ),
        _ours(value),
    ]


def _ours(value: str) -> Contestant:
    names = {"pyforge_json": pyforge_json}
    return _contestant("ours", f'pyforge_json({value}, id="data")', names, django_values, "pyforge_web.html")


def _contestant(name: str, call: str, names: dict[str, object], check: Check, note: str = "") -> Contestant:
    return Contestant(name, call, names, _inside(check), note)


def _list_first(peer: Contestant) -> Contestant:
    def check(who: str, value: Any, output: Any) -> None:
        peer.check(who, list(value.values()), output)

    return Contestant(peer.name, peer.call, peer.names, check, peer.note)


def _inside(check: Check) -> Check:
    """The check of what stands in the element."""

    def check_element(who: str, value: object, output: Any) -> None:
        found = re.fullmatch(r'<script id="data" type="application/json">([^<>&]*)</script>', output)
        if not found:
            raise DifferentOutputError(f"{who}: no script element, or one with < > & inside")
        check(who, value, found[1].encode())

    return check_element
