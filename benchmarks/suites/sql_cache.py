"""Pages of 25 rows: Django's SQL remembered and not, prepared functions, and the bare driver with writing."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections
from django.db.models import QuerySet

from benchmarks import databases, tables
from benchmarks.compare import require_same_bytes
from benchmarks.databases import Database
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.models import Article, Wide
from benchmarks.report import Report, duration, table
from pyforge_web import conf, dumps, prepared
from pyforge_web.querysets import backends
from pyforge_web.querysets.rows import QueryRows, compile_columns
from pyforge_web.querysets.statement import compile_query

Query = QuerySet[Any, Any]
FOUR = ["id", "title", "price", "created"]
NESTED = ["id", "title", {"author": ["name"]}, {"tags": ["name"]}, {"comments": ["text"]}]
# Beside `values()` and json; a prepared page beside the driver with writing, without and with a parameter.
BESIDE_VALUES = {"4 columns": 0.4, "all columns": 0.3}
BESIDE_DRIVER = {"SQLite": (1.7, 2.3), "PostgreSQL": (1.3, 2.0)}


def run(effort: Effort, only: str = "") -> Report:
    """Time each page with the cache on and off, side by side."""
    report = Report("Pages of 25 rows: the SQL cache and prepared functions")
    with contextlib.ExitStack() as stack:
        rows, prepared_rows = [], []
        for database in databases.each(report, stack, BESIDE_DRIVER):
            tables.fill_articles(database.alias, 1_000)
            tables.fill(database.alias, Wide, 1_000)
            rows += [
                _time_page(report, database, name, make, fields, effort)
                for name, make, fields in _pages(database.alias)
                if only in name
            ]
            if only in "prepared":
                prepared_rows += list(_time_prepared(report, database, effort))
    report.add(
        "## Remembered and compiled",
        table(["page", "remembered", "compiled", "remembered / compiled", "/ values() and json", "/ orjson"], rows),
        "`remembered` has the setting SQL_CACHE. The QuerySet is built anew in each call, but for `sliced`.",
    )
    report.add(
        "## Prepared functions",
        table(["page", "prepared", "driver and writing", "prepared / driver"], prepared_rows),
        "`driver and writing`: the same SQL on the bare driver, its rows written by the same native code.",
    )
    return report


def _pages(alias: str) -> Iterator[tuple[str, Callable[[], Query], Any]]:
    articles = Article.objects.using(alias)
    live = articles.filter(live=True).order_by("-id")
    wide = [field.attname for field in Wide._meta.concrete_fields]
    yield "4 columns", lambda: articles.filter(live=True).order_by("-id")[:25], FOUR
    yield "all columns", lambda: Wide.objects.using(alias).filter(pk__gte=1).order_by("-pk")[:25], wide
    yield "sliced, 4 columns", lambda: live[:25], FOUR
    yield "sliced, with one more filter", lambda: live.filter(views__gte=1)[:25], FOUR
    yield "nested", lambda: articles.filter(live=True).order_by("-id")[:25], NESTED


def _write(queryset: Query, fields: Any, *, is_on: bool) -> bytes:
    conf.get_settings()["SQL_CACHE"] = is_on
    return dumps(queryset, fields=fields)


def _time_page(
    report: Report, database: Database, name: str, make: Callable[[], Query], fields: Any, effort: Effort
) -> list[str]:
    for _ in range(3):
        require_same_bytes(name, _write(make(), fields, is_on=False), _write(make(), fields, is_on=True))
    names = {"page": make, "fields": fields, "write": _write}
    calls = {"remembered": "write(page(), fields, is_on=True)", "compiled": "write(page(), fields, is_on=False)"}
    if fields is not NESTED:
        names |= {"json": json, "orjson": orjson, "Encoder": DjangoJSONEncoder, "default": DjangoJSONEncoder().default}
        calls["Django"] = "json.dumps(list(page().values(*fields)), cls=Encoder).encode()"
        calls["orjson"] = "orjson.dumps(list(page().values(*fields)), default=default)"
    timings = _interleave(calls, names, effort, database)
    remembered = timings["remembered"]
    cells = [
        duration(remembered.best),
        duration(timings["compiled"].best),
        f"{remembered.over(timings['compiled']):.2f}",
    ]
    title = f"{database.title}, {name}"
    for peer in ("Django", "orjson"):
        if peer not in timings:
            cells.append("")
        elif peer == "Django" and name in BESIDE_VALUES:
            goal = Goal(BESIDE_VALUES[name])
            cells.append(report.judge(f"{title}, beside values()", goal, remembered.over(timings[peer])))
        else:
            cells.append(f"{remembered.over(timings[peer]):.2f}")
    print(f"  {title}: {cells[0]}, compiled {cells[1]}", flush=True)
    return [title, *cells]


def _interleave(calls: dict[str, str], names: dict[str, Any], effort: Effort, database: Database) -> dict[str, Any]:
    clock = {} if database.title == "SQLite" else {"clock": perf_counter}
    return interleave(
        {who: Timed(call, names, lambda count: [None] * count, **clock) for who, call in calls.items()}, effort
    )


@prepared(fields=FOUR)
def _newest() -> Query:
    return Article.objects.filter(live=True).order_by("-id")


@prepared(fields=FOUR)
def _newest_read(views: int) -> Query:
    return Article.objects.filter(live=True, views__gte=views).order_by("-id")


def _time_prepared(report: Report, database: Database, effort: Effort) -> Iterator[list[str]]:
    pages: Sequence[tuple[str, Callable[[], Any], float]] = (
        ("no parameter", lambda: _newest().using(database.alias)[:25], BESIDE_DRIVER[database.title][0]),
        ("one parameter", lambda: _newest_read(views=1).using(database.alias)[:25], BESIDE_DRIVER[database.title][1]),
    )
    for name, make, at_most in pages:
        title = f"{database.title}, {name}"
        floor = _write_of_driver(make().queryset)
        require_same_bytes(title, floor(), dumps(make()))
        calls = {"prepared": "dumps(page())", "driver": "floor()"}
        timings = _interleave(calls, {"dumps": dumps, "page": make, "floor": floor}, effort, database)
        mine, theirs = timings["prepared"], timings["driver"]
        ratio = report.judge(f"{title}, beside the driver", Goal(at_most), mine.over(theirs))
        print(f"  {title}: {ratio}", flush=True)
        yield [title, duration(mine.best), duration(theirs.best), ratio]


def _write_of_driver(queryset: Query) -> Callable[[], bytes]:
    """Return a function that executes the SQL on the driver's own cursor and writes its rows natively."""
    compiled: Any = compile_query(queryset.values(*FOUR))
    connection = connections[queryset.db]
    backend: Any = backends.find_backend(connection)
    plan = backend.plan_columns(compiled.compiler, compiled.expressions)
    driver = backend.open_cursor(backends.StatementPlan(compiled.compiler, compiled.expressions, plan))
    driver.execute(compiled.sql, compiled.params)
    columns = compile_columns(Article._meta.label, "object", tuple(FOUR), driver.readers)
    driver.cursor.close()
    sql = compiled.sql.replace("%s", "?") if connection.vendor == "sqlite" else compiled.sql
    raw: Any = connection.connection

    def write() -> bytes:
        cursor = raw.cursor()
        if connection.vendor == "postgresql":
            cursor._adapters = driver.raw._adapters
        cursor.execute(sql, compiled.params)
        chunks = iter([cursor.fetchall(), []])
        return dumps(QueryRows(columns, chunks.__next__, driver.convert, cursor.close, None))

    return write
