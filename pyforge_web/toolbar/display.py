"""The panel's page and titles, made of stored stats alone: the request is long over, maybe in another process."""

from typing import Any

from pyforge_web.toolbar.stats import Stats, understood

_SOURCES = ("response", "stream", "tag", "direct", "validate")
_NAMES = {"response": "response", "stream": "stream", "tag": "template tag", "direct": "direct", "validate": "validate"}
_LANE = 10  # units of the timeline's height
_WIDTH = 1000  # and of its width
# How good a path is, for its colour; the words stand beside it.
_PATHS = {"values": "fast", "tuples": "fast", "instance": "fair", "generic": "plain"}
# Where no stylesheet is loaded the marks have these colours.
_COLOURS = {"response": "#30c16e", "stream": "#1d9a8a", "tag": "#38bbe8", "direct": "#8b6fd6", "validate": "#d98e04"}


def title(stats: object) -> str:
    """`PyForge: 53 serialize, 2 validate`; never raises."""
    calls = _calls(stats)
    if calls is None:
        return "PyForge"
    serialize, validate = calls
    parts = [f"{number:,} {word}" for number, word in ((serialize, "serialize"), (validate, "validate")) if number]
    return f"PyForge: {', '.join(parts) or 'no calls'}"


def subtitle(stats: object) -> str:
    """`53 calls in 2.41ms, 2 warnings`; never raises."""
    calls = _calls(stats)
    if calls is None or not isinstance(stats, dict):
        return "recorded by another version" if stats else ""
    streaming = "streaming…" if stats["state"] == "streaming" else ""
    warnings = _count(len(stats["warnings"]), "warning") if stats["warnings"] else ""
    if not sum(calls):
        return ", ".join(filter(None, (streaming or "0 calls", warnings)))
    spent = f"{_count(sum(calls), 'call')} in {_spent(stats['totals']) / 1000:.2f}ms"
    return ", ".join(filter(None, (spent, streaming, warnings)))


def context(stats: object) -> dict[str, Any]:
    """What the template shows."""
    if not understood(stats) or not isinstance(stats, dict):
        return {"foreign": True, "empty": not stats}
    try:
        return _context(stats)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # somebody else's, of our version
        return {"foreign": True, "empty": False}


def _context(stats: Stats) -> dict[str, Any]:
    span = max(stats["totals"]["request_us"], 0.1)
    quiet = not stats["groups"] and not stats["validators"] and not sum(_calls(stats) or ())
    return {
        "state": stats["state"],
        "quiet": quiet,
        "warnings": [{**warning, "where": _where(warning["sites"])} for warning in stats["warnings"]],
        "cards": [] if quiet else list(_cards(stats["totals"], span)),
        "lanes": _lanes(stats["lanes"], span),
        "lane_height": _LANE * max(1, len(stats["lanes"])) + 2,
        "span": f"{span / 1000:,.1f}",
        "groups": [_group(number, group, span) for number, group in enumerate(stats["groups"], 1)],
        "more": {key: f"{number:,}" for key, number in stats["more"].items() if number},
        "validators": [_validator(number, each) for number, each in enumerate(stats["validators"], 1)],
        "compiled": _compiled(stats["compiled"]),
        "functions": [_function(function) for function in stats["functions"]],
        "env": stats["env"],
    }


def _calls(stats: object) -> tuple[int, int] | None:
    """Calls that serialize and that validate; None where these are not stats that can be read."""
    if not understood(stats) or not isinstance(stats, dict):
        return None
    try:
        totals = stats["totals"]
        calls = int(totals["serialize"]["calls"]), int(totals["validate"]["calls"])
        _spent(totals)
    except (KeyError, TypeError, ValueError):
        return None
    return calls


def _spent(totals: Stats) -> float:
    """Microseconds of PyForge Web's own: without the database's."""
    parts = [part[key] for part in (totals["serialize"], totals["validate"]) for key in ("native_us", "python_us")]
    return max(0.0, float(sum(parts)) - float(totals["database_us"]))


def _cards(totals: Stats, span: float) -> Any:
    serialize, validate, spent = totals["serialize"], totals["validate"], _spent(totals)
    database = totals["database_us"]
    if serialize["calls"]:
        own = max(0.0, serialize["native_us"] + serialize["python_us"] - database)
        rows = serialize["rows"] + totals["django_rows"]
        detail = f"{_ms(own)} · {_count(rows, 'row')} · {_bytes(serialize['bytes'])}"
        yield {"name": "Serialize", "value": _count(serialize["calls"], "call"), "detail": detail}
    if validate["calls"]:
        detail = f"{_ms(validate['native_us'] + validate['python_us'])} · {_count(totals['errors'], 'error')}"
        yield {"name": "Validate", "value": _count(validate["calls"], "call"), "detail": detail}
    calls, out = serialize["calls"] + validate["calls"], serialize["out"] + validate["out"]
    rows = serialize["rows"] + validate["rows"] + totals["django_rows"]
    each = f"{(calls + out) / rows:.3g} per row" if rows else "no rows"
    yield {"name": "Crossings", "value": f"{calls:,} → / {out:,} ←", "detail": f"to Rust / to Python · {each}"}
    if rows := serialize["rows"] + totals["django_rows"]:
        yield _fast_path(totals, rows)
    if database:
        yield {"name": "Database", "value": _ms(database), "detail": "waited inside of the calls"}
    share = f"{_ms(spent)} of {_ms(span)}"
    yield {"name": "Share of request", "value": f"{min(1.0, spent / span):.1%}", "detail": share}


