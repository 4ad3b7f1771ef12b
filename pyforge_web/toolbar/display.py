"""The panel's page and titles, made of stored stats alone: the request is long over, maybe in another process."""

from typing import Any

from pyforge_web.toolbar.stats import StoredStats, is_readable

_LANE_ORDER = ("response", "stream", "tag", "direct", "validate")
_SOURCE_NAMES = {
    "response": "response",
    "stream": "stream",
    "tag": "template tag",
    "direct": "direct",
    "validate": "validate",
}
_LANE_HEIGHT = 10  # units of the timeline's height
_WIDTH = 1000  # and of its width
# How good a path is, for its colour; the words stand beside it.
_PATH_RATINGS = {"values": "fast", "tuples": "fast", "instance": "fair", "generic": "plain"}
# Where no stylesheet is loaded the marks have these colours.
_SOURCE_COLOURS = {
    "response": "#30c16e",
    "stream": "#1d9a8a",
    "tag": "#38bbe8",
    "direct": "#8b6fd6",
    "validate": "#d98e04",
}


def format_title(stats: object) -> str:
    """`PyForge: 53 serialize, 2 validate`; never raises."""
    calls = _read_calls(stats)
    if calls is None:
        return "PyForge"
    serialize, validate = calls
    parts = [f"{number:,} {word}" for number, word in ((serialize, "serialize"), (validate, "validate")) if number]
    return f"PyForge: {', '.join(parts) or 'no calls'}"


def format_subtitle(stats: object) -> str:
    """`53 calls in 2.41ms, 2 warnings`; never raises."""
    calls = _read_calls(stats)
    if calls is None or not isinstance(stats, dict):
        return "recorded by another version" if stats else ""
    streaming = "streaming…" if stats["state"] == "streaming" else ""
    warnings = _format_count(len(stats["warnings"]), "warning") if stats["warnings"] else ""
    if not sum(calls):
        return ", ".join(filter(None, (streaming or "0 calls", warnings)))
    spent = f"{_format_count(sum(calls), 'call')} in {_sum_own_us(stats['totals']) / 1000:.2f}ms"
    return ", ".join(filter(None, (spent, streaming, warnings)))


def build_context(stats: object) -> dict[str, Any]:
    """What the template shows."""
    if not is_readable(stats) or not isinstance(stats, dict):
        return {"foreign": True, "empty": not stats}
    try:
        return _build_context(stats)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # somebody else's, of our version
        return {"foreign": True, "empty": False}


def _build_context(stats: StoredStats) -> dict[str, Any]:
    span = max(stats["totals"]["request_us"], 0.1)
    quiet = not stats["groups"] and not stats["validators"] and not sum(_read_calls(stats) or ())
    return {
        "state": stats["state"],
        "quiet": quiet,
        "warnings": [{**warning, "where": _shorten_sites(warning["sites"])} for warning in stats["warnings"]],
        "cards": [] if quiet else list(_show_cards(stats["totals"], span)),
        "lanes": _show_lanes(stats["lanes"], span),
        "lane_height": _LANE_HEIGHT * max(1, len(stats["lanes"])) + 2,
        "span": f"{span / 1000:,.1f}",
        "groups": [_show_group(number, group, span) for number, group in enumerate(stats["groups"], 1)],
        "more": {key: f"{number:,}" for key, number in stats["more"].items() if number},
        "validators": [_show_validator(number, each) for number, each in enumerate(stats["validators"], 1)],
        "compiled": _show_compiled(stats["compiled"]),
        "functions": [_show_function(function) for function in stats["functions"]],
        "env": stats["env"],
    }


def _read_calls(stats: object) -> tuple[int, int] | None:
    """Calls that serialize and that validate; None where these are not stats that can be read."""
    if not is_readable(stats) or not isinstance(stats, dict):
        return None
    try:
        totals = stats["totals"]
        calls = int(totals["serialize"]["calls"]), int(totals["validate"]["calls"])
        _sum_own_us(totals)
    except (KeyError, TypeError, ValueError):
        return None
    return calls


