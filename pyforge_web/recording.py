"""Calls of native code, grouped by what they wrote, how, and from where. Memory is bounded."""

import sys
from collections import defaultdict
from time import perf_counter_ns
from types import FrameType
from typing import Any, cast

from django.db.models import Model, QuerySet

from .bridge import Tuples
from .groups import SOURCES, Call, Group, Source, Sums
from .reading import Reading
from .sites import Site, caller, place, stack

_GROUPS, _STACKS, _LANE, _DURATIONS = 200, 25, 300, 50


class Recording:
    """The groups of one collector, its timeline, and the calls it was asked to keep."""

    def __init__(self, started_ns: int, sites: bool, stacks: bool, hashes: bool, calls: int) -> None:
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

    def add(
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
        noted: list[Any],
    ) -> None:
        """One call ended: native code calls this, after it has added to the sums of the collector.

        `value` was written with `fields=`, or judged; `model` is the class of the instances or tuples in it; `noted`
        is what `notes` held during the call.
        """
        duration = native_ns + python_ns
        start = perf_counter_ns() - self._started_ns - duration
        source = SOURCES.get(function, "direct")
        lane = self.lanes[source]
        if len(lane) < _LANE:
            lane.append((start, duration))
        kind = type(value)
        if model is None and issubclass(kind, QuerySet) and not noted:
            model = cast("QuerySet[Any, Any]", value).model
        frame = caller(sys._getframe(1)) if self._sites else None
        key = (
            function,
            kind,
            model,
            tuple(map(str, fields)) if isinstance(fields, list | tuple) else None,
            frame and frame.f_code.co_filename,
            frame and frame.f_lineno,
            place.get() if source == "tag" else None,
            _read(noted) if noted else None,
        )
        group = self.groups.get(key) or self._begin(key, noted, frame, start)
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
        if len(group.durations) < _DURATIONS:
            group.durations.append(duration)
        if noted:
            group.add_notes(noted)
        if self._hashes and output is not None:
            group.find_duplicate(size, hash(output))
        if len(self.calls) < self._kept:
            self.calls.append(Call(group, start, Sums(1, crossings_out, rows, size, native_ns, python_ns)))

    def _begin(self, key: tuple[Any, ...], noted: list[Any], frame: FrameType | None, start: int) -> Group | None:
        """A new group, None where there are enough."""
        if len(self.groups) >= _GROUPS:
            self.ungrouped += 1
            return None
        function, kind, model, fields, _, _, template, _ = key
        readings = [note for note in noted if type(note) is Reading]
        models, path = _path(kind, model, readings)
        group = Group(
            function=function,
            source=SOURCES.get(function, "direct"),
            label=", ".join(each._meta.label if issubclass(each, Model) else each.__name__ for each in models),
            value_type=kind.__name__,
            fields=fields or _names(models, path, readings),
            path=path,
            why="; ".join(dict.fromkeys(reading.why for reading in readings if reading.why)),
            site=None if frame is None else Site.of(frame),
            template=template,
            start_ns=start,
            stack=stack(frame) if self._stacks and len(self.groups) < _STACKS else (),
        )
        return self.groups.setdefault(key, group)


def _read(noted: list[Any]) -> tuple[tuple[type, str, str], ...]:
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
