"""What a plain view writes, as far as its source tells: rows of which models, and which of their values are native."""

import ast
import inspect
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import router
from django.db.models import Model

from pyforge_web.report.model_paths import explain_columns
from pyforge_web.report.row_values import RowValue, describe_row, join_fields
from pyforge_web.report.source_names import NamedRows, SourceNames, find_row_names

_MOST_SOURCES = 20  # of one view and the functions that it calls for a row


@dataclass(slots=True)
class ViewRows:
    """The rows that a view writes: their models, their values by mode, why a value is not native, what to change."""

    models: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    changes: list[str] = field(default_factory=list)
    has_lists: bool = False


class _WrittenRows(NamedTuple):
    """Rows in a source: the expression that gives them, and the values that are written of each."""

    model: type[Model]
    is_list: bool
    change: str
    values: list[RowValue]


def find_view_rows(view: Any) -> ViewRows:
    """Return the rows that a function or class writes, and the functions of its project that it calls for a row."""
    found = ViewRows()
    seen: set[Any] = set()
    waiting: list[tuple[Any, dict[str, NamedRows]]] = [(view, {})]
    # A function may call itself for a row below a row.
    while waiting and len(seen) < _MOST_SOURCES:
        code, rows = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        tree = _parse_source(code)
        if tree is None:
            continue
        names = SourceNames(find_globals(code), _find_view_model(code), rows)
        names.bind(tree)
        nodes: list[ast.AST] = [tree]
        while nodes:
            node = nodes.pop()
            if (helper := names.find_helper(node)) is not None:
                waiting.append(helper)
            elif (written := _read_rows(node, names)) is not None:
                _add_rows(found, written)
            else:  # what is read as rows is read with its parts
                nodes.extend(reversed(list(ast.iter_child_nodes(node))))
    return found


def _parse_source(code: Any) -> ast.Module | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError):  # a lambda's source may begin in the middle of a call
        return None


def find_globals(code: Any) -> dict[str, Any]:
    """Return what the names of a function or class stand for: its module's, and those of the functions around it."""
    module = sys.modules.get(getattr(code, "__module__", ""), None)
    return {**vars(module), **_find_closure(code)} if module else {}


def _find_closure(code: Any) -> dict[str, Any]:
    return dict(inspect.getclosurevars(code).nonlocals) if inspect.isfunction(code) else {}


def _find_view_model(code: Any) -> type[Model] | None:
    """Return the model of a class-based view."""
    queryset = getattr(code, "queryset", None)
    model = getattr(code, "model", None) or getattr(queryset, "model", None)
    return model if inspect.isclass(model) and issubclass(model, Model) else None


def _read_rows(node: ast.AST, names: SourceNames) -> _WrittenRows | None:
    """Return what a node writes of rows: a call of `values()`, or a dict of values of one row."""
    if isinstance(node, ast.Dict):
        found = find_row_names(node, names)
        # A dict of two rows is not one row of output.
        if len(found) != 1:
            return None
        row = names.rows[found.pop()]
        values = describe_row(node, row.model, names)
        # `{"article": describe(article)}` is not the row: what its values call is.
        if not any(value.path for value in values):
            return None
        change = f"rows({row.text}, {join_fields(values)})" if row.text else ""
        return _WrittenRows(row.model, bool(row.text), change, values)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "values":
        return None
    rows = names.infer(node.func.value)
    columns = [item.value for item in node.args if isinstance(item, ast.Constant)]
    if rows is None or not rows.is_list or len(columns) < len(node.args):
        return None
    all_columns = [] if node.keywords else [column.attname for column in rows.model._meta.concrete_fields]
    paths = [str(name) for name in columns or all_columns]
    change = f"the QuerySet itself, without list(): {ast.unparse(node)}"
    return _WrittenRows(rows.model, True, change, [RowValue(path, "native", "", "") for path in paths])


def _add_rows(found: ViewRows, written: _WrittenRows) -> None:
    label = written.model._meta.label
    if label not in found.models:
        found.models.append(label)
    # The columns of another model that a path ends in are explained with their own field.
    paths = [value.path for value in written.values if value.mode == "native" and value.path]
    explained = {item.field.removeprefix(f"{label}."): item for item in _explain_paths(written.model, paths)}
    for value in written.values:
        item = explained.get(value.path)
        mode, reason = (item.path, item.reason) if value.mode == "native" and item else (value.mode, value.reason)
        found.fields[mode] += 1
        if mode != "native" and reason:
            found.reasons[reason] += 1
    found.has_lists = found.has_lists or written.is_list
    if written.change and written.change not in found.changes:
        found.changes.append(written.change)


def _explain_paths(model: type[Model], paths: list[str]) -> Any:
    return explain_columns(model, router.db_for_read(model), paths) if paths else ()