def _fast_path(totals: Stats, rows: int) -> dict[str, str]:
    """How much of what was read was read natively: of the rows, and of their columns where queries had some."""
    native, django = totals["native_values"], totals["django_values"]
    share = totals["serialize"]["rows"] / rows * (native / (native + django) if native + django else 1)
    columns = totals["native_columns"] + totals["django_columns"]
    parts = [f"{totals['native_columns']} of {columns} columns native" if columns else "rows read natively"]
    if totals["django_rows"]:
        parts.append(f"{_count(totals['django_rows'], 'row')} by Django")
    if totals["rescued"]:
        parts.append(f"{_count(totals['rescued'], 'value')} rescued")
    # 99.99 % is not all.
    return {"name": "Fast path", "value": f"{int(share * 1000) / 10:g}%", "detail": " · ".join(parts)}


def _lanes(lanes: Stats, span: float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for source in [*_SOURCES, *(name for name in lanes if name not in _SOURCES)]:
        if source in lanes:
            marks = [
                {"x": _unit(start / span * _WIDTH), "width": _unit(max(2.5, duration / span * _WIDTH))}
                for start, duration in lanes[source]
            ]
            found.append(
                {
                    "source": source,
                    "name": _NAMES.get(source, source),
                    "colour": _COLOURS.get(source, "#888888"),
                    "y": len(found) * _LANE + 2,
                    "marks": marks,
                }
            )
    return found


def _group(number: int, group: Stats, span: float) -> dict[str, Any]:
    total = group["native_us"] + group["python_us"]
    own = max(0.0, total - group["database_us"])
    rows = group["rows"] + group["django_rows"]
    return {
        **group,
        "id": number,
        "where": _where(group["sites"]),
        "source_name": _NAMES.get(group["source"], group["source"]),
        "colour": _COLOURS.get(group["source"], "#888888"),
        "own": _us(own),
        "own_us": own,
        "database": _us(group["database_us"]) if group["database_us"] else "",
        "per_row": _us(own / rows) if rows else "",
        "all_rows": f"{rows:,}",
        "row_count": rows,
        "calls_text": f"{group['calls']:,}",
        "size": _bytes(group["bytes"]),
        "crossings": f"{group['calls']:,} / {group['out']:,}",
        "query_time": _us(group["query_us"]),
        "good": _good(group["path"]),
        "fields_more": max(0, group["field_count"] - len(group["fields"])),
        "native": _us(group["native_us"]),
        "python": _us(max(0.0, group["python_us"] - group["database_us"])),
        "compile": _us(group["compile_us"]) if group["compile_us"] else "",
        "min": _us(group["min_us"]),
        "median": _us(group["median_us"]),
        "max": _us(group["max_us"]),
        "bar_x": _unit(min(99.0, group["start_us"] / span * 100)),
        "bar_width": _unit(max(1.0, min(100.0, total / span * 100))),
        "column_rows": [_column(*column) for column in group["columns"] if column[2] or column[3]],
        "native_names": [name for name, _, django, rescued, *_ in group["columns"] if not django and not rescued],
        "columns_more": max(0, group["column_count"] - len(group["columns"])),
    }


def _column(name: str, native: int, django: int, rescued: int, callback_us: float, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": "Django" if django else "rescued",
        "good": "bad" if django else "fair",
        "native": f"{native:,}",
        "through": f"{django + rescued:,}",
        "time": _us(callback_us),
        "why": why or "some values are not of the form that native code reads",
    }


def _validator(number: int, each: Stats) -> dict[str, Any]:
    whens = {"startup": "at start-up", "request": "in a request", "lazily": "lazily"}
    when = whens.get(each["when"], "")
    if each["when"] in ("request", "lazily"):
        when += f", {each['after_us'] / 1e6:,.1f} s after start"
    return {
        **each,
        "id": number,
        "when_text": when or "before the last 500 compilations",
        "compile": _us(each["compile_us"]) if each["compile_us"] else "",
        "time": _us(each["us"]),
        "calls_text": f"{each['calls']:,}",
        "rows_text": f"{each['rows']:,}",
        "failures": [_failure(*failure) for failure in each["failures"]],
    }


def _failure(field: str, code: str, number: int) -> dict[str, str]:
    """Of the errors of a batch that nobody has read, no code is known: Django has not been asked for them."""
    is_read = code != "unread"
    said = f"{field} {code}" if is_read else f"{field} (errors not read)"
    title = "" if is_read else "Refused. The code is known when error_list() is called."
    return {"text": f"{said} \N{MULTIPLICATION SIGN}{number:,}", "title": title}


def _function(function: Stats) -> dict[str, Any]:
    return {
        "name": function["name"],
        "calls": f"{function['calls']:,}",
        "out": f"{function['out']:,}",
        "bytes": f"{function['bytes']:,}",
        "native": _us(function["native_us"]),
        "python": _us(function["python_us"]),
    }


def _compiled(compiled: Stats) -> str:
    return (
        f"{_count(compiled['count'], 'serializer or validator', 'serializers and validators')} in {_ms(compiled['us'])}"
    )


def _where(sites: list[str]) -> str:
    """`airports/pages.py:55 embedded`: the last two parts of each path; all of it is in the details."""
    return " ← ".join("/".join(site.rsplit("/", 2)[-2:]) for site in sites)


def _good(path: str) -> str:
    """The worst of the paths in `values + instance`."""
    found = [_PATHS.get(part, "bad") for part in path.split(" + ")]
    return next(good for good in ("bad", "fair", "plain", "fast") if good in found)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _ms(us: float) -> str:
    return f"{us / 1000:,.2f} ms"


def _us(us: float) -> str:
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}"


def _bytes(number: int) -> str:
    if number < 1000:
        return _count(number, "byte")
    return f"{number / 1000:,.1f} KB" if number < 1_000_000 else f"{number / 1e6:,.2f} MB"


def _unit(number: float) -> str:
    """A number in SVG, whatever the language of the page is."""
    return f"{number:.1f}"
