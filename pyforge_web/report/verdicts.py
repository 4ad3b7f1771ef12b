"""What a team should do with an endpoint, in words."""

from pyforge_web.report.endpoints import Endpoint
from pyforge_web.report.measure import Measurement

# From this number of queries on, they are what to mend first.
_MANY_QUERIES = 20
# A smaller share of the request is not worth a change.
_SMALL_SHARE = 0.05
_SMALL_FACTOR = 1.5
_KIND_VERDICTS = {
    "plain": "measure it: a change of import",
    "ninja": "measure it: a renderer",
    "pyforge": "uses PyForge",
}
_LINES = {"drf": "two lines (setting and renderer)", "ninja": "one line (renderer)"}


def judge_measured(endpoint: Endpoint, found: Measurement) -> str:
    """Return the verdict on a measured endpoint."""
    if found.error:
        return f"not measured: {found.error}"
    # A redirect is mostly one to the login page.
    if found.status in (301, 302, 401, 403):
        return f"not measured: status {found.status}; try --user or --header"
    if found.status != 200:
        return f"not measured: status {found.status}"
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
    if not found.equal:
        return f"not the same at {found.difference}"
    # Both are measured apart, so that the part may seem larger than the whole.
    share = min(1.0, found.write_ms / found.total_ms) if found.total_ms else 0.0
    factor = _find_factor(found)
    if share < _SMALL_SHARE:
        rest = found.total_ms - found.query_ms - found.write_ms
        hint = "; most of it is Python code of the view" if rest > found.total_ms / 2 else ""
        return f"leave alone: the JSON is {share:.1%} of the request{hint}"
    if factor < _SMALL_FACTOR:
        return f"leave alone: {_show_factor(factor)} on {share:.0%} of the request"
    return f"{_show_factor(factor)} on {share:.0%} of the request, {_LINES.get(endpoint.kind, 'one line (import)')}"


def _find_factor(found: Measurement) -> float:
    return found.write_ms / found.pyforge_ms if found.pyforge_ms else 0.0


def _show_factor(factor: float) -> str:
    # 1.6 rounded to 2 would promise twice the gain.
    return f"{factor:.0f}x" if factor >= 10 else f"{factor:.1f}x"


def writes_json(endpoint: Endpoint, found: Measurement | None) -> bool:
    """Return whether an endpoint writes JSON, by its source or by its response."""
    return endpoint.kind != "html" or (found is not None and found.is_json)


def gained_ms(found: Measurement | None) -> float:
    """Return the milliseconds that a request would save; endpoints without a measurement come last."""
    return found.write_ms - found.pyforge_ms if found and found.equal else -1.0


def judge_static(endpoint: Endpoint) -> str:
    """Return what the code alone tells about an endpoint."""
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
    return _KIND_VERDICTS.get(endpoint.kind, "")


def is_native(endpoint: Endpoint, found: Measurement | None) -> bool:
    """Return whether an endpoint is native, which a later run is compared with."""
    if found is not None and found.status == 200:
        return found.native
    return endpoint.kind == "pyforge"
