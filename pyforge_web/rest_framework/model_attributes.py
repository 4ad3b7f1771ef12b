"""What is known of a model's attributes: whether reading one gives the value of a column, and nothing else happens."""

import dis
import inspect
from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from django.db.models.fields.files import FileDescriptor, ImageFileDescriptor
from rest_framework import fields, relations, serializers

from pyforge_web.output.file_urls import is_own_file
from pyforge_web.output.managers import has_own_base_manager, why_own_all
from pyforge_web.output.method_reads import names_read
from pyforge_web.output.model_names import PLAIN_DESCRIPTORS, Relation, find_column
from pyforge_web.querysets.django_path import why_django, why_instances
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.stock import find_stock

FILE_DESCRIPTORS = (FileDescriptor, ImageFileDescriptor)
# DRF's own methods and options, as they were at the import: somebody may patch its classes later.
_RECOGNISED_NAMES = (
    *("FALSE_VALUES", "TRUE_VALUES", "_lower_if_str", "_readable_fields", "default_timezone", "enforce_timezone"),
    *("get_attribute", "get_url", "quantize", "to_representation"),
)
_STANDARD_METHODS = {
    kind: {name: getattr(kind, name) for name in _RECOGNISED_NAMES if hasattr(kind, name)}
    for kind in (
        fields.BooleanField,
        fields.DateTimeField,
        fields.DecimalField,
        fields.Field,
        fields.FileField,
        fields.ModelField,
        fields.SerializerMethodField,
        relations.HyperlinkedRelatedField,
        relations.ManyRelatedField,
        relations.PrimaryKeyRelatedField,
        relations.RelatedField,
        relations.SlugRelatedField,
        relations.StringRelatedField,
        serializers.Serializer,
    )
}

# What DRF reads an instance by, as Django wrote it.
READING_METHODS = {
    name: find_stock(Model, name) for name in ("__init__", "_get_pk_val", "pk", "refresh_from_db", "serializable_value")
}


def find_own_method(value: Any, standard: type, *names: str) -> str | None:
    """Return the first of these methods that is not the one of DRF's `standard`; None where all of them are."""
    kind, own, methods = type(value), vars(value), _STANDARD_METHODS[standard]
    for name in names:
        if name in own or getattr(kind, name, None) is not methods[name]:
            return f"{kind.__name__}.{name} is its own"
    return None


def related_model(relation: Relation) -> type[Model]:
    """Return the model of a relation that has one."""
    if relation.model is None:
        raise FallbackError(f"{relation.name}: its objects are of several models")
    return relation.model


def own_column(model: type[Model], name: str) -> tuple[Any, Any]:
    """Return a column, and the descriptor of its attribute.

    Raises `FallbackError` where the attribute is not the column's plain value.
    """
    column: Any = find_column(model, name)
    if column is None or column.column is None:
        raise FallbackError(f"{model.__name__}.{name} is not a column")
    descriptor = inspect.getattr_static(model, column.attname, None)
    if type(descriptor) not in PLAIN_DESCRIPTORS and type(descriptor) not in FILE_DESCRIPTORS:
        raise FallbackError(f"{model.__name__}.{column.attname} is read through {type(descriptor).__name__}")
    return column, descriptor


def is_standard_file(column: Any, field: Any) -> bool:
    """Whether a file's address is what its storage says, and the field is DRF's."""
    return find_own_method(field, fields.FileField, "to_representation") is None and not is_own_file(column)


# The byte code of the simplest `__str__`. Another Python compiles it in its own way: both sides come from this one.
_TEMPLATE = compile("def f(self): return self.x", "", "exec").co_consts[0]


def column_of_text(model: type[Model]) -> str | None:
    """Return the column that `__str__` returns, seen in its code: `return self.name`; None for any other code."""
    code = getattr(model.__str__, "__code__", None)
    if code is None or code.co_code != _TEMPLATE.co_code or code.co_argcount != 1 or code.co_freevars:
        return None
    name = code.co_names[0]
    column: Any = find_column(model, name)
    return name if column is not None and name == column.attname else None


def names_of_text(model: type[Model]) -> tuple[str, ...]:
    """Return what an instance needs for `str()`, which is the name of a hyperlink: it is pickled, and shown in pages.

    What is not among it is loaded when it is read, by a query that the instances of DRF do not need.
    """
    if model.__str__ is Model.__str__:
        return ("pk",)
    names = names_read(model.__str__) or _attributes_of_self(model.__str__)
    columns = tuple(_plain_columns(model))
    return columns if names is None or not _are_known(model, names) else names


def _are_known(model: type[Model], names: tuple[str, ...]) -> bool:
    """Whether these names are columns that are read as they are, or paths that somebody has declared."""
    known = {"pk", *_plain_columns(model)}
    return all("__" in name or name in known for name in names)


def _plain_columns(model: type[Model]) -> Iterator[str]:
    for column in model._meta.concrete_fields:
        descriptor = type(inspect.getattr_static(model, column.attname, None))
        if column.column is not None and (descriptor in PLAIN_DESCRIPTORS or descriptor in FILE_DESCRIPTORS):
            yield column.attname


def _attributes_of_self(method: Any) -> tuple[str, ...] | None:
    """Return the attributes that a method reads of its instance, seen in its code; None where it does anything else."""
    code = getattr(method, "__code__", None)
    if code is None or code.co_argcount != 1 or code.co_cellvars or code.co_freevars:
        return None
    owner = code.co_varnames[0]
    steps = list(dis.get_instructions(code))
    names = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if step.argval == owner or (isinstance(step.argval, tuple) and owner in step.argval):
            if not step.opname.startswith("LOAD_FAST") or following is None or following.opname != "LOAD_ATTR":
                return None
            names.append(str(following.argval))
    return tuple(dict.fromkeys(names))


def why_not_rows(model: type[Model]) -> str | None:
    """Return why the instances of a model are not what their rows are; None where they are."""
    if reason := why_instances(model):
        return reason
    for name, stock in READING_METHODS.items():
        if inspect.getattr_static(model, name) is not stock:
            return f"{model.__name__}.{name} is its own"
    # Asked where an attribute is missing: a deferred column, for example.
    if "__getattr__" in dir(model):
        return f"{model.__name__}.__getattr__ is its own"
    return None


def why_not_joined(relation: Relation) -> str | None:
    """Return why a relation to one cannot be read by a join; None where it can."""
    if relation.doubt is not None or relation.model is None:
        return relation.doubt or "its objects are of several models"
    if relation.many:
        return "it is a relation to many"
    # Django loads related objects through the base manager, which may hide rows that a join finds.
    if has_own_base_manager(relation.model):
        return f"{relation.model.__name__} has a base manager of its own"
    if not relation.field.db_constraint and relation.sort == "forward":
        return "the rows it points to need not exist (db_constraint=False)"
    return why_not_rows(relation.model)


def why_not_many(relation: Relation, using: str) -> str | None:
    """Return why the rows of a relation to many cannot be read by a query of ours; None where they can."""
    if relation.doubt is not None or relation.model is None:
        return relation.doubt or "its objects are of several models"
    return why_own_all(relation.model) or why_django(relation.model._default_manager.using(using))
