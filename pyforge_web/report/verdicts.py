"""What a team should do with an endpoint, in words."""

from collections.abc import Iterable

from pyforge_web.report.endpoints import Endpoint
from pyforge_web.report.measure import Measurement
from pyforge_web.report.results import EndpointReport

# From this number of queries on, they are what to mend first.
_MANY_QUERIES = 20
# A smaller share of the request is not worth a change.
_SMALL_SHARE = 0.05
_SMALL_FACTOR = 1.5
_KIND_VERDICTS = {
    "plain": "measure it: a change of import",
    "ninja": "measure it: a renderer",
}
# What the view's own code may leave out, where it makes rows of a QuerySet. A view of DRF is measured with its rows.
_ROWS_LINES = {
    "plain": "if it makes rows of a QuerySet, pass the QuerySet, or rows()",
    "ninja": "if it returns a QuerySet, add @native_rows",
}
# A smaller or faster response has no rows to speak of.
_LARGE_BYTES, _SLOW_MS = 2_000, 2.0
_LINES = {"drf": "two lines (setting and renderer)", "ninja": "one line (renderer)"}


def judge_measured(endpoint: Endpoint, found: Measurement) -> str:
    """Return the verdict on a measured endpoint."""
    if reason := _find_failure(found):
        return reason
    if found.native:
        return "native already"
    if found.queries > _MANY_QUERIES:
        verdict = f"{found.queries} queries first ({found.query_ms:.0f} ms of {found.total_ms:.0f})"
        # What a serializer of DRF asks for each row is part of the measurement, and gone on our side.
        factor = _find_factor(found)
        is_gain = endpoint.kind == "drf" and found.equal and factor >= _SMALL_FACTOR
        return f"{verdict}, or {_show_factor(factor)}: {_LINES['drf']}" if is_gain else verdict
    if not found.is_json or found.equal is None:
        return "leave alone: no JSON to write" if not found.is_json else "leave alone: the JSON is small"
    return _judge_share(endpoint, found) if found.equal else f"not the same at {found.difference}"


def _find_failure(found: Measurement) -> str:
    """Return why nothing was measured; an empty text where it was."""
    if found.error:
        return f"not measured: {found.error}"
    if found.status == 405:
        return "leave alone: it does not take GET"
    # A redirect is mostly one to the login page.
    if found.status in (301, 302, 401, 403):
        return f"not measured: status {found.status}; try --user or --header"
    return "" if found.status == 200 else f"not measured: status {found.status}"


def _judge_share(endpoint: Endpoint, found: Measurement) -> str:
    """Return the verdict on a response that is the same both ways, by its share of the request and by the gain."""
    # Both are measured apart, so that the part may seem larger than the whole.
    share = min(1.0, found.write_ms / found.total_ms) if found.total_ms else 0.0
    if share < _SMALL_SHARE:
        return _judge_rest(endpoint, found, f"the JSON is {share:.1%} of the request")
    factor = _find_factor(found)
    if factor < _SMALL_FACTOR:
        return f"leave alone: {_show_factor(factor)} on {share:.0%} of the request"
    return f"{_show_factor(factor)} on {share:.0%} of the request, {_LINES.get(endpoint.kind, 'one line (import)')}"


def _judge_rest(endpoint: Endpoint, found: Measurement, verdict: str) -> str:
    """Return the verdict on a request whose time is not in the JSON."""
    if found.total_ms - found.query_ms - found.write_ms <= found.total_ms / 2:
        return f"leave alone: {verdict}"
    # What was measured is the finished data: how the view made it may be the larger gain.
    makes_rows = endpoint.kind in _ROWS_LINES and found.queries and found.size > _LARGE_BYTES
    if makes_rows and found.total_ms > _SLOW_MS:
        return f"{verdict}, most of it is Python code of the view: {_ROWS_LINES[endpoint.kind]}"
    return f"leave alone: {verdict}; most of it is Python code of the view"


def _find_factor(found: Measurement) -> float:
    return found.write_ms / found.pyforge_ms if found.pyforge_ms else 0.0


def _show_factor(factor: float) -> str:
    # 1.6 rounded to 2 would promise twice the gain.
    return f"{factor:.0f}x" if factor >= 10 else f"{factor:.1f}x"


def writes_json(endpoint: Endpoint, found: Measurement | None) -> bool:
    """Return whether an endpoint writes JSON, by its source or by its response."""
    return endpoint.kind != "html" or (found is not None and found.is_json)


def has_failed(endpoint: Endpoint, found: Measurement | None) -> bool:
    """Return whether nobody knows what an endpoint writes, because it failed."""
    return found is not None and not writes_json(endpoint, found) and (bool(found.error) or found.status >= 500)


def sort_endpoints(endpoints: Iterable[EndpointReport]) -> list[EndpointReport]:
    """Return the endpoints that gain most first, and those that are native already last."""
    return sorted(endpoints, key=lambda found: (found.native, -_gained_ms(found.measured)))


def _gained_ms(found: Measurement | None) -> float:
    """Return the milliseconds that a request would save; endpoints without a measurement come last."""
    gains = [-1.0]
    if found is not None and found.equal:
        gains += [0.0, found.write_ms - found.pyforge_ms]  # a change that makes it slower is no worse than none
    if found is not None and found.queries > _MANY_QUERIES:
        gains.append(found.query_ms)
    return max(gains)


def judge_static(endpoint: Endpoint) -> str:
    """Return what the code alone tells about an endpoint."""
    if endpoint.is_ours:
        return "uses PyForge"
    if endpoint.kind == "drf":
        if endpoint.answers == "object":
            return "leave alone: one object, not a list"
        if not endpoint.answers:
            return "measure it"
        if endpoint.mode == "rows":
            return "rows: 2 to 4x at 25 rows, 9 to 17x at 1,000"
        if endpoint.mode == "rows with instances":
            return "rows with lean instances: 2x at 25 rows, 9x at 1,000"
        return "renderer only: a few percent" if endpoint.mode == "instances" else "measure it"
    if endpoint.kind == "plain" and endpoint.answers:
        return _judge_rows(endpoint)
    return _KIND_VERDICTS.get(endpoint.kind, "")


def _judge_rows(endpoint: Endpoint) -> str:
    """Return what the source of a plain view tells."""
    if endpoint.answers == "object":
        return "leave alone: one object, not a list"
    share = endpoint.fields.get("native", 0) / max(1, sum(endpoint.fields.values()))
    return f"measure it: with the rows themselves {share:.0%} of the values would be native"


def is_native(endpoint: Endpoint, found: Measurement | None) -> bool:
    """Return whether an endpoint is native, which a later run is compared with."""
    if found is not None and found.status == 200:
        return found.native
    return endpoint.is_ours
