"""The panel's titles and page, made of stored stats alone: the request is over, and was maybe in another process."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import npgettext, pgettext, pgettext_lazy

from pyforge_web.conf import docs_url
from pyforge_web.toolbar import formats
from pyforge_web.toolbar.display_groups import SOURCE_COLOURS, SOURCE_NAMES, show_group, show_validator
from pyforge_web.toolbar.links import show_sites
from pyforge_web.toolbar.other_json import describe_other
from pyforge_web.toolbar.stages import sum_stages
from pyforge_web.toolbar.stats import StoredStats, is_readable
from pyforge_web.toolbar.warnings import WARNINGS_BY_ID

_LANE_ORDER = ("response", "stream", "tag", "serializer", "direct", "validate")
_LANE_HEIGHT = 10  # units of the timeline's height
_LANE_WIDTH = 1000  # and of its width
_OTHER_VERSION = pgettext_lazy("panel", "recorded by another version")


def format_title(stats: object) -> str:
    """Return `PyForge: 53 serialize calls, 2 validate calls`; never raise."""
    calls = _read_calls(stats)
    if calls is None:
        return "PyForge"
    written, validated = calls
    parts = []
    if written:
        text = npgettext("panel", "%(number)s serialize call", "%(number)s serialize calls", written)
        parts.append(text % {"number": formats.format_number(written)})
    if validated:
        text = npgettext("panel", "%(number)s validate call", "%(number)s validate calls", validated)
        parts.append(text % {"number": formats.format_number(validated)})
    return "PyForge: " + (", ".join(parts) or pgettext("panel", "no calls"))


def format_subtitle(stats: object) -> str:
    """Return `53 calls in 2.41 ms, 2 warnings`; never raise."""
    calls = _read_calls(stats)
    if calls is None or not isinstance(stats, dict):
        return str(_OTHER_VERSION) if stats else ""
    parts = []
    if sum(calls):
        words = {"calls": formats.count_calls(sum(calls)), "time": formats.format_time(_own_us(stats))}
        parts.append(pgettext("panel", "%(calls)s in %(time)s") % words)
    if stats["state"] == "streaming":
        parts.append(pgettext("panel", "streaming…"))
    elif stats["other"] and not sum(calls):
        parts.append(
            pgettext("panel", "%(size)s of JSON without PyForge")
            % {"size": formats.format_size(stats["other"]["size"])}
        )
    elif not parts:
        parts.append(formats.count_calls(0))
    if failed := stats["totals"]["failed_calls"]:
        parts.append(npgettext("panel", "%(number)s failed", "%(number)s failed", failed) % {"number": failed})
    if stats["warnings"]:
        parts.append(formats.count_warnings(len(stats["warnings"])))
    return ", ".join(parts)


def build_context(stats: object) -> dict[str, Any]:
    """Return what the template shows."""
    if not is_readable(stats) or not isinstance(stats, dict):
        return {"foreign": True, "empty": not stats}
    try:
        return _build_context(stats)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # somebody else's stats with our version
        return {"foreign": True, "empty": False}


def _build_context(stats: StoredStats) -> dict[str, Any]:
    # Never 0: it divides.
    span = max(stats["totals"]["request_us"], 0.1)
    # Of the process that recorded: this one may run elsewhere.
    folder = stats["env"]["folder"]
    quiet = not stats["groups"] and not stats["validators"] and not sum(_read_calls(stats) or ())
    return {
        "state": stats["state"],
        "quiet": quiet,
        "warnings": [_show_warning(warning, folder) for warning in stats["warnings"]],
        "cards": [] if quiet else list(_show_cards(stats, span)),
        "lanes": _show_lanes(stats["lanes"], span),
        "lane_height": _LANE_HEIGHT * max(1, len(stats["lanes"])) + 2,
        "span": formats.format_time(span),
        "groups": [show_group(number, group, span, folder) for number, group in enumerate(stats["groups"], 1)],
        "more": {key: formats.format_number(number) for key, number in stats["more"].items() if number},
        "validators": [show_validator(number, item, folder) for number, item in enumerate(stats["validators"], 1)],
        "compiled": _show_compiled(stats["compiled"]),
        "functions": [_show_function(function) for function in stats["functions"]],
        "env": stats["env"],
        "other": describe_other(stats["other"], span) if stats["other"] else {},
        "panel_docs": docs_url("panel"),
    }


def _read_calls(stats: object) -> tuple[int, int] | None:
    """Return the calls that serialize and that validate, or None if the stats cannot be read."""
    if not is_readable(stats) or not isinstance(stats, dict):
        return None
    try:
        totals = stats["totals"]
        calls = int(totals["serialize"]["calls"]), int(totals["validate"]["calls"])
        _own_us(stats)
        int(totals["failed_calls"])
        if stats["other"]:
            int(stats["other"]["size"])
    except (KeyError, TypeError, ValueError):
        return None
    return calls


def _own_us(stats: StoredStats) -> float:
    """Return the microseconds of PyForge Web itself: without the database, and without what the toolbar records."""
    totals = stats["totals"]
    return _part_us(totals, "serialize", all_queries=True) + _part_us(totals, "validate", all_queries=False)


def _part_us(totals: StoredStats, part: str, *, all_queries: bool) -> float:
    spent = float(totals[part]["native_us"]) + float(totals[part]["python_us"])
    if all_queries:
        spent -= sum(float(totals[key]) for key in ("execute_us", "fetch_us", "inner_us", "recording_us"))
    return max(0.0, spent)


def _show_warning(warning: StoredStats, folder: str) -> dict[str, Any]:
    # The texts are not stored: they are in the language of who reads.
    known = WARNINGS_BY_ID[warning["id"]]
    words = {key: formats.show_word(key, word) for key, word in warning["words"].items()}
    text, change = known.format_text(warning["variant"], words)
    return {
        "id": warning["id"],
        "word": known.word,
        "text": text,
        "change": change,
        "sites": show_sites(warning["sites"], folder),
        "docs": docs_url("panel", warning["id"].lower()),
    }


def _show_cards(stats: StoredStats, span: float) -> Iterator[dict[str, str]]:
    totals = stats["totals"]
    serialize, validate = totals["serialize"], totals["validate"]
    rows = serialize["rows"] + totals["django_rows"]
    if serialize["calls"]:
        spent = formats.format_time(_part_us(totals, "serialize", all_queries=True))
        detail = f"{spent} · {formats.format_row_count(rows)} · {formats.format_size(serialize['bytes'])}"
        yield {
            "name": pgettext("panel", "Serialize"),
            "value": formats.count_calls(serialize["calls"]),
            "detail": detail,
        }
    if validate["calls"]:
        spent = formats.format_time(_part_us(totals, "validate", all_queries=False))
        detail = f"{spent} · {formats.count_errors(totals['errors'])}"
        yield {"name": pgettext("panel", "Validate"), "value": formats.count_calls(validate["calls"]), "detail": detail}
    yield _show_crossings(serialize, validate, rows)
    stages = [group["stages"] for group in [*stats["groups"], *stats["validators"]]]
    fallback, spent_us = sum_stages(stages)
    if spent_us:
        yield _show_fast_path(totals, fallback, spent_us)
    yield from _show_database(totals)
    if totals["recording_us"]:
        yield {
            "name": pgettext("panel", "Toolbar"),
            "value": formats.format_time(totals["recording_us"]),
            "detail": pgettext(
                "panel", "spent by Django and the toolbar on recording queries; taken out of the other times"
            ),
        }
    own = _own_us(stats)
    share = pgettext("panel", "%(time)s of %(whole)s") % {
        "time": formats.format_time(own),
        "whole": formats.format_time(span),
    }
    yield {
        "name": pgettext("panel", "Share of request"),
        "value": formats.format_share(min(1.0, own / span)),
        "detail": share,
    }


def _show_crossings(serialize: StoredStats, validate: StoredStats, rows: int) -> dict[str, str]:
    calls, out = serialize["calls"] + validate["calls"], serialize["out"] + validate["out"]
    rows += validate["rows"]
    detail = pgettext("panel", "%(calls)s from Python to Rust, %(out)s back to Python") % {
        "calls": formats.format_number(calls),
        "out": formats.format_number(out),
    }
    if rows:
        detail += " · " + pgettext("panel", "%(number)s per row") % {
            "number": formats.format_number((calls + out) / rows)
        }
    return {
        "name": pgettext("panel", "Boundary crossings"),
        "value": formats.format_number(calls + out),
        "detail": detail,
    }


def _show_fast_path(totals: StoredStats, fallback: float, spent: float) -> dict[str, str]:
    """Return how much of the time was not spent in Python code, or in queries for each row, that could be avoided."""
    parts = []
    if columns := totals["native_columns"] + totals["django_columns"]:
        words = {"native": formats.format_number(totals["native_columns"]), "all": formats.format_number(columns)}
        parts.append(pgettext("panel", "%(native)s of %(all)s columns native") % words)
    if totals["django_rows"]:
        parts.append(
            pgettext("panel", "%(rows)s by Django") % {"rows": formats.format_row_count(totals["django_rows"])}
        )
    if totals["fallbacks"]:
        text = npgettext(
            "panel", "%(number)s value in another format", "%(number)s values in another format", totals["fallbacks"]
        )
        parts.append(text % {"number": formats.format_number(totals["fallbacks"])})
    if fallback:
        parts.append(
            pgettext("panel", "%(time)s in Python or in extra queries") % {"time": formats.format_time(fallback)}
        )
    value = formats.format_share(max(0.0, 1 - fallback / spent))
    return {"name": pgettext("panel", "Fast path, by time"), "value": value, "detail": " · ".join(parts)}


def _show_database(totals: StoredStats) -> Iterator[dict[str, str]]:
    execute, fetch, inner = totals["execute_us"], totals["fetch_us"], totals["inner_us"]
    if not execute + fetch + inner:
        return
    parts = [
        pgettext("panel", "%(time)s executing") % {"time": formats.format_time(execute)} if execute else "",
        pgettext("panel", "%(time)s fetching, which the SQL panel does not count")
        % {"time": formats.format_time(fetch)}
        if fetch
        else "",
        pgettext("panel", "%(time)s in %(queries)s inside of values")
        % {"time": formats.format_time(inner), "queries": formats.count_queries(totals["inner_queries"])}
        if inner
        else "",
    ]
    value = formats.format_time(execute + fetch + inner)
    yield {"name": pgettext("panel", "Database"), "value": value, "detail": " · ".join(filter(None, parts))}


def _show_lanes(lanes: StoredStats, span: float) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    # A source that a later version has added comes last.
    for source in [*_LANE_ORDER, *(name for name in lanes if name not in _LANE_ORDER)]:
        if source not in lanes:
            continue
        marks = [
            {
                "x": formats.format_svg(start / span * _LANE_WIDTH),
                # At least 2.5 units wide: a call of some microseconds would not be seen.
                "width": formats.format_svg(max(2.5, duration / span * _LANE_WIDTH)),
            }
            for start, duration in lanes[source]
        ]
        shown.append(
            {
                "source": source,
                "name": SOURCE_NAMES.get(source, source),
                "colour": SOURCE_COLOURS.get(source, "#888888"),
                "y": len(shown) * _LANE_HEIGHT + 2,
                "marks": marks,
            }
        )
    return shown


def _show_function(function: StoredStats) -> dict[str, Any]:
    return {
        "name": function["name"],
        "calls": formats.format_number(function["calls"]),
        "out": formats.format_number(function["out"]),
        "size": formats.format_size(function["bytes"]),
        "native": formats.format_time(function["native_us"]),
        "python": formats.format_time(function["python_us"]),
    }


def _show_compiled(compiled: StoredStats) -> str:
    number = compiled["count"]
    text = npgettext(
        "panel",
        "%(number)s serializer or validator in %(time)s",
        "%(number)s serializers and validators in %(time)s",
        number,
    )
    return text % {"number": formats.format_number(number), "time": formats.format_time(compiled["us"])}
