"""What a row becomes, as a tree: once written as a Python function that makes dicts, once as a native program.

Columns are named by their number in the level (`plan.py`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import Error as DjangoDatabaseError

from pyforge_web._native import RowProgram
from pyforge_web.output.method_reads import ColumnNotReadError

# Columns that must all be null (True), or must not be.
Condition = tuple[tuple[int, bool], ...]
ProgramStep = tuple[str, str, list[tuple[int, bool]], int]


class SkippedKey:
    """Stands for a value whose key DRF leaves out."""


class FallbackError(Exception):
    """The native path cannot serve this serializer, or these rows: DRF serializes them. Says why."""


@contextmanager
def errors_by_drf() -> Iterator[None]:
    """Leave an error of a field to DRF, whose error is that of the first row: here columns are made one by one.

    A database that has raised is not asked again: its transaction may be broken.
    """
    try:
        yield
    except (FallbackError, ColumnNotReadError, DjangoDatabaseError):
        raise
    except Exception as error:
        raise FallbackError(f"a field raises {type(error).__name__}") from error


class ValueNode(NamedTuple):
    """The value of a column."""

    column: int


class ObjectNode(NamedTuple):
    """A dict."""

    entries: tuple["EntryNode", ...]


class OptionalNode(NamedTuple):
    """None where a column is null, or else what follows."""

    presence: int
    node: "Node"


class RequiredNode(NamedTuple):
    """A value that DRF cannot read where one of the conditions holds: it raises."""

    conditions: tuple[Condition, ...]
    node: "Node"


class EntryNode(NamedTuple):
    """A key and its value. The key is left out where a condition holds, or where column `marked` is `SkippedKey`."""

    key: str
    node: "Node"
    left_out: tuple[Condition, ...] = ()
    marked: int | None = None


Node = ValueNode | ObjectNode | OptionalNode | RequiredNode


def python_source(node: Node) -> str:
    """Return the Python expression of a node. Serializers are nested by their authors, not by data."""
    match node:
        case ValueNode(column):
            return f"v{column}"
        case OptionalNode(presence, inner):
            return f"({python_source(inner)} if v{presence} is not None else None)"
        case RequiredNode(conditions, inner):
            return f"(missing() if {_any_of(conditions)} else {python_source(inner)})"
        case ObjectNode(entries):
            return "{" + ", ".join(_entry_source(entry) for entry in entries) + "}"


def _entry_source(entry: EntryNode) -> str:
    """A key is always a literal of `repr()`, so that no name of a field can be code."""
    value = f"{entry.key!r}: {python_source(entry.node)}"
    conditions = [] if entry.marked is None else [f"v{entry.marked} is SKIPPED"]
    if entry.left_out:
        conditions.append(_any_of(entry.left_out))
    return f"**({{}} if {' or '.join(conditions)} else {{{value}}})" if conditions else value


def _any_of(conditions: tuple[Condition, ...]) -> str:
    def all_of(condition: Condition) -> str:
        return " and ".join(f"v{column} is {'' if null else 'not '}None" for column, null in condition)

    return " or ".join(f"({all_of(condition)})" for condition in conditions)


def build_function(node: Node, count: int) -> Callable[..., list[Any]]:
    """Return the function from `count` columns to the list of what a node makes of each row."""
    if node == ValueNode(0) and count == 1:
        return list
    row = "".join(f"v{number}, " for number in range(count))
    source = f"lambda *columns: [{python_source(node)} for {row}in zip(*columns)]"
    # The source has names of ours and literals of repr() alone.
    return eval(source, {"SKIPPED": SkippedKey, "missing": _missing})  # type: ignore[no-any-return]  # noqa: S307


def _missing() -> None:
    raise FallbackError("a required field is behind a relation that is null: DRF raises its error")


def make_program(node: Node) -> RowProgram:
    """Return the native program of a node, which writes the JSON of a row."""
    steps: list[ProgramStep] = []
    _add_steps(node, steps)
    return RowProgram(steps)


def _add_steps(node: Node, steps: list[ProgramStep]) -> None:
    match node:
        case ValueNode(column):
            steps.append(("value", "", [(column, False)], 0))
        case OptionalNode(presence, inner):
            at = _open_jump(steps)
            _add_steps(inner, steps)
            steps[at] = ("null_unless", "", [(presence, False)], len(steps))
        case RequiredNode(conditions, inner):
            steps.extend(("require", "", list(condition), 0) for condition in conditions)
            _add_steps(inner, steps)
        case ObjectNode(entries):
            steps.append(("open", "", [], 0))
            for entry in entries:
                _add_entry(entry, steps)
            steps.append(("close", "", [], 0))


def _add_entry(entry: EntryNode, steps: list[ProgramStep]) -> None:
    jumps = [(_open_jump(steps), "skip_when", list(condition)) for condition in entry.left_out]
    if entry.marked is not None:
        jumps.append((_open_jump(steps), "skip_marked", [(entry.marked, False)]))
    steps.append(("key", entry.key, [], 0))
    _add_steps(entry.node, steps)
    for at, name, columns in jumps:
        steps[at] = (name, "", columns, len(steps))


def _open_jump(steps: list[ProgramStep]) -> int:
    """The place of a step whose target is not known yet."""
    steps.append(("", "", [], 0))
    return len(steps) - 1


def columns_of_node(node: Node) -> Iterator[int]:
    """The columns whose values a node writes."""
    work: list[Node] = [node]
    while work:
        match work.pop():
            case ValueNode(column):
                yield column
            case OptionalNode(_, inner) | RequiredNode(_, inner):
                work.append(inner)
            case ObjectNode(entries):
                work.extend(entry.node for entry in entries)
