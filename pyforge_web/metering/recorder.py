"""Calls of native code, grouped by what they wrote, how, and from where. Memory is bounded.

Native code tells calls that are alike by themselves and adds to their group (`native/src/recording.rs`); it comes here
with the first of each kind, and with those that Python code has noted something of.
"""

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, cast

from django.db.models import Model, QuerySet

from pyforge_web._native import Tuples
from pyforge_web.metering.call_groups import SOURCES, Call, Group, Sums
from pyforge_web.metering.call_sites import CallSite, stack
from pyforge_web.metering.row_traces import RowTrace

_STACKS = 25


class Recording:
    """The groups of one collector, and the calls it was asked to keep."""

    def __init__(self, sites: bool, stacks: bool, most: int) -> None:
        self.groups: dict[tuple[object, ...], Group] = {}
        # Whether lines tell groups apart.
        self.sites = sites
        self.calls: list[Call] = []
        # Calls whose group was one too many: they are in the sums of the collector alone.
        self.ungrouped = 0
        # Hears of the first call of each group: function, value, fields, output.
        self.began: Callable[[str, object, object, bytes | None], object] | None = None
        self._stacks = stacks
        self._max_groups = most
        self._lines: dict[tuple[str, int, int], tuple[str, int]] = {}

    def find(
        self,
        function: str,
        start_ns: int,
        value: object,
        fields: object,
        output: bytes | None,
        model: type | None,
        noted: list[Any] | None,
        place: CallSite | None,
        frame: FrameType | None,
    ) -> tuple[Group | None, bool]:
        """The group of a call that has ended, None where there are enough; whether all that look the same are in it.

        `value` was written with `fields=`, or judged; `model` is the class of the instances or tuples in it; `noted`
        is what `notes` held, where Python code ran; `place` is the tag's, or that of the line that made the stream;
        `frame` is the line that calls.
        """
        kind = type(value)
        source = SOURCES.get(function, "direct")
        is_unread = model is None and issubclass(kind, QuerySet) and not noted
        # The end of a stream, and the line that tells of an error, are no groups of their own.
        if source == "stream" and not noted and model is None and (last := self._last_of_stream(kind, place, frame)):
            return last, not is_unread
        key = (
            function,
            kind,
            cast("QuerySet[Any, Any]", value).model if is_unread else model,
            None if fields is None else _column_names(fields),
            None if frame is None else self._line(frame),
            place,
            _readings(noted or ()),
        )
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= self._max_groups:
                self.ungrouped += 1
                return None, False
            if self.began is not None:
                self.began(function, value, fields, output)
            group = self.groups[key] = self._begin(key, noted or (), frame, start_ns)
        if noted:
            group.add_notes(noted)
        return group, not is_unread and (type(fields) is not tuple or _are_plain(fields))

    def keep(self, group: Group, start_ns: int, costs: tuple[int, int, int, int, int, int]) -> None:
        """Keeps a single call."""
        self.calls.append(Call(group, start_ns, Sums(*costs)))

    def _last_of_stream(self, kind: type, place: CallSite | None, frame: FrameType | None) -> Group | None:
        """The group of the stream of which a call tells nothing."""
        site = place or (None if frame is None else CallSite.of(frame))
        alike = (each for each in reversed(self.groups.values()) if each.source == "stream" and each.site == site)
        return next((group for group in alike if group.value_type == kind.__name__), None)

    def _line(self, frame: FrameType) -> tuple[str, int]:
        """The line that calls. Its number is searched for in a table as long as the function: remembered."""
        code = frame.f_code
        instruction = code.co_filename, code.co_firstlineno, frame.f_lasti
        line = self._lines.get(instruction)
        if line is None:
            line = self._lines[instruction] = code.co_filename, frame.f_lineno
        return line

    def _begin(self, key: tuple[Any, ...], noted: Sequence[Any], frame: FrameType | None, start_ns: int) -> Group:
        function, kind, model, fields, _, place, _ = key
        readings = [note for note in noted if type(note) is RowTrace]
        source = SOURCES.get(function, "direct")
        models, path = _path(kind, model, readings)
        is_stream = source == "stream"
        site = None if frame is None else CallSite.of(frame)
        return Group(
            function=function,
            source=source,
            label=", ".join(each._meta.label if issubclass(each, Model) else each.__name__ for each in models),
            value_type=kind.__name__,
            fields=fields or _names(models, path, readings),
            path="rules" if source == "validate" else path,
            why="; ".join(dict.fromkeys(reading.why for reading in readings if reading.why)),
            site=place if is_stream and place else site,
            template=None if is_stream else place,
            start_ns=start_ns,
            stack=stack(frame) if self._stacks and len(self.groups) < _STACKS else (),
        )


def _column_names(fields: object) -> tuple[str, ...]:
    """What `fields=` was given; relations as they are written."""
    return tuple(map(str, fields)) if isinstance(fields, (list, tuple)) else ()


def _are_plain(fields: tuple[object, ...]) -> bool:
    """Whether these are the same names for as long as they are the same object."""
    return all(type(field) is str for field in fields)


def _readings(noted: Sequence[Any]) -> tuple[tuple[type, str, str], ...]:
    """What tells groups apart in the notes of a call; the first of a stream has a reading for its query, too.

    Not the relations of its rows, of which there may be none.
    """
    readings = [note for note in noted if type(note) is RowTrace and not note.within]
    return tuple(dict.fromkeys((note.model, note.path, note.why) for note in readings))


def _path(kind: type, model: type | None, readings: list[RowTrace]) -> tuple[list[type], str]:
    """The classes that a call has written, and how, in words."""
    models = [reading.model for reading in readings]
    paths: list[str] = [reading.path for reading in readings]
    if model is not None:
        models.append(model)
        paths.append("tuples" if kind is Tuples else "instance")
    if not models:
        return [kind], "instance" if issubclass(kind, Model) else "generic"
    return list(dict.fromkeys(models)), " + ".join(dict.fromkeys(paths))


def _names(models: list[type], path: str, readings: list[RowTrace]) -> tuple[str, ...]:
    """The columns that a call has written where it named none."""
    for reading in readings:
        if reading.columns:
            return tuple(filter(None, reading.columns))
    if path == "instance" and issubclass(models[0], Model):
        return tuple(column.attname for column in models[0]._meta.concrete_fields)
    return ()
