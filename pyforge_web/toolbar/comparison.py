"""The comparison: what a response was made of, written again by Django and by us. The view does not run again.

For that the input itself is kept, in this process alone: the inputs of the newest responses, while DEBUG is on, up to a
size. Nothing of it is stored. The rows of a QuerySet are fetched again, twice in each round.
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import perf_counter_ns
from typing import Any, NamedTuple

from django.conf import settings
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.utils.translation import pgettext

from pyforge_web.conf import get_settings
from pyforge_web.description.describe import is_model_data
from pyforge_web.description.rows import OutputRows
from pyforge_web.encoders import dumps, to_plain
from pyforge_web.metering import Collector
from pyforge_web.toolbar.differences import Difference, find_difference
from pyforge_web.toolbar.formats import format_size

# As many requests as a developer compares at once; each keeps its QuerySet or its data alive.
_MAX_INPUTS = 10
# Enough for a steady best of small inputs; large ones end with the time, so that the page does not wait.
_ROUNDS, _BUDGET_NS = 5, 500_000_000

WriteJson = Callable[[Any], bytes]


class ResponseInput(NamedTuple):
    """What a response was made of, and how large it became.

    `writers` are the two ways to write it, by their names, if the response was not one of ours. `load` makes the value
    when it is needed. `steps` are the parts of today's way, one after the other, by the names of their times in the
    report.
    """

    value: Any
    fields: Any
    size: int
    writers: dict[str, WriteJson] | None = None
    load: Callable[[Any], Any] | None = None
    steps: dict[str, Callable[[Any], Any]] | None = None


class CapturingCollector(Collector):
    """A collector with details that also keeps the input of the response."""

    def __init__(self, *, details: bool = False) -> None:
        super().__init__(details=details)
        self.captured: ResponseInput | None = None
        self.largest = 0  # bytes of a first response that is too large to keep its input
        self._most = max_input_size()
        if self._most and self.recorder is not None:
            self.recorder.on_first_call = self._capture_response

    def _capture_response(self, function: str, value: object, fields: object, output: bytes | None) -> None:
        """Keep the input of the first response."""
        is_first = function == "dumps_response" and self.captured is None
        if is_first and output is not None:
            if len(output) <= self._most:
                self.captured = ResponseInput(value, fields, len(output))
            else:
                self.largest = len(output)


def max_input_size() -> int:
    """Return the number of bytes up to which a response's input is kept; 0 without DEBUG."""
    # Without DEBUG nothing is kept: an input may be anybody's data.
    return get_settings()["PANEL"]["COMPARE_BYTES"] if settings.DEBUG else 0


_inputs: OrderedDict[str, ResponseInput] = OrderedDict()
# `runserver` serves each request in a thread of its own.
_inputs_lock = Lock()


def keep_input(request_id: str, captured: ResponseInput | None) -> bool:
    """Keep the input of a response for its comparison; return whether there is one."""
    if captured is None:
        return False
    most = _MAX_INPUTS * get_settings()["PANEL"]["COMPARE_BYTES"] // 2
    with _inputs_lock:
        _inputs[request_id] = captured
        # The newest one always stays, even if it is larger than all others may be together.
        while len(_inputs) > _MAX_INPUTS or sum(kept.size for kept in _inputs.values()) > max(most, captured.size):
            _inputs.popitem(last=False)
    return True


def explain_size(env: dict[str, Any]) -> str:
    """Return why a response has no comparison, where its size is the reason; an empty text for no such reason."""
    size, limit = env.get("too_large") or (0, 0)
    if not size:
        return ""
    return pgettext(
        "panel", "There is no comparison: the response has %(size)s, and COMPARE_BYTES keeps inputs up to %(limit)s."
    ) % {"size": format_size(size), "limit": format_size(limit)}


