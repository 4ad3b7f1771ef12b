"""The response as a view makes it: `PyForgeJsonResponse` beside `JsonResponse`, for values that are there."""

from django.http import JsonResponse
from django_orjson.http import JsonResponse as OrjsonResponse

from benchmarks import encoding
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.peers import OWN_DATES, Contestant, django_values, own_dates
from benchmarks.report import Report
from benchmarks.rows import django_rows
from pyforge_web import PyForgeJsonResponse

RATIOS: tuple[Pair, ...] = (("ours", "Django"), ("ours", "django-orjson"))
SMALL = {"ok": True, "id": 5}
# Most of a small response is Django's HttpResponse.
GOALS = {1: Goal(0.6), 25: Goal(0.15), 1000: Goal(0.08)}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Responses")
    workloads = [
        Workload('{"ok": true, "id": 5}', [SMALL], {RATIOS[0]: GOALS[1]}, _peers()),
        *(Workload(_named(count), [_page(count)], {RATIOS[0]: GOALS[count]}, _peers()) for count in (25, 1000)),
    ]
    encoding.run(report, [each for each in workloads if only in each.name], effort, RATIOS)
    return report


def _named(count: int) -> str:
    return f"a page of {count:,} rows"


def _page(count: int) -> dict[str, object]:
    return {"count": count, "results": django_rows(count)}


def _peers() -> list[Contestant]:
    return [
        Contestant("Django", "Response(value).content", {"Response": JsonResponse}, django_values, "JsonResponse"),
        Contestant(
            "django-orjson", "Response(value).content", {"Response": OrjsonResponse}, own_dates("+00:00"), OWN_DATES
        ),
        Contestant(
            "ours", "Response(value).content", {"Response": PyForgeJsonResponse}, django_values, "PyForgeJsonResponse"
        ),
    ]
