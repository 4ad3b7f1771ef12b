"""The comparison: what a response was made of, written again by Django and by us. The view is not run again.

For that the input itself is kept, in this process alone: that of the newest responses, while DEBUG is on, up to a size.
Nothing of it is stored. What a QuerySet gives is asked of the database again, twice for each round.
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
from django.views.debug import get_default_exception_reporter_filter

from pyforge_web.conf import get_settings
from pyforge_web.encoders import dumps, to_plain
from pyforge_web.metering import Collector
from pyforge_web.output.describe import is_model_data
from pyforge_web.secrets import is_secret_name

_MAX_INPUTS = 10  # inputs
_ROUNDS, _BUDGET_NS = 5, 500_000_000
_MAX_SHOWN = 80  # characters of a value


class ResponseInput(NamedTuple):
    """What a response was made of, and how large it became."""

    value: Any
    fields: Any
    size: int


class CapturingCollector(Collector):
    """A collector that keeps the input of the response too; its arguments are those of `Collector`."""

    def __init__(self, *, details: bool = False) -> None:
        super().__init__(details=details)
        self.captured: ResponseInput | None = None
        self._most = get_settings()["PANEL"]["COMPARE_BYTES"] if settings.DEBUG else 0
        if self._most and self.recorder is not None:
            self.recorder.on_first_call = self._capture

    def _capture(self, function: str, value: object, fields: object, output: bytes | None) -> None:
        """Keeps the input of the first response."""
        is_first = function == "dumps_response" and self.captured is None
        if is_first and output is not None and len(output) <= self._most:
            self.captured = ResponseInput(value, fields, len(output))


_inputs: OrderedDict[str, ResponseInput] = OrderedDict()
_inputs_lock = Lock()


def keep_input(request_id: str, collector: CapturingCollector) -> bool:
    """Keeps the input of a response for its comparison; whether there is one."""
    captured = collector.captured
    if captured is None:
        return False
    most = _MAX_INPUTS * get_settings()["PANEL"]["COMPARE_BYTES"] // 2
    with _inputs_lock:
        _inputs[request_id] = captured
        while len(_inputs) > _MAX_INPUTS or sum(each.size for each in _inputs.values()) > max(most, captured.size):
            _inputs.popitem(last=False)
    return True


@dataclass(frozen=True, slots=True)
class ComparedOutput:
    """One of the two: what it wrote, in how many milliseconds at best, or its error."""

    name: str
    text: bytes
    ms: float
    error: str

    @property
    def size(self) -> str:
        """The number of bytes."""
        return f"{len(self.text):,}"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the values differ, and both values there, cut short."""

    path: str
    django: str
    pyforge: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found."""

    sides: tuple[ComparedOutput, ComparedOutput]
    rounds: int
    equal: bool
    same_bytes: bool
    difference: Difference | None
    queries: bool

    @property
    def factor(self) -> float:
        """How many times faster we are; 0 where one of the two failed."""
        django, pyforge = self.sides
        return 0.0 if django.error or pyforge.error or not pyforge.ms else django.ms / pyforge.ms


def compare_captured(request_id: str) -> Comparison | str:
    """The comparison for a request; in words why there is none."""
    if not settings.DEBUG:
        return "Responses are compared where DEBUG is on alone."
    with _inputs_lock:
        captured = _inputs.get(request_id)
    if captured is None:
        return (
            f"The input of this response is not here. Each process keeps those of its newest {_MAX_INPUTS} responses: "
            "load the page again, and with several processes compare where the request was served."
        )
    return _compare_input(captured)


def _compare_input(captured: ResponseInput) -> Comparison:
    value, fields, _ = captured
    nan = get_settings()["NAN"]
    writers: dict[str, Callable[[Any], bytes]] = {
        "Django": lambda data: _write_django(data, fields),
        "PyForge": lambda data: dumps(data, fields=fields, nan=nan),
    }
    first = {name: _time_writer(write, value) for name, write in writers.items()}
    if isinstance(first["PyForge"][0], ValueError) and nan == "raise":  # it was written: with nan="null"
        writers["PyForge"] = lambda data: dumps(data, fields=fields, nan="null")
        first["PyForge"] = _time_writer(writers["PyForge"], value)
    best = {name: taken for name, (_, taken) in first.items()}
    rounds, end = 1, perf_counter_ns() + _BUDGET_NS
    failed = any(isinstance(result, Exception) for result, _ in first.values())
    while not failed and rounds < _ROUNDS and perf_counter_ns() < end:
        for name, write in writers.items():
            best[name] = min(best[name], _time_writer(write, value)[1])
        rounds += 1
    django, pyforge = (_make_output(name, first[name][0], best[name]) for name in writers)
    difference = None if failed else find_difference(json.loads(django.text), json.loads(pyforge.text))
    exact = _time_writer(lambda data: dumps(data, fields=fields, nan=nan, django_bytes=True), value)[0]
    return Comparison(
        (django, pyforge),
        rounds,
        not failed and difference is None,
        exact == django.text,
        difference,
        _queries_rows(value),
    )


def _time_writer(write: Callable[[Any], bytes], value: Any) -> tuple[bytes | Exception, int]:
    """What is written of a fresh copy, or the exception; and the nanoseconds."""
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
        return to_plain(o) if isinstance(o, QuerySet | Model | Page) else super().default(o)


def _write_django(data: Any, fields: Any) -> bytes:
    ours = fields is not None or is_model_data(data)
    return json.dumps(to_plain(data, fields) if ours else data, cls=_DjangoRowsEncoder).encode()


def _refresh_value(value: Any) -> Any:
    """The same data with QuerySets that have not asked the database yet; instances stay as they are."""
    if isinstance(value, QuerySet):
        return value.all()
    if type(value) is dict:
        return {key: _refresh_value(item) if _may_hold_rows(item) else item for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_refresh_value(item) for item in value) if any(map(_may_hold_rows, value)) else value
    if type(value) is Page:
        return Page(_refresh_value(value.object_list), value.number, value.paginator)
    return value


def _may_hold_rows(value: Any) -> bool:
    return isinstance(value, QuerySet | Page) or type(value) in (dict, list, tuple)


def _queries_rows(value: Any) -> bool:
    """Whether the database is asked."""
    if type(value) is dict:
        return any(map(_queries_rows, value.values()))
    if type(value) in (list, tuple):
        return any(map(_queries_rows, value))
    return isinstance(value.object_list if type(value) is Page else value, QuerySet)


def find_difference(django: Any, pyforge: Any) -> Difference | None:
    """The first place where two values read from JSON differ; types, the order of keys and the sign of zero count."""
    waiting = [("$", django, pyforge, False)]
    while waiting:
        path, one, other, hidden = waiting.pop()
        if type(one) is type(other) is dict and list(one) == list(other):
            waiting.extend(
                (f"{path}.{key}", one[key], other[key], hidden or _is_secret_key(key)) for key in reversed(one)
            )
        elif type(one) is type(other) is list and len(one) == len(other):
            waiting.extend((f"{path}[{at}]", one[at], other[at], hidden) for at in reversed(range(len(one))))
        elif type(one) is not type(other) or repr(one) != repr(other):
            return Difference(path, *("hidden" if hidden else _show_value(each) for each in (one, other)))
    return None


def _is_secret_key(key: str) -> bool:
    return is_secret_name(key) or get_default_exception_reporter_filter().cleanse_setting(key, "") != ""


def _show_value(value: Any) -> str:
    """A value, cut short; of a container what it holds, as its values may be secret."""
    if isinstance(value, dict):
        return f"an object of {len(value)}: {', '.join(value)}"[:_MAX_SHOWN]
    if isinstance(value, list):
        return f"an array of {len(value)}"
    return json.dumps(value, ensure_ascii=False)[:_MAX_SHOWN]