@dataclass(frozen=True, slots=True)
class ComparedOutput:
    """One of the two: what it wrote, the best time in milliseconds, or its error."""

    name: str
    text: bytes
    ms: float
    error: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a comparison."""

    sides: tuple[ComparedOutput, ComparedOutput]
    rounds: int
    equal: bool
    same_bytes: bool
    difference: Difference | None
    queries: bool
    is_ours: bool

    @property
    def factor(self) -> float:
        """Return how many times faster we are, or 0 if one of the two failed."""
        django, pyforge = self.sides
        # 0 and not 1: what failed was not as fast, it was not measured.
        return 0.0 if django.error or pyforge.error or not pyforge.ms else django.ms / pyforge.ms


def compare_captured(request_id: str) -> Comparison | str:
    """Return the comparison for a request, or why there is none."""
    if not settings.DEBUG:
        return pgettext("panel", "Responses are compared only while DEBUG is on.")
    with _inputs_lock:
        captured = _inputs.get(request_id)
    if captured is None:
        return pgettext(
            "panel",
            "The input of this response is not here. Each process keeps the inputs of its newest %(number)s responses: "
            "load the page again. With several processes, compare where the request was served.",
        ) % {"number": _MAX_INPUTS}
    return compare_input(captured)


def compare_input(captured: ResponseInput, least_rounds: int = 1) -> Comparison | str:
    """Return the comparison of an input, or why it cannot be read. Slow inputs have `least_rounds`."""
    if captured.load is not None:
        try:
            captured = captured._replace(value=captured.load(captured.value), load=None)
        except ValueError as error:
            return pgettext("panel", "The response cannot be read as JSON: %(error)s") % {"error": error}
    return _compare_input(captured, least_rounds)


def _compare_input(captured: ResponseInput, least_rounds: int) -> Comparison:
    value, fields, given = captured.value, captured.fields, captured.writers
    nan = get_settings()["NAN"]
    writers: dict[str, WriteJson] = given or {
        "Django": lambda data: _write_django(data, fields),
        "PyForge": lambda data: dumps(data, fields=fields, nan=nan),
    }
    # Outputs before times: a faster text that is not the same would be no comparison.
    first = {name: _time_writer(write, value) for name, write in writers.items()}
    if not given and isinstance(first["PyForge"][0], ValueError) and nan == "raise":  # it was written with nan="null"
        writers["PyForge"] = lambda data: dumps(data, fields=fields, nan="null")
        first["PyForge"] = _time_writer(writers["PyForge"], value)
    best = {name: taken for name, (_result, taken) in first.items()}
    rounds, end = 1, perf_counter_ns() + _BUDGET_NS
    failed = any(isinstance(result, Exception) for result, _taken in first.values())
    # In turn, and the best of each: what else runs on the machine slows both.
    while not failed and rounds < _ROUNDS and (rounds < least_rounds or perf_counter_ns() < end):
        for name, write in writers.items():
            best[name] = min(best[name], _time_writer(write, value)[1])
        rounds += 1
    django, pyforge = (_make_output(name, first[name][0], best[name]) for name in writers)
    # As values: that Django writes a blank after each comma is no difference.
    difference = None if failed else find_difference(json.loads(django.text), json.loads(pyforge.text))
    # The same bytes are a promise of `django_bytes=True` alone.
    exact: bytes | Exception = pyforge.text
    if not given:
        exact = _time_writer(lambda data: dumps(data, fields=fields, nan=nan, django_bytes=True), value)[0]
    return Comparison(
        (django, pyforge),
        rounds,
        equal=not failed and difference is None,
        same_bytes=not failed and exact == django.text,
        difference=difference,
        queries=_queries_rows(value),
        is_ours=given is None,
    )


def _time_writer(write: WriteJson, value: Any) -> tuple[bytes | Exception, int]:
    """Return what is written of a fresh copy, or the exception; and the nanoseconds."""
    # An evaluated QuerySet would give its rows from memory, and the second writer would win.
    data = _refresh_value(value)
    started = perf_counter_ns()
    try:
        result: bytes | Exception = write(data)
    except Exception as error:  # it is shown
        result = error
    return result, perf_counter_ns() - started


def _make_output(name: str, result: bytes | Exception, ns: int) -> ComparedOutput:
    if isinstance(result, Exception):
        return ComparedOutput(name, b"", ns / 1e6, f"{type(result).__name__}: {result}"[:300])
    return ComparedOutput(name, result, ns / 1e6, "")


class _DjangoRowsEncoder(DjangoJSONEncoder):
    """Django's encoder, with the rows that one writes by hand before it: `list(queryset.values())`."""

    def default(self, o: Any) -> Any:
        return to_plain(o) if isinstance(o, QuerySet | Model | Page | OutputRows) else super().default(o)


def _write_django(data: Any, fields: Any) -> bytes:
    ours = fields is not None or is_model_data(data)
    return json.dumps(to_plain(data, fields) if ours else data, cls=_DjangoRowsEncoder).encode()


def _refresh_value(value: Any) -> Any:
    """Return the same data with QuerySets that have not run their query yet. Instances stay as they are."""
    if isinstance(value, QuerySet):
        # A copy: the query runs again, as it did in the request.
        return value.all()
    if type(value) is dict:
        return {key: _refresh_value(item) if _may_hold_rows(item) else item for key, item in value.items()}
    if type(value) in (list, tuple):
        # Lists without rows are not copied: they may have many items.
        return type(value)(_refresh_value(item) for item in value) if any(map(_may_hold_rows, value)) else value
    if type(value) is Page:
        return Page(_refresh_value(value.object_list), value.number, value.paginator)
    if isinstance(value, OutputRows):
        return value.renew(_refresh_value)
    return value


def _may_hold_rows(value: Any) -> bool:
    return isinstance(value, QuerySet | Page | OutputRows) or type(value) in (dict, list, tuple)


def _queries_rows(value: Any) -> bool:
    """Return whether writing the value runs queries."""
    if type(value) is dict:
        return any(map(_queries_rows, value.values()))
    if type(value) in (list, tuple):
        return any(map(_queries_rows, value))
    if isinstance(value, OutputRows):
        return _queries_rows(value.data)
    return isinstance(value.object_list if type(value) is Page else value, QuerySet)
