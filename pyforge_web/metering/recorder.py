"""Groups of native calls: by what they wrote, how, and from which line. The number of groups is limited.

Native code recognises most calls that are alike and adds them to their group (`native/src/metering/recorder.rs`).
It asks here for the first call of each kind, and for calls whose Python code has noted something.
"""

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, cast

from django.db.models import Model, QuerySet

from pyforge_web._native import ValueTuples
from pyforge_web.metering.call_groups import CALL_SOURCES, CallGroup
from pyforge_web.metering.call_sites import CallSite, read_stack
from pyforge_web.metering.row_traces import RowTrace

# A stack costs about 100 us at a usual depth, so only the first groups have one.
_MAX_STACKS = 25


class CallRecorder:
    """The groups of one collector."""

    def __init__(self, max_groups: int) -> None:
        self.groups: dict[tuple[object, ...], CallGroup] = {}
        # Calls of a group too many: only the sums of the collector have them.
        self.ungrouped = 0
        # Called at the first call of each group with: function, value, fields, output.
        self.on_first_call: Callable[[str, object, object, bytes | None], object] | None = None
        self._max_groups = max_groups
        self._lines: dict[tuple[str, int, int], tuple[str, int]] = {}

    def find_group(
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
        error: BaseException | None = None,
    ) -> tuple[CallGroup | None, bool]:
        """Return the group of a call that has ended, and whether every call that looks like it belongs there, too.

        The group is None if there are too many. `value` was written with `fields=`, or validated. `model` is the class
        of the instances or tuples in it. `noted` is what `call_notes` held, if Python code ran. `place` is the template
        tag, or the line that created the stream. `frame` is the calling frame.
        `error` is what the call raised.
        """
        # `type` and not `__class__`: a lazy object says that it is what it wraps, and is not yet read.
        kind = type(value)
        source = CALL_SOURCES.get(function, "direct")
        # No row was read, so nobody has noted the model: the QuerySet itself has it.
        is_unread = model is None and issubclass(kind, QuerySet) and not noted
        # The end of a stream, and its error line, do not start a group.
        if source == "stream" and not noted and model is None and (last := self._last_of_stream(kind, place, frame)):
            return last, not is_unread
        key = (
            function,
            kind,
            cast("QuerySet[Any, Any]", value).model if is_unread else model,
            None if fields is None else _format_field_names(fields),
            None if frame is None else self._find_line(frame),
            place,
            _summarize_traces(noted or ()),
            None if error is None else type(error),
        )
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= self._max_groups:
                self.ungrouped += 1
                return None, False
            if self.on_first_call is not None:
                # Before the group exists: what keeps the input may need the function and the value alone.
                self.on_first_call(function, value, fields, output)
            group = self.groups[key] = self._begin_group(key, noted or (), frame, start_ns)
        if noted:
            group.add_notes(noted)
        if error is not None:
            group.add_error(error)
        return group, error is None and not is_unread and (type(fields) is not tuple or _are_plain_names(fields))

    def _last_of_stream(self, kind: type, place: CallSite | None, frame: FrameType | None) -> CallGroup | None:
        """Return the group of the stream that a call without any trace belongs to."""
        site = place or (None if frame is None else CallSite.of(frame))
        alike = (group for group in reversed(self.groups.values()) if group.source == "stream" and group.site == site)
        return next((group for group in alike if group.value_type == kind.__name__), None)

    def _find_line(self, frame: FrameType) -> tuple[str, int]:
        """Return the file and line of a frame. `f_lineno` searches a table as long as the function: remember it."""
        code = frame.f_code
        # Not the code object itself, which would be kept alive: a view may be made at run time.
        instruction = code.co_filename, code.co_firstlineno, frame.f_lasti
        line = self._lines.get(instruction)
        if line is None:
            line = self._lines[instruction] = code.co_filename, frame.f_lineno
        return line

    def _begin_group(
        self, key: tuple[Any, ...], noted: Sequence[Any], frame: FrameType | None, start_ns: int
    ) -> CallGroup:
        function, kind, model, fields, _, place, *_ = key
        traces = [note for note in noted if type(note) is RowTrace]
        source = CALL_SOURCES.get(function, "direct")
        models, path = _name_path(kind, model, traces)
        is_stream = source == "stream"
        site = None if frame is None else CallSite.of_project(frame)
        return CallGroup(
            function=function,
            source=source,
            label=", ".join(model._meta.label if issubclass(model, Model) else model.__name__ for model in models),
            value_type=kind.__name__,
            fields=fields or _find_written_names(models, path, traces),
            path="rules" if source == "validate" else path,
            why="; ".join(dict.fromkeys(trace.why for trace in traces if trace.why)),
            site=place if is_stream and place else site,
            template=None if is_stream else place,
            start_ns=start_ns,
            stack=read_stack(frame) if len(self.groups) < _MAX_STACKS else (),
        )


def _format_field_names(fields: object) -> tuple[str, ...]:
    """Return what `fields=` was given; relations are shown as they are written."""
    return tuple(map(str, fields)) if isinstance(fields, (list, tuple)) else ()


def _are_plain_names(fields: tuple[object, ...]) -> bool:
    """Return whether a tuple can only ever hold the same names: a dict in it could change."""
    return all(type(field) is str for field in fields)


def _summarize_traces(noted: Sequence[Any]) -> tuple[tuple[type, str, str], ...]:
    """Return what distinguishes groups in the notes of a call.

    The traces of related rows are left out: a page whose rows have no related rows belongs to the same group.
    """
    traces = [note for note in noted if type(note) is RowTrace and not note.within]
    return tuple(dict.fromkeys((trace.model, trace.path, trace.why) for trace in traces))


def _name_path(kind: type, model: type | None, traces: list[RowTrace]) -> tuple[list[type], str]:
    """Return the classes that a call has written, and the name of the way they were read."""
    models = [trace.model for trace in traces]
    paths: list[str] = [trace.path for trace in traces]
    if model is not None:
        models.append(model)
        paths.append("tuples" if kind is ValueTuples else "instance")
    if "django" in paths:  # instances that Django made for the same rows
        paths = [path for path in paths if path != "instance"]
    if not models:
        return [kind], "instance" if issubclass(kind, Model) else "generic"
    return list(dict.fromkeys(models)), " + ".join(dict.fromkeys(paths))


def _find_written_names(models: list[type], path: str, traces: list[RowTrace]) -> tuple[str, ...]:
    """Return the columns that a call wrote without a `fields=` that names them."""
    for trace in traces:
        if trace.columns:
            return tuple(filter(None, trace.columns))
    if path == "instance" and issubclass(models[0], Model):
        return tuple(column.attname for column in models[0]._meta.concrete_fields)
    return ()
