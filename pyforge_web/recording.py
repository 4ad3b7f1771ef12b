"""Calls of native code, grouped by what they wrote, how, and from where. Memory is bounded."""

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any, cast

from django.db.models import Model, QuerySet

from .bridge import Tuples
from .groups import SOURCES, Call, Group, Source, Sums
from .reading import Reading
from .sites import Site, caller, place, stack

_STACKS, _LANE, _DURATIONS, _OUTPUTS = 25, 300, 50, 1000


class Recording:
    """The groups of one collector, its timeline, and the calls it was asked to keep."""

    def __init__(self, started_ns: int, sites: bool, stacks: bool, hashes: bool, calls: int, groups: int) -> None:
        self.groups: dict[tuple[object, ...], Group] = {}
        # Start and duration of the first calls of each source.
        self.lanes: defaultdict[Source, list[tuple[int, int]]] = defaultdict(list)
        self.calls: list[Call] = []
        # Calls whose group was one too many: they are in the sums of the collector alone.
        self.ungrouped = 0
        self._started_ns = started_ns
        self._sites = sites or stacks
        self._stacks = stacks
        self._hashes = hashes
        self._kept = calls
        self._max_groups = groups
        self._lines: dict[tuple[str, int, int], tuple[str, int]] = {}
        self._again: dict[tuple[object, ...], Group] = {}
        self._codes: list[CodeType] = []
        # Hears of the first call of each group: function, value, fields, output.
        self.began: Callable[[str, object, object, bytes | None], object] | None = None

    def add(  # noqa: C901 - for each call: a function more would be a tenth of its cost
        self,
        function: str,
        crossings_out: int,
        rows: int,
        size: int,
        native_ns: int,
        python_ns: int,
        value: object,
        fields: object,
        output: bytes | None,
        model: type | None,
        noted: list[Any] | None,
    ) -> None:
        """One call ended: native code calls this, after it has added to the sums of the collector.

        `value` was written with `fields=`, or judged; `model` is the class of the instances or tuples in it; `noted`
        is what `notes` held, where Python code ran. Spelled for speed: `benchmarks/suites/counting.py`.
        """
        duration = native_ns + python_ns
        start = perf_counter_ns() - self._started_ns - duration
        frame = sys._getframe(1)
        # The same instruction, and nothing that could tell it from its last call.
        again = function, type(value), model, id(frame.f_code), frame.f_lasti
        group = None if noted or fields is not None else self._again.get(again)
        if group is None:
            group = self._find(function, value, fields, output, model, noted or (), frame, start)
            lane = self.lanes[SOURCES.get(function, "direct")]
        else:
            lane = self.lanes[group.source]
        if len(lane) < _LANE:
            lane.append((start, duration))
        if group is None:
            return
        group.calls += 1
        group.crossings_out += crossings_out
        group.rows += rows
        group.bytes += size
        group.native_ns += native_ns
        group.python_ns += python_ns
        if duration > group.max_ns:
            group.max_ns = duration
        if duration < group.min_ns:
            group.min_ns = duration
        if group.calls <= _DURATIONS:
            group.durations.append(duration)
        if noted:
            group.add_notes(noted)
        if self._hashes and output is not None:
            digest = size, hash(output)
            if digest in group.outputs:
                group.duplicates += 1
            elif len(group.outputs) < _OUTPUTS:
                group.outputs.add(digest)
        if len(self.calls) < self._kept:
            sums = Sums(1, crossings_out, rows, size, native_ns, python_ns)
            self.calls.append(Call(group, start, sums))

    def _find(
        self,
        function: str,
        value: object,
        fields: object,
        output: bytes | None,
        model: type | None,
        noted: Sequence[Any],
        nearest: FrameType,
        start: int,
    ) -> Group | None:
        """The group of a call; a new one if there is none like it, None where there are enough."""
        kind, source = type(value), SOURCES.get(function, "direct")
        frame = caller(nearest) if self._sites else None
        is_unread = model is None and issubclass(kind, QuerySet) and not noted
        key = (
            function,
            kind,
            cast("QuerySet[Any, Any]", value).model if is_unread else model,
            None if fields is None else _column_names(fields),
            None if frame is None else self._line(frame),
            place.get() if source == "tag" else None,
            _readings(noted) if noted else None,
        )
        group = self.groups.get(key)
        if group is None:
            if self.began is not None:
                self.began(function, value, fields, output)
            group = self._begin(key, noted, frame, start)
        is_alike = fields is None and not noted and not is_unread and source != "tag" and frame in (nearest, None)
        if group is not None and is_alike:
            self._codes.append(nearest.f_code)  # its id() stays its own
            self._again[function, kind, model, id(nearest.f_code), nearest.f_lasti] = group
        return group

    def _line(self, frame: FrameType) -> tuple[str, int]:
        """The line that calls. Its number is searched for in a table as long as the function: remembered."""
        code = frame.f_code
        instruction = code.co_filename, code.co_firstlineno, frame.f_lasti
        line = self._lines.get(instruction)
        if line is None:
            line = self._lines[instruction] = code.co_filename, frame.f_lineno
        return line

    def _begin(self, key: tuple[Any, ...], noted: Sequence[Any], frame: FrameType | None, start: int) -> Group | None:
        """A new group, None where there are enough."""
        if len(self.groups) >= self._max_groups:
            self.ungrouped += 1
            return None
        function, kind, model, fields, _, template, _ = key
        readings = [note for note in noted if type(note) is Reading]
        source = SOURCES.get(function, "direct")
        models, path = _path(kind, model, readings)
        group = Group(
            function=function,
            source=source,
            label=", ".join(each._meta.label if issubclass(each, Model) else each.__name__ for each in models),
            value_type=kind.__name__,
            fields=fields or _names(models, path, readings),
            path="rules" if source == "validate" else path,
            why="; ".join(dict.fromkeys(reading.why for reading in readings if reading.why)),
            site=None if frame is None else Site.of(frame),
            template=template,
            start_ns=start,
            stack=stack(frame) if self._stacks and len(self.groups) < _STACKS else (),
        )
        return self.groups.setdefault(key, group)


def _column_names(fields: object) -> tuple[str, ...]:
    """What `fields=` was given; relations as they are written."""
    return tuple(map(str, fields)) if isinstance(fields, (list, tuple)) else ()


def _readings(noted: Sequence[Any]) -> tuple[tuple[type, str, str], ...]:
    """What tells one group from another in the notes of a call."""
    return tuple((note.model, note.path, note.why) for note in noted if type(note) is Reading)


def _path(kind: type, model: type | None, readings: list[Reading]) -> tuple[list[type], str]:
    """The classes that a call has written, and how, in words."""
    models = [reading.model for reading in readings]
    paths: list[str] = [reading.path for reading in readings]
    if model is not None:
        models.append(model)
        paths.append("tuples" if kind is Tuples else "instance")
    if not models:
        return [kind], "instance" if issubclass(kind, Model) else "generic"
    return list(dict.fromkeys(models)), " + ".join(dict.fromkeys(paths))


def _names(models: list[type], path: str, readings: list[Reading]) -> tuple[str, ...]:
    """The columns that a call has written where it named none."""
    for reading in readings:
        if reading.columns:
            return tuple(reading.columns)
    if path == "instance" and issubclass(models[0], Model):
        return tuple(column.attname for column in models[0]._meta.concrete_fields)
    return ()
