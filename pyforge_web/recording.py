"""Calls of native code, grouped by what they wrote, how, and from where. Memory is bounded."""

import sys
from time import perf_counter_ns
from types import FrameType
from typing import Any

from django.db.models import Model, QuerySet

from .bridge import Tuples
from .groups import Call, Group, Site, Source, Sums, place
from .reading import Reading

_GROUPS, _STACKS, _LANE, _OUTPUTS = 200, 25, 300, 1000
_DEPTH = 20  # frames of a stack

# Not whose line a developer would change; compiled Jinja2 templates have no name.
_HIDDEN = frozenset(
    ("", "asgiref", "asyncio", "concurrent", "contextlib", "contextvars", "debug_toolbar", "django", "jinja2",
     "pyforge_web", "threading")
)  # fmt: skip
_HANDLER = "django.core.handlers.base"


class Recording:
    """The groups of one collector, its timeline, and the calls it was asked to keep."""

    def __init__(self, started_ns: int, sites: bool, stacks: bool, hashes: bool, calls: int) -> None:
        self.groups: dict[tuple[object, ...], Group] = {}
        # Start and duration of the first calls of each source.
        self.lanes: dict[Source, list[tuple[int, int]]] = {}
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
        source: Source,
        costs: Sums,
        value: object,
        fields: object,
        output: bytes | None,
        model: type | None,
        noted: list[Any],
    ) -> None:
        """One call ended."""
        duration = costs.native_ns + costs.python_ns
        start = perf_counter_ns() - self._started_ns - duration
        lane = self.lanes.get(source)
        if lane is None:
            lane = self.lanes.setdefault(source, [])
        if len(lane) < _LANE:
            lane.append((start, duration))
        frame = _caller(sys._getframe(2)) if self._sites else None
        template = place.get() if source == "tag" else None
        subject = _subject(value, model, noted)
        chosen = tuple(fields) if isinstance(fields, list | tuple) else None
        line = (frame.f_code.co_filename, frame.f_lineno) if frame is not None else None
        key = (function, subject, type(value), chosen, line, template)
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= _GROUPS:
                self.ungrouped += 1
                return
            site = None if frame is None else _site(frame)
            classes, path, why = subject
            names = chosen or _names(classes, path, noted)
            label = ", ".join(map(_label, classes))
            kind = type(value).__name__
            group = Group(function, source, label, kind, names, path, why, site, template, start)
            if self._stacks and len(self.groups) < _STACKS:
                group.stack = _stack(sys._getframe(2))
            group = self.groups.setdefault(key, group)
        group.add(costs, duration)
        if noted:
            group.add_notes(noted)
        if self._hashes and output is not None:
            _find_duplicate(group, output)
        if len(self.calls) < self._kept:
            self.calls.append(Call(group, start, costs))


Subject = tuple[tuple[type, ...], str, str]


def _subject(value: object, model: type | None, noted: list[Any]) -> Subject:
    """The classes that were written, the path in words, and why it was Django's."""
    if not noted:
        if model is not None:
            return (model,), "tuples" if type(value) is Tuples else "instance", ""
        if isinstance(value, Model):  # judged, or refused
            return (type(value),), "instance", ""
        if isinstance(value, QuerySet):
            return (value.model,), "values", ""
        return (type(value),), "generic", ""
    readings = [note for note in noted if type(note) is Reading]
    classes = [reading.model for reading in readings]
    paths: list[str] = [reading.path for reading in readings]
    if model is not None:
        classes.append(model)
        paths.append("instance")
    if not classes:
        return (type(value),), "generic", ""
    why = "; ".join(dict.fromkeys(reading.why for reading in readings if reading.why))
    return tuple(dict.fromkeys(classes)), " + ".join(dict.fromkeys(paths)), why


def _label(kind: type) -> str:
    return kind._meta.label if issubclass(kind, Model) else kind.__name__


def _names(classes: tuple[type, ...], path: str, noted: list[Any]) -> tuple[str, ...]:
    """The columns that a call has written where it named none."""
    for note in noted:
        if type(note) is Reading and note.columns:
            return tuple(note.columns)
    if path == "instance" and issubclass(classes[0], Model):
        return tuple(column.attname for column in classes[0]._meta.concrete_fields)
    return ()


def _find_duplicate(group: Group, output: bytes) -> None:
    seen = (len(output), hash(output))
    if seen in group.outputs:
        group.duplicates += 1
    elif len(group.outputs) < _OUTPUTS:
        group.outputs.add(seen)


def _caller(frame: FrameType | None) -> FrameType | None:
    """The nearest frame of the site's own code; without one, what has called us."""
    first = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == _HANDLER:
            break
        root = module.partition(".")[0]
        if root not in _HIDDEN:
            return frame
        if first is None and root != "pyforge_web":
            first = frame
        frame = frame.f_back
    return first


def _site(frame: FrameType) -> Site:
    return Site(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


def _stack(frame: FrameType | None) -> tuple[Site, ...]:
    """The frames of the site's own code, the innermost first."""
    found: list[Site] = []
    while frame is not None and len(found) < _DEPTH:
        module = frame.f_globals.get("__name__", "")
        if module == _HANDLER:
            break
        if module.partition(".")[0] not in _HIDDEN:
            found.append(_site(frame))
        frame = frame.f_back
    return tuple(found)
