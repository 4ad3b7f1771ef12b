"""Instances that are in memory: native code reads their `__dict__`, as far as Django's own descriptors fill it.

A column that is not loaded (deferred, or computed by the database) is left out, or refused where it is named: nothing
is ever queried for an instance.
"""

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any
from weakref import ref

from django.core.signals import setting_changed
from django.db.models import FileField, Model
from django.db.models.fields.files import FieldFile

from pyforge_web import metering
from pyforge_web._native import AttributeWatch, ClassVersions, ModelInstances, RowColumns
from pyforge_web.output.kept_fields import KeptResults
from pyforge_web.output.key_names import finish_rows, is_row_plain
from pyforge_web.output.model_names import (
    STOCK_DESCRIPTORS,
    find_changed_read,
    find_column,
    has_stock_descriptor,
    is_set_by_class,
)
from pyforge_web.output.shown_secrets import refuse_other_name
from pyforge_web.output.tree_watch import watch_files

# The columns of each model class whose bare instances were written before, by its `id()`: native code looks here first,
# as long as the class has the version that it had. A class is not held: its entry ends with it, before the id can be
# another one's.
compiled: dict[int, tuple[RowColumns, int]] = {}
_references: dict[int, "ref[type[Model]]"] = {}

Attributes = tuple[str, ...]

_PLAIN = "_pyforge_plain_columns"
_MOST_PLAIN = 256


def write_bare(instance: Model, added: Attributes = ()) -> ModelInstances | dict[str, Any]:
    """Return what native code writes for an instance with all its loaded columns, and what a query has added to it."""
    model = type(instance)
    columns = _all_columns(model, (), added)
    if columns is None or not is_row_plain():
        return read_bare(instance, added)
    if not added:
        _keep(model, columns)
    return ModelInstances(columns, instance, many=False, required=False)


def write_named(instance: Model, names: Sequence[str]) -> ModelInstances | None:
    """Return what native code writes for an instance with these columns; None where one of them is none of its own."""
    columns = _named_columns(type(instance), tuple(names), ()) if is_row_plain() else None
    return None if columns is None else ModelInstances(columns, instance, many=False, required=True)


def write_rows(
    instances: list[Model], names: Attributes | None, before: Attributes, added: Attributes
) -> ModelInstances | None:
    """Return what native code writes for the instances of a QuerySet; None where Python has to read one of them.

    `before` and `added` are what the query has added, in front of the columns and behind them; without `names` all is
    written that is loaded.
    """
    models = set(map(type, instances))
    if len(models) != 1 or not is_row_plain():
        return None
    model = models.pop()
    columns = _all_columns(model, before, added) if names is None else _named_columns(model, names, (*before, *added))
    return None if columns is None else ModelInstances(columns, instances, many=True, required=names is not None)


def read_bare(instance: Model, added: Attributes = (), before: Attributes = ()) -> dict[str, Any]:
    """Return an instance as a dict of its loaded columns, for an encoder that is not ours."""
    values = instance.__dict__
    row = _read_added(instance, before)
    for field in instance._meta.concrete_fields:
        if field.attname in values:
            row[field.attname] = read_column(instance, field)
    row |= _read_added(instance, added)
    return finish_rows([row])[0]


def _read_added(instance: Model, names: Attributes) -> dict[str, Any]:
    """Return what a query has added to an instance, as far as it has it still."""
    values, model = instance.__dict__, type(instance)
    return {
        name: getattr(instance, name) if is_set_by_class(model, name) else values[name]
        for name in names
        if name in values or is_set_by_class(model, name)
    }


def read_column(instance: Model, field: Any, stored: bool = False) -> Any:
    """Return the value of a loaded column: what the row has, in whatever form its descriptor keeps it.

    With `stored` the model's own `__getattribute__` is not asked.
    """
    model, name = type(instance), field.attname
    is_stock = type(getattr(model, name, None)) in STOCK_DESCRIPTORS
    if is_stock and stored:
        return instance.__dict__[name]
    if has_stock_descriptor(model, name) and find_changed_read() is None:
        value = instance.__dict__[name]
    elif is_stock:
        value = getattr(instance, name)  # the model's own `__getattribute__` has the last word
    else:
        value = field.value_from_object(instance)
        if not isinstance(value, FieldFile):
            value = field.get_prep_value(value)
    return value.name if isinstance(value, FieldFile) else value


def is_read_plainly(model: type[Model], names: Attributes) -> bool:
    """Return whether `__dict__` of a model's instances has what these attributes of columns give.

    What was found is compared by a watch, which ends with the model.
    """
    known: dict[Any, AttributeWatch] = model._meta.__dict__.setdefault(_PLAIN, {})
    watch = known.get((model, names))
    if watch is None or not watch.holds():
        fields = [find_column(model, name) for name in names]
        if not all(field is not None and has_stock_descriptor(model, field.attname) for field in fields):
            return False
        if len(known) >= _MOST_PLAIN:
            known.clear()
        files = [each for field in fields for each in watch_files(field)]
        columns = model._meta, ("concrete_fields",), True
        known[model, names] = AttributeWatch([(model, ("__getattribute__", *names), False), columns, *files])
    return find_changed_read() is None


def _all_columns(model: type[Model], before: Attributes, added: Attributes) -> RowColumns | None:
    names = tuple(field.attname for field in model._meta.concrete_fields)
    return _named_columns(model, (*before, *names, *added), (*before, *added))


def _named_columns(model: type[Model], names: Attributes, added: Attributes) -> RowColumns | None:
    """Return the compiled columns of these names; None where `__dict__` does not have what one of them stands for."""
    columns = []
    if find_changed_read() is not None:
        return None
    for name in names:
        if name in added:
            if is_set_by_class(model, name):
                return None
            columns.append((name, name, "value"))
            continue
        field = find_column(model, name)
        if field is not None:
            refuse_other_name(model, field, name)
        if field is None or field.column is None or not has_stock_descriptor(model, field.attname):
            return None
        # Only a file is not what it is written as; everything else is written by its type, for anything may be
        # assigned.
        columns.append((name, field.attname, "file" if isinstance(field, FileField) else "value"))
    return _compile_attributes(model._meta.label, tuple(columns))


@KeptResults
def _compile_attributes(label: str, columns: tuple[tuple[str, str, str], ...]) -> RowColumns:
    started = perf_counter_ns()
    made = RowColumns([(*column, "naive", False, 0, 0) for column in columns], "object")
    metering.count_compiled(label, "serializer", perf_counter_ns() - started, len(columns), 0)
    return made


def _keep(model: type[Model], columns: RowColumns) -> None:
    """Let native code write the next instance of the model by itself."""
    key = id(model)

    def forget(_: object) -> None:
        compiled.pop(key, None)
        _references.pop(key, None)

    _references[key] = ref(model, forget)
    compiled[key] = columns, ClassVersions.version_of(model)


def _forget_columns(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        compiled.clear()  # other columns may be secret now


setting_changed.connect(_forget_columns, dispatch_uid="pyforge_web.instances")
