"""Whole values: Django rows by the page, the public corpora, a tiny dict."""

from benchmarks import corpora, encoding
from benchmarks.encoding import Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.peers import DJANGO_TYPES
from benchmarks.report import Report
from benchmarks.rows import django_rows, fresh_rows

ROW_GOALS = {
    ("ours", "orjson"): Goal(0.75, 0.5),
    ("ours", "orjson as Django"): Goal(0.22),
    ("ours", "Django"): Goal(0.08),
    ("ours, Django's bytes", "Django"): Goal(1 / 6),
}
CORPUS_GOALS = {"canada.json": Goal(1.4, 1.0), "citm_catalog.json": Goal(1.5, 1.0)}
TINY_GOAL = Goal(1.5, 1.0)


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Encoder: whole values")
    encoding.run(report, [workload for workload in _workloads() if only in workload.name], effort)
    if absent := corpora.missing():
        report.add(f"LEFT OUT: {', '.join(absent)}: not in {corpora.DIRECTORY}. {corpora.WHERE_TO_GET}")
    return report


def _workloads() -> list[Workload]:
    beside = ("ours", "orjson")
    present = {name: goal for name, goal in CORPUS_GOALS.items() if name not in corpora.missing()}
    return [
        *_row_workloads(),
        *(Workload(name, [corpora.load(name)], {beside: goal}) for name, goal in present.items()),
        Workload('{"ok": true, "id": 5}', [{"ok": True, "id": 5}], {beside: TINY_GOAL}),
    ]


def _row_workloads() -> list[Workload]:
    rows = django_rows(1000)
    french = django_rows(1000, "French")
    return [
        Workload("1,000 Django rows", [rows], ROW_GOALS, DJANGO_TYPES),
        Workload("1,000 rows, French, fresh", [french], peers=DJANGO_TYPES, fresh=1, renew=fresh_rows),
        Workload("a page of 25 Django rows", [rows[:25]], peers=DJANGO_TYPES),
        Workload("1 Django row", rows[:1], peers=DJANGO_TYPES),
    ]
