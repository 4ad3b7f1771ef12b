"""Endpoints as people write them: `to_dict()` of each instance, and orjson; and output fields beside them."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

import pyforge_web
from benchmarks import databases, encoding, tables
from benchmarks.compare import require_same_values
from benchmarks.databases import Database
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Listing
from benchmarks.peers import Contestant
from benchmarks.report import Report
from pyforge_web import Attribute, Computed, Display, Fields, FileUrl, Keys, Link, conf

ROUNDS = {25: 1.0, 1_000: 0.4}
RATIOS: tuple[Pair, ...] = (("ours", "instances, orjson"), ("ours, SQL_CACHE", "instances, orjson"))
DATE_RATIOS: tuple[Pair, ...] = (("ours", "ours, UTC"),)
ZONE = ZoneInfo("Europe/Berlin")  # has two transitions a year


def make_excerpt(title: str, views: int) -> str:
    return f"{title[:20]} ({views})"


RENAMED: Fields = [
    {"key": F("id")},
    {"identifier": F("uuid")},
    {"headline": F("title")},
    {"path": F("slug")},
    {"status": F("state")},
    {"image": F("cover")},
    {"authorName": F("author__name")},
    {"authorId": F("author_id")},
    {"cost": F("price")},
    {"stars": F("rating")},
    {"isLive": F("live")},
    {"viewCount": F("views")},
]
SHOWN: Fields = [
    *RENAMED[:4],
    {"status": Display("state")},
    {"image": FileUrl("cover")},
    {"url": Link("listing", pk="id", slug="slug")},
    {"tags": Keys("tags")},
    *RENAMED[6:],
]


def renamed(listing: Listing) -> dict[str, Any]:
    return {
        "key": listing.id,
        "identifier": listing.uuid,
        "headline": listing.title,
        "path": listing.slug,
        "status": listing.state,
        "image": listing.cover.name,
        "authorName": listing.author.name,
        "authorId": listing.author_id,
        "cost": listing.price,
        "stars": listing.rating,
        "isLive": listing.live,
        "viewCount": listing.views,
    }


def shown(listing: Listing) -> dict[str, Any]:
    return {
        "key": listing.id,
        "identifier": listing.uuid,
        "headline": listing.title,
        "path": listing.slug,
        "status": listing.get_state_display(),
        "image": listing.cover.url if listing.cover else None,
        "url": reverse("listing", kwargs={"pk": listing.pk, "slug": listing.slug}),
        "tags": [tag.pk for tag in listing.tags.all()],
        "authorName": listing.author.name,
        "authorId": listing.author_id,
        "cost": listing.price,
        "stars": listing.rating,
        "isLive": listing.live,
        "viewCount": listing.views,
    }


def with_excerpt(listing: Listing) -> dict[str, Any]:
    return {**renamed(listing), "excerpt": make_excerpt(listing.title, listing.views)}


def with_property(listing: Listing) -> dict[str, Any]:
    return {**renamed(listing), "short": listing.short}


Case = tuple[Fields, Callable[[Listing], dict[str, Any]], tuple[float, float]]
# The fields, what a project writes by hand, and how many times faster we are with 25 and with 1,000 rows, at least.
CASES: dict[str, Case] = {
    "12 renamed columns and paths": (RENAMED, renamed, (2.5, 10)),
    "Display, FileUrl, Link, Keys": (SHOWN, shown, (2.5, 9)),
    "one Computed": ([*RENAMED, {"excerpt": Computed(make_excerpt, "title", "views")}], with_excerpt, (2.3, 6)),
    "one Attribute": ([*RENAMED, {"short": Attribute("short", reads=["title", "views"])}], with_property, (2, 4)),
}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Output fields: renamed, displayed, linked, computed")
    with contextlib.ExitStack() as stack:
        workloads, dates = [], []
        for database in databases.each(report, stack):
            tables.fill_listings(database.alias, max(ROUNDS))
            workloads += [each for each in _workloads(database) if only in each.name]
            dates += [each for each in [_dates(database)] if only in each.name]
        encoding.run(report, workloads, effort, RATIOS)
        encoding.run(report, dates, effort, DATE_RATIOS)
    return report


def _workloads(database: Database) -> Iterator[Workload]:
    for name, (fields, by_hand, faster) in CASES.items():
        for (count, share), times in zip(ROUNDS.items(), faster, strict=True):
            peers = _contestants(database.alias, count, fields, by_hand, prefetches="tags" in str(fields))
            goals = {pair: Goal(1 / times) for pair in RATIOS}
            yield Workload(f"{database.title}, {name}, {count:,} rows", [None], goals, peers, share=share)


def _page(alias: str, count: int) -> "QuerySet[Any]":
    return Listing.objects.using(alias).order_by("pk")[:count]


def _contestants(
    alias: str, count: int, fields: Fields, by_hand: Callable[[Listing], dict[str, Any]], *, prefetches: bool
) -> list[Contestant]:
    def write_instances() -> bytes:
        listings = _page(alias, count).select_related("author")
        if prefetches:
            listings = listings.prefetch_related("tags")
        return orjson.dumps([by_hand(listing) for listing in listings], default=str)

    def write_fields(remember: bool) -> bytes:
        conf.get_settings()["SQL_CACHE"] = remember
        return pyforge_web.dumps(_page(alias, count), fields=fields)

    expected = write_instances()

    def check(who: str, value: object, output: bytes) -> None:
        require_same_values(who, expected, output)

    return [
        Contestant("ours", "write(False)", {"write": write_fields}, check),
        Contestant("ours, SQL_CACHE", "write(True)", {"write": write_fields}, check),
        Contestant("instances, orjson", "write()", {"write": write_instances}, check),
    ]


def _dates(database: Database) -> Workload:
    """Dates in a zone with transitions, beside the same dates in UTC."""
    fields: Fields = ["id", "created", {"at": F("created")}]

    def write_in(zone: Any) -> Callable[[], bytes]:
        def write() -> bytes:
            with timezone.override(zone):
                return pyforge_web.dumps(_page(database.alias, 1_000), fields=fields, dates="local")

        return write

    def check_in(zone: Any) -> Callable[[str, object, bytes], None]:
        rows = list(_page(database.alias, 1_000))
        with timezone.override(zone):
            local = [(row.pk, timezone.localtime(row.created).isoformat()) for row in rows]
        expected = orjson.dumps([{"id": key, "created": text, "at": text} for key, text in local])
        return lambda who, value, output: require_same_values(who, expected, output)

    peers = [
        Contestant("ours", "write()", {"write": write_in(ZONE)}, check_in(ZONE)),
        Contestant("ours, UTC", "write()", {"write": write_in(UTC)}, check_in(UTC)),
    ]
    return Workload(
        f"{database.title}, local dates, 1,000 rows", [None], {DATE_RATIOS[0]: Goal(1 / 0.9)}, peers, share=0.4
    )
