"""The output fields of a Schema, or why ninja has to serialize its objects."""

import datetime
import types
from decimal import Decimal
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from annotated_types import MaxLen
from django.db.models import Field, Model
from ninja.schema import DjangoGetter, Resolver, Schema

from pyforge_web.fields import kind_of
from pyforge_web.output.model_names import find_column, find_relation

_standard_getter = DjangoGetter.__getattr__
# What pydantic leaves as it is: the annotation, by the kind of the column.
_ANNOTATIONS: dict[Any, tuple[str, ...]] = {
    Any: (
        "text",
        "integer",
        "boolean",
        "float",
        "datetime",
        "date",
        "time",
        "duration",
        "decimal",
        "uuid",
        "json",
        "ip",
    ),
    Decimal: ("decimal",),
    UUID: ("uuid",),
    bool: ("boolean",),
    datetime.date: ("date",),
    datetime.datetime: ("datetime",),
    datetime.time: ("time",),
    datetime.timedelta: ("duration",),
    dict: ("json",),
    float: ("float",),
    int: ("integer",),
    list: ("json",),
    str: ("text", "ip"),
}
_OWN_VALIDATOR = "_run_root_validator"
_DECORATORS = (
    "validators",
    "field_validators",
    "root_validators",
    "field_serializers",
    "model_serializers",
    "model_validators",
    "computed_fields",
)


class SchemaFallbackError(TypeError):
    """A Schema does more than name columns: ninja has to serialize its objects. Says why."""


def schema_fields(schema: type[Schema], model: type[Model]) -> list[Any]:
    """Return the output fields of a Schema over a model, for `fields=`.

    Raises `SchemaFallbackError` with the reason where the Schema does more than name columns and relations.
    """
    why = _why_not_schema(schema)
    if why is not None:
        raise SchemaFallbackError(f"{schema.__name__}: {why}")
    return [_output_field(schema, name, model) for name in schema.model_fields]


def _why_not_schema(schema: type[Schema]) -> str | None:
    """Why a Schema is more than its fields; None where it is not."""
    decorators = schema.__pydantic_decorators__
    for name in _DECORATORS:
        own = [key for key in getattr(decorators, name) if key != _OWN_VALIDATOR]
        if own:
            return f"{own[0]} is a pydantic decorator ({name})"
    if schema._run_root_validator.__func__ is not Schema._run_root_validator.__func__:
        return "_run_root_validator is its own"
    if DjangoGetter.__getattr__ is not _standard_getter:
        return "DjangoGetter is patched"
    config = {key for key in schema.model_config if key not in ("from_attributes", "title")}
    return f"model_config has {', '.join(sorted(config))}" if config else None


def _output_field(schema: type[Schema], name: str, model: type[Model]) -> Any:
    """The output field of one field of a Schema."""
    field = schema.model_fields[name]
    resolver = schema._ninja_resolvers.get(name)
    where = f"{schema.__name__}.{name}"
    if isinstance(resolver, Resolver):
        raise SchemaFallbackError(f"{where}: resolve_{name}() may read anything")
    if field.alias or field.validation_alias or field.serialization_alias:
        raise SchemaFallbackError(f"{where}: it has an alias")
    annotation, optional = _optional(field.annotation)
    relation = find_relation(model, name)
    if relation is not None:
        inner = _inner_schema(annotation, many=relation.many)
        if inner is None or relation.model is None:
            raise SchemaFallbackError(f"{where}: a relation is not a Schema here")
        may_be_null = not relation.many and (relation.sort != "forward" or relation.field.null)
        if may_be_null and not optional:
            raise SchemaFallbackError(f"{where}: the relation may be null, and the Schema does not say so")
        return {name: schema_fields(inner, relation.model)}
    column = find_column(model, name)
    if column is None or name != column.attname:
        raise SchemaFallbackError(f"{where}: {model.__name__} has no such column")
    _check_column(where, column, annotation, field.metadata, optional=optional)
    return name


def _check_column(
    where: str, column: "Field[Any, Any]", annotation: Any, metadata: list[Any], *, optional: bool
) -> None:
    """Raises where pydantic would change a column's value, or refuse it."""
    kind = kind_of(column)
    origin = get_origin(annotation) or annotation
    if kind is None or kind not in _ANNOTATIONS.get(origin if isinstance(origin, type) or origin is Any else None, ()):
        raise SchemaFallbackError(f"{where}: pydantic makes {annotation} of a {type(column).__name__}")
    if get_args(annotation) and kind == "json":
        raise SchemaFallbackError(f"{where}: pydantic looks into the JSON")
    if column.null and not optional and annotation is not Any:
        raise SchemaFallbackError(f"{where}: the column may be null, and the Schema does not say so")
    own = {MaxLen: column.max_length}
    if any(own.get(type(item), ...) != getattr(item, "max_length", None) for item in metadata):
        raise SchemaFallbackError(f"{where}: pydantic has a rule that the column does not have: {metadata}")


def _optional(annotation: Any) -> tuple[Any, bool]:
    """An annotation without `None`, and whether it had it."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [item for item in get_args(annotation) if item is not type(None)]
        if len(rest) == 1:
            return rest[0], len(get_args(annotation)) > 1
    return annotation, False


def _inner_schema(annotation: Any, *, many: bool) -> type[Schema] | None:
    """The Schema of a relation: itself, or the item of a list."""
    if many:
        if get_origin(annotation) is not list:
            return None
        (annotation,) = get_args(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, Schema) else None