def _sum_own_us(totals: StoredStats) -> float:
    """Microseconds of PyForge Web's own: without the database's."""
    parts = [part[key] for part in (totals["serialize"], totals["validate"]) for key in ("native_us", "python_us")]
    return max(0.0, float(sum(parts)) - float(totals["database_us"]))


def _show_cards(totals: StoredStats, span: float) -> Any:
    serialize, validate, spent = totals["serialize"], totals["validate"], _sum_own_us(totals)
    database = totals["database_us"]
    if serialize["calls"]:
        own = max(0.0, serialize["native_us"] + serialize["python_us"] - database)
        rows = serialize["rows"] + totals["django_rows"]
        detail = f"{_format_ms(own)} · {_format_count(rows, 'row')} · {_format_bytes(serialize['bytes'])}"
        yield {"name": "Serialize", "value": _format_count(serialize["calls"], "call"), "detail": detail}
    if validate["calls"]:
        detail = (
            f"{_format_ms(validate['native_us'] + validate['python_us'])} · {_format_count(totals['errors'], 'error')}"
        )
        yield {"name": "Validate", "value": _format_count(validate["calls"], "call"), "detail": detail}
    calls, out = serialize["calls"] + validate["calls"], serialize["out"] + validate["out"]
    rows = serialize["rows"] + validate["rows"] + totals["django_rows"]
    each = f"{(calls + out) / rows:.3g} per row" if rows else "no rows"
    yield {"name": "Crossings", "value": f"{calls:,} → / {out:,} ←", "detail": f"to Rust / to Python · {each}"}
    if rows := serialize["rows"] + totals["django_rows"]:
        yield _show_fast_path(totals, rows)
    if database:
        yield {"name": "Database", "value": _format_ms(database), "detail": "waited inside of the calls"}
    share = f"{_format_ms(spent)} of {_format_ms(span)}"
    yield {"name": "Share of request", "value": f"{min(1.0, spent / span):.1%}", "detail": share}


def _show_fast_path(totals: StoredStats, rows: int) -> dict[str, str]:
    """How much of what was read was read natively: of the rows, and of their columns where queries had some."""
    native, django = totals["native_values"], totals["django_values"]
    share = totals["serialize"]["rows"] / rows * (native / (native + django) if native + django else 1)
    columns = totals["native_columns"] + totals["django_columns"]
    parts = [f"{totals['native_columns']} of {columns} columns native" if columns else "rows read natively"]
    if totals["django_rows"]:
        parts.append(f"{_format_count(totals['django_rows'], 'row')} by Django")
    if totals["rescued"]:
        parts.append(f"{_format_count(totals['rescued'], 'value')} rescued")
    # 99.99 % is not all.
    return {"name": "Fast path", "value": f"{int(share * 1000) / 10:g}%", "detail": " · ".join(parts)}


