"""The values of one row in a dict of a view: columns, what `fields=` writes natively, and what stays in Python."""

import ast
from collections.abc import Sequence
from typing import NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, DecimalField, Field, FileField, Model, TextField, UUIDField

from pyforge_web.report.source_names import SourceNames, find_relation_rows, find_row_names

# str() of their values is what Django's encoder writes of them.
_WRITTEN_AS_TEXT = (CharField, TextField, UUIDField, DecimalField)
_MOST_CODE = 60  # characters of code in a reason


class RowValue(NamedTuple):
    """One value: the path of its column if it is one, "native" or "python", why, and its item in `fields=`.

    `dates` is the option that its format needs.
    """

    path: str
    mode: str
    reason: str
    item: str
    dates: str = ""


class _ColumnPath(NamedTuple):
    path: str
    field: "Field | None"  # type: ignore[type-arg]


def describe_row(node: ast.Dict, model: type[Model], names: SourceNames) -> list[RowValue]:
    """Return the values of a dict that a view makes of one row."""
    found = []
    for key, value in zip(node.keys, node.values, strict=True):
        # `**other` has no key.
        name = key.value if isinstance(key, ast.Constant) else None
        found.append(_describe_value(name, value, model, names))
    return found


def join_fields(values: Sequence[RowValue]) -> str:
    """Return the arguments of `rows()` for these values, after the rows."""
    options = {f', dates="{value.dates}"' for value in values if value.dates}
    return f"[{', '.join(value.item for value in values)}]{''.join(options)}"


def _describe_value(name: object, value: ast.expr, model: type[Model], names: SourceNames) -> RowValue:
    if not isinstance(name, str):
        return _describe_computed("...", value)
    if not find_row_names(value, names):
        item = f'{{"{name}": Value({ast.unparse(value)})}}'
        return RowValue("", "native", "", item)
    plain = _remove_str(value, model)
    column = _read_column(plain, model)
    if column is not None:
        return RowValue(column.path, "native", "", _item_of_column(name, column))
    return _describe_class(name, value, model) or _describe_computed(f'"{name}"', value)


def _remove_str(value: ast.expr, model: type[Model]) -> ast.expr:
    """Return what stands inside of `str()`, where the column alone is written as the same text."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "str" and value.args:
        column = _read_column(value.args[0], model)
        return value.args[0] if column and isinstance(column.field, _WRITTEN_AS_TEXT) else value
    return value


def _read_column(value: ast.expr, model: type[Model]) -> _ColumnPath | None:
    """Return the column that `row.author.name` reads, as `author__name`."""
    names: list[str] = []
    while isinstance(value, ast.Attribute):
        names.insert(0, value.attr)
        value = value.value
    if not names or not isinstance(value, ast.Name):
        return None
    *relations, last = names
    for name in relations:
        related = find_relation_rows(model, name)
        if related is None or related.is_list:
            return None
        model = related.model
    try:
        field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    except FieldDoesNotExist:
        return None
    # The attribute of a relation is an instance, which no encoder writes.
    is_instance = field is None or (field.is_relation and last != getattr(field, "attname", "") and last != "pk")
    return None if is_instance or not isinstance(field, Field) else _ColumnPath("__".join(names), field)


def _describe_class(name: str, value: ast.expr, model: type[Model]) -> RowValue | None:
    """Return a value that one of the classes for `fields=` writes natively."""
    if isinstance(value, ast.Attribute) and value.attr == "url":
        column = _read_column(value.value, model)
        is_file = column is not None and isinstance(column.field, FileField)
        return RowValue("", "native", "", f'{{"{name}": FileUrl("{column.path}")}}') if column and is_file else None
    if isinstance(value, ast.ListComp) and len(value.generators) == 1:
        return _describe_flat(name, value, model)
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute) or value.args:
        return None
    method, inner = value.func.attr, value.func.value
    if method.startswith("get_") and method.endswith("_display"):
        path = ast.Attribute(inner, method.removeprefix("get_").removesuffix("_display"))
        column = _read_column(path, model)
        return RowValue("", "native", "", f'{{"{name}": Display("{column.path}")}}') if column else None
    column = _read_column(inner, model)
    if method == "isoformat" and column is not None:
        return RowValue(column.path, "native", "", _item_of_column(name, column), "iso")
    return None


def _item_of_column(name: str, column: _ColumnPath) -> str:
    return f'"{name}"' if name == column.path else f'{{"{name}": F("{column.path}")}}'


def _describe_flat(name: str, value: ast.ListComp, model: type[Model]) -> RowValue | None:
    """Return `[tag.name for tag in row.tags.all()]` as `Flat("tags", "name")`."""
    (loop,) = value.generators
    call, element = loop.iter, value.elt
    is_all = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "all"
    if not is_all or loop.ifs or not isinstance(call.func.value, ast.Attribute):  # type: ignore[attr-defined]
        return None
    relation = call.func.value.attr  # type: ignore[attr-defined]
    related = find_relation_rows(model, relation)
    if related is None or not isinstance(element, ast.Attribute) or _read_column(element, related.model) is None:
        return None
    return RowValue("", "native", "", f'{{"{name}": Flat("{relation}", "{element.attr}")}}')


def _describe_computed(name: str, value: ast.expr) -> RowValue:
    code = ast.unparse(value)
    code = code if len(code) <= _MOST_CODE else f"{code[:_MOST_CODE]}..."
    reason = f"{code} is computed in Python: Computed(), or Attribute() for a property or method"
    return RowValue("", "python", reason, f"{{{name}: Computed(...)}}")
