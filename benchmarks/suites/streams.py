"""Bodies of any length and dumps: their time beside Django's own, their memory, and how soon they begin."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from benchmarks import databases, encoding, tables
from benchmarks.compare import require_same_bytes
from benchmarks.databases import Database
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.memory_child import STATUS, run_child
from benchmarks.models import Document, Narrow, Wide
from benchmarks.peers import OWN_DATES, Check, Contestant, django_values, own_dates
from benchmarks.report import Report, duration, size, table
from pyforge_web import PyForgeStreamingResponse

SHAPES = {"narrow": Narrow, "wide": Wide, "JSON": Document}
FEW, MANY = 2_000, 100_000
DUMP_RATIOS: tuple[Pair, ...] = (("ours", "dumpdata"),)
STREAM_RATIOS: tuple[Pair, ...] = (("ours", "iterator, json"), ("ours", "iterator, orjson"), ("ours, ASGI", "ours"))
DUMP_GOAL = Goal(1 / 5)
MEMORY_GOAL = Goal(10)  # MiB
EARLY_GOAL = Goal(1)  # % of the rows
CHUNKS = (10, 50, 100, 200, 500, 1000, 2000)

Query = QuerySet[Any, Any]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Streams and dumps")
    with contextlib.ExitStack() as stack:
        opened = list(_opened(report, stack))
        report.add(f"{', '.join(database.version for database in opened)}; both on this machine, in memory's cache.")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pyforge-bench-")))
        for workloads, ratios in ((_dumps(opened, folder), DUMP_RATIOS), (_streams(opened), STREAM_RATIOS)):
            encoding.run(report, [each for each in workloads if only in each.name], effort, ratios)
        if not only:
            _chunk_sizes(report, opened, effort)
            _memory(report, opened)
    return report


def _opened(report: Report, stack: contextlib.ExitStack) -> Iterator[Database]:
    for database in databases.each(report, stack):
        for model in SHAPES.values():
            tables.fill(database.alias, model, FEW)
        yield database


def dump(command: str, model: type[Model], alias: str, path: Path, **options: Any) -> bytes:
    """What a command writes into a file."""
    call_command(command, model._meta.label, database=alias, output=str(path), verbosity=0, **options)
    return path.read_bytes()


def _dumps(opened: Sequence[Database], folder: Path) -> Iterator[Workload]:
    for database in opened:
        for shape, model in SHAPES.items():
            theirs = partial(dump, "dumpdata", model, database.alias, folder / "theirs.json")
            ours = partial(dump, "pyforge_dump", model, database.alias, folder / "ours.json", format="django")

            def check(who: str, _: object, output: bytes, theirs: Callable[[], bytes] = theirs) -> None:
                require_same_bytes(who, theirs(), output)

            yield Workload(
                f"{database.title}, fixture of {FEW:,} {shape} rows",
                [None],
                {("ours", "dumpdata"): DUMP_GOAL},
                [
                    Contestant("dumpdata", "dump()", {"dump": theirs}, check, "manage.py dumpdata --output"),
                    Contestant("ours", "dump()", {"dump": ours}, check, "manage.py pyforge_dump --format django"),
                ],
                clock=perf_counter,
                share=0.1,
            )


def _streams(opened: Sequence[Database]) -> Iterator[Workload]:
    for database in opened:
        for shape, model in SHAPES.items():
            rows = model._default_manager.using(database.alias).order_by("pk")
            yield Workload(
                f"{database.title}, NDJSON of {FEW:,} {shape} rows",
                [None],
                {},
                _contestants(partial(rows.__getitem__, slice(FEW))),
                clock=perf_counter,
                share=0.2,
            )


def _contestants(queryset: Callable[[], Query]) -> list[Contestant]:
    def checked(check: Check) -> Check:
        def check_lines(who: str, _: object, output: bytes) -> None:
            check(who, list(queryset().values()), b"[" + b",".join(output.splitlines()) + b"]")

        return check_lines

    values = "for row in queryset().values().iterator()"
    names = {"queryset": queryset, "Response": PyForgeStreamingResponse, "read": async_to_sync(read)}
    stdlib = {"dumps": json.dumps, "Encoder": DjangoJSONEncoder, **names}
    fast = {
        "dumps": orjson.dumps,
        "default": DjangoJSONEncoder().default,
        "newline": orjson.OPT_APPEND_NEWLINE,
        **names,
    }
    return [
        Contestant(
            "iterator, json",
            f"b''.join(dumps(row, cls=Encoder).encode() + b'\\n' {values})",
            stdlib,
            checked(django_values),
        ),
        Contestant(
            "iterator, orjson",
            f"b''.join(dumps(row, default=default, option=newline) {values})",
            fast,
            checked(own_dates("+00:00")),
            OWN_DATES,
        ),
        Contestant("ours", "b''.join(Response(queryset()))", names, checked(django_values), "as WSGI reads it"),
        Contestant(
            "ours, ASGI",
            "read(Response(queryset()))",
            names,
            checked(django_values),
            "as ASGI reads it, with a call in a thread for each chunk",
        ),
    ]


async def read(response: Any) -> bytes:
    """A body as ASGI reads it."""
    return b"".join([part async for part in response])


def _chunk_sizes(report: Report, opened: Sequence[Database], effort: Effort) -> None:
    rows = []
    for database in opened:
        queryset = Wide.objects.using(database.alias).order_by("pk").all
        names = {"queryset": queryset, "Response": PyForgeStreamingResponse}
        timings = interleave(
            {
                str(chunk): Timed(
                    f"b''.join(Response(queryset(), chunk_size={chunk}))",
                    names,
                    lambda count: [None] * count,
                    clock=perf_counter,
                )
                for chunk in CHUNKS
            },
            Effort(max(effort.rounds // 4, 5), effort.seconds),
        )
        rows.append([database.title, *(duration(timings[str(chunk)].best) for chunk in CHUNKS)])
    report.add(f"## `chunk_size`, {FEW:,} wide rows", table(["database", *map(str, CHUNKS)], rows))


def _memory(report: Report, opened: Sequence[Database]) -> None:
    if not STATUS.exists():
        report.add("LEFT OUT: this machine has no /proc/self/status to read the peak of memory from.")
        return
    rows = []
    for database in opened:
        tables.fill(database.alias, Wide, MANY)
        grown, output, early = run_child("benchmarks.stream_memory_child", json.dumps(database.settings))
        peak = report.judge(f"{database.title}, peak memory in MiB", MEMORY_GOAL, grown / 2**20)
        begin = report.judge(f"{database.title}, % of the rows before the first byte", EARLY_GOAL, 100 * early / MANY)
        rows.append([database.title, size(output), peak, f"{early} rows, %: {begin}"])
    headers = ["database", "output", "peak over start, MiB", "before the first byte"]
    report.add(f"## Memory: NDJSON of {MANY:,} wide rows", table(headers, rows))