def _show_lanes(lanes: StoredStats, span: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for source in [*_LANE_ORDER, *(name for name in lanes if name not in _LANE_ORDER)]:
        if source in lanes:
            marks = [
                {"x": _format_svg(start / span * _WIDTH), "width": _format_svg(max(2.5, duration / span * _WIDTH))}
                for start, duration in lanes[source]
            ]
            found.append(
                {
                    "source": source,
                    "name": _SOURCE_NAMES.get(source, source),
                    "colour": _SOURCE_COLOURS.get(source, "#888888"),
                    "y": len(found) * _LANE_HEIGHT + 2,
                    "marks": marks,
                }
            )
    return found


def _show_group(number: int, group: StoredStats, span: float) -> dict[str, Any]:
    total = group["native_us"] + group["python_us"]
    own = max(0.0, total - group["database_us"])
    rows = group["rows"] + group["django_rows"]
    return {
        **group,
        "id": number,
        "where": _shorten_sites(group["sites"]),
        "source_name": _SOURCE_NAMES.get(group["source"], group["source"]),
        "colour": _SOURCE_COLOURS.get(group["source"], "#888888"),
        "own": _format_us(own),
        "own_us": own,
        "database": _format_us(group["database_us"]) if group["database_us"] else "",
        "per_row": _format_us(own / rows) if rows else "",
        "all_rows": f"{rows:,}",
        "row_count": rows,
        "calls_text": f"{group['calls']:,}",
        "size": _format_bytes(group["bytes"]),
        "crossings": f"{group['calls']:,} / {group['out']:,}",
        "query_time": _format_us(group["query_us"]),
        "good": _rate_path(group["path"]),
        "fields_more": max(0, group["field_count"] - len(group["fields"])),
        "native": _format_us(group["native_us"]),
        "python": _format_us(max(0.0, group["python_us"] - group["database_us"])),
        "compile": _format_us(group["compile_us"]) if group["compile_us"] else "",
        "min": _format_us(group["min_us"]),
        "median": _format_us(group["median_us"]),
        "max": _format_us(group["max_us"]),
        "bar_x": _format_svg(min(99.0, group["start_us"] / span * 100)),
        "bar_width": _format_svg(max(1.0, min(100.0, total / span * 100))),
        "column_rows": [_show_column(*column) for column in group["columns"] if column[2] or column[3]],
        "native_names": [name for name, _, django, rescued, *_ in group["columns"] if not django and not rescued],
        "columns_more": max(0, group["column_count"] - len(group["columns"])),
    }


def _show_column(name: str, native: int, django: int, rescued: int, callback_us: float, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": "Django" if django else "rescued",
        "good": "bad" if django else "fair",
        "native": f"{native:,}",
        "through": f"{django + rescued:,}",
        "time": _format_us(callback_us),
        "why": why or "some values are not of the form that native code reads",
    }


def _show_validator(number: int, each: StoredStats) -> dict[str, Any]:
    whens = {"startup": "at start-up", "request": "in a request", "lazily": "lazily"}
    when = whens.get(each["when"], "")
    if each["when"] in ("request", "lazily"):
        when += f", {each['after_us'] / 1e6:,.1f} s after start"
    return {
        **each,
        "id": number,
        "when_text": when or "before the last 500 compilations",
        "compile": _format_us(each["compile_us"]) if each["compile_us"] else "",
        "time": _format_us(each["us"]),
        "calls_text": f"{each['calls']:,}",
        "rows_text": f"{each['rows']:,}",
        "failures": [_show_failure(*failure) for failure in each["failures"]],
    }


def _show_failure(field: str, code: str, number: int) -> dict[str, str]:
    """Of the errors of a batch that nobody has read, no code is known: Django has not been asked for them."""
    is_read = code != "unread"
    said = f"{field} {code}" if is_read else f"{field} (errors not read)"
    format_title = "" if is_read else "Refused. The code is known when error_list() is called."
    return {"text": f"{said} \N{MULTIPLICATION SIGN}{number:,}", "format_title": format_title}


def _show_function(function: StoredStats) -> dict[str, Any]:
    return {
        "name": function["name"],
        "calls": f"{function['calls']:,}",
        "out": f"{function['out']:,}",
        "bytes": f"{function['bytes']:,}",
        "native": _format_us(function["native_us"]),
        "python": _format_us(function["python_us"]),
    }


def _show_compiled(compiled: StoredStats) -> str:
    number = _format_count(compiled["count"], "serializer or validator", "serializers and validators")
    return f"{number} in {_format_ms(compiled['us'])}"


def _shorten_sites(sites: list[str]) -> str:
    """`airports/pages.py:55 embedded`: the last two parts of each path; all of it is in the details."""
    return " ← ".join("/".join(site.rsplit("/", 2)[-2:]) for site in sites)


def _rate_path(path: str) -> str:
    """The worst of the paths in `values + instance`."""
    found = [_PATH_RATINGS.get(part, "bad") for part in path.split(" + ")]
    return next(good for good in ("bad", "fair", "plain", "fast") if good in found)


def _format_count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _format_ms(us: float) -> str:
    return f"{us / 1000:,.2f} ms"


def _format_us(us: float) -> str:
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}"


def _format_bytes(number: int) -> str:
    if number < 1000:
        return _format_count(number, "byte")
    return f"{number / 1000:,.1f} KB" if number < 1_000_000 else f"{number / 1e6:,.2f} MB"


def _format_svg(number: float) -> str:
    """A number in SVG, whatever the language of the page is."""
    return f"{number:.1f}"
