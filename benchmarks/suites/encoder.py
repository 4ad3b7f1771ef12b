"""Whole values: the public corpora, Django rows by the page, a tiny dict."""

from benchmarks import corpora
from benchmarks.encoding import Workload, goals
from benchmarks.encoding import run as run_workloads
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.peers import DJANGO_TYPES
from benchmarks.report import Report
from benchmarks.rows import django_rows

ROW_GOALS = {
    **goals(Goal(0.75, 0.5), as_django=Goal(0.22), django=Goal(0.08)),
    ("ours, Django's bytes", "Django"): Goal(1 / 6),
}
CORPUS_GOALS = {"canada.json": Goal(1.4, 1.0), "citm_catalog.json": Goal(1.5, 1.0)}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Encoder: whole values")
    run_workloads(report, [workload for workload in _workloads() if only in workload.name], effort)
    if absent := corpora.missing():
        report.add(f"LEFT OUT: {', '.join(absent)}: not in {corpora.DIRECTORY}. {corpora.WHERE_TO_GET}")
    return report


def _workloads() -> list[Workload]:
    rows = django_rows(1000)
    tiny = {"ok": True, "id": 5}
    present = [name for name in CORPUS_GOALS if name not in corpora.missing()]
    return [
        Workload("1,000 Django rows", [rows], ROW_GOALS, DJANGO_TYPES),
        Workload("a page of 25 Django rows", [rows[:25]], peers=DJANGO_TYPES),
        Workload("1 Django row", rows[:1], peers=DJANGO_TYPES),
        *(Workload(name, [corpora.load(name)], goals(CORPUS_GOALS[name])) for name in present),
        Workload('{"ok": true, "id": 5}', [tiny], goals(Goal(1.5, 1.0))),
    ]
