"""The output fields of a Schema, or why ninja has to serialize its objects."""

import datetime
import types
from decimal import Decimal
from operator import attrgetter
from typing import Any, Union, cast, get_args, get_origin
from uuid import UUID

from annotated_types import MaxLen
from django.db.models import F, Field, FileField, Model
from ninja.schema import DjangoGetter, Resolver, Schema

from pyforge_web.conf import with_docs
from pyforge_web.fields import kind_of
from pyforge_web.ninja.resolvers import (
    JsonCheck,
    ResolvedField,
    SchemaFallbackError,
    SchemaProperty,
    is_written_as_is,
)
from pyforge_web.output.fields import Computed
from pyforge_web.output.file_urls import FileUrl
from pyforge_web.output.managers import has_own_base_manager, why_own_all
from pyforge_web.output.method_reads import names_read
from pyforge_web.output.model_names import Relation, find_column, find_relation
from pyforge_web.stock import find_function

_find_getter = attrgetter("__init__", "__getattr__", "_convert_result")
_standard_getter = _find_getter(DjangoGetter)
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
_JSON_TYPES = (dict, list)
_OWN_VALIDATOR = "_run_root_validator"
# What pydantic asks a class for, besides its decorators.
_HOOKS = {
    name: find_function(getattr(Schema, name))
    for name in ("__get_pydantic_core_schema__", "_run_root_validator", "model_post_init")
}
_DECORATORS = (
    "validators",
    "field_validators",
    "root_validators",
    "field_serializers",
    "model_serializers",
    "model_validators",
)


def schema_fields(schema: type[Schema], model: type[Model]) -> list[Any]:
    """Return the output fields of a Schema over a model, for `fields=`.

    Raises `SchemaFallbackError` with the reason where ninja has to serialize its objects.
    """
    try:
        return _read_schema(schema, model)
    except SchemaFallbackError as error:
        with_docs(error, "schema-fallback")
        raise


def _read_schema(schema: type[Schema], model: type[Model]) -> list[Any]:
    why = _why_not_schema(schema)
    if why is not None:
        raise SchemaFallbackError(f"{schema.__name__}: {why}")
    fields = [_output_field(schema, name, model) for name in schema.model_fields]
    computed = schema.__pydantic_decorators__.computed_fields
    return [*fields, *(_computed_field(schema, name, model) for name in computed)]


def _why_not_schema(schema: type[Schema]) -> str | None:
    """Why a Schema is more than its fields; None where it is not."""
    decorators = schema.__pydantic_decorators__
    for name in _DECORATORS:
        own = [key for key in getattr(decorators, name) if key != _OWN_VALIDATOR]
        if own:
            return f"{own[0]} is a pydantic decorator ({name})"
    for name, standard in _HOOKS.items():
        if find_function(getattr(schema, name)) is not standard:
            return f"{name} is its own"
    if not has_standard_getter():
        return "DjangoGetter is patched"
    config = {key for key in schema.model_config if key not in ("from_attributes", "title")}
    if not schema.model_config.get("from_attributes"):
        config.add("from_attributes")
    return f"model_config has {', '.join(sorted(config))}" if config else None


def has_standard_getter() -> bool:
    """Return whether ninja reads attributes as it does by itself."""
    return bool(_find_getter(DjangoGetter) == _standard_getter)


def source_of(schema: type[Schema], name: str) -> str:
    """Return the attribute, or dotted path, that a field of a Schema is read from: its alias, where it has one."""
    field = schema.model_fields[name]
    alias = field.validation_alias or field.alias
    if alias is not None and not isinstance(alias, str):
        raise SchemaFallbackError(f"{schema.__name__}.{name}: its alias is a {type(alias).__name__}")
    return alias or name


def _output_field(schema: type[Schema], name: str, model: type[Model]) -> Any:
    """The output field of one field of a Schema."""
    field = schema.model_fields[name]
    source, where = source_of(schema, name), f"{schema.__name__}.{name}"
    if field.exclude or getattr(field, "exclude_if", None):  # the second from pydantic 2.12 on
        raise SchemaFallbackError(f"{where}: pydantic leaves it out")
    resolver = schema._ninja_resolvers.get(source)
    if isinstance(resolver, Resolver):
        return {name: _resolved_field(where, resolver, field)}
    annotation, optional = _optional(field.annotation)
    relation = find_relation(model, source)
    if relation is not None:
        if field.metadata:
            raise SchemaFallbackError(f"{where}: pydantic has rules for the relation: {field.metadata}")
        return _relation_field(where, name, relation, annotation, optional=optional, default=field.get_default())
    column, path = _find_column(where, model, source)
    if isinstance(column, FileField):
        if annotation is not str or not optional or field.metadata or path != source:
            raise SchemaFallbackError(f"{where}: ninja writes the URL of a file, or None: str | None")
        return {name: FileUrl(path)}
    _check_column(where, column, annotation, field.metadata, optional=optional)
    json_type = get_origin(annotation) or annotation
    if json_type in _JSON_TYPES:  # other JSON is an error of pydantic's
        return {name: Computed(JsonCheck(json_type, optional=optional), path)}
    return name if path == name else {name: F(path)}


def _relation_field(where: str, name: str, relation: Relation, annotation: Any, *, optional: bool, default: Any) -> Any:
    """The output field of a relation."""
    inner = _inner_schema(annotation, many=relation.many)
    if inner is None or relation.model is None:
        raise SchemaFallbackError(f"{where}: a relation is not a Schema here")
    if relation.name != name:
        raise SchemaFallbackError(f"{where}: a relation under another name")
    _check_joined(where, relation)
    may_be_null = not relation.many and (relation.sort != "forward" or relation.field.null)
    if may_be_null and not optional:
        raise SchemaFallbackError(f"{where}: the relation may be null, and the Schema does not say so")
    # The attribute is missing then, and not None: pydantic takes the default.
    if may_be_null and relation.sort != "forward" and default is not None:
        raise SchemaFallbackError(f"{where}: where there is no object, the Schema has no None: write `= None`")
    return {name: schema_fields(inner, relation.model)}


def _check_joined(where: str, relation: Relation) -> None:
    """Raise where ninja may find other objects: an object that is missing though its key is there is an error there."""
    if relation.model is None:
        return
    if relation.many:
        if reason := why_own_all(relation.model):
            raise SchemaFallbackError(f"{where}: {reason}")
        return
    if relation.sort == "forward" and not relation.field.db_constraint:
        raise SchemaFallbackError(f"{where}: the rows it points to need not exist (db_constraint=False)")
    if has_own_base_manager(relation.model):
        raise SchemaFallbackError(f"{where}: {relation.model.__name__} has a base manager of its own")


def _find_column(where: str, model: type[Model], source: str) -> tuple[Any, str]:
    """The column that a source leads to through relations that are never null, and its path."""
    *before, last = source.split(".")
    for part in before:
        relation = find_relation(model, part)
        if relation is None or relation.model is None or relation.sort != "forward" or relation.field.null:
            raise SchemaFallbackError(f"{where}: {model.__name__}.{part} is not a relation that is never null")
        _check_joined(where, relation)
        model = relation.model
    column = find_column(model, last)
    if column is None or last != column.attname:
        raise SchemaFallbackError(f"{where}: {model.__name__} has no column {last!r}")
    return column, "__".join([*before, last])


def _resolved_field(where: str, resolver: Resolver, field: Any) -> ResolvedField:
    """The output field of `resolve_*`, which gets an instance of the columns that `@reads` names."""
    names = names_read(resolver._func)
    if names is None or not resolver._static or resolver._takes_context:
        raise SchemaFallbackError(f"{where}: its resolver may read anything: declare it with @reads(...)")
    return ResolvedField(where, resolver._func, names, (field.annotation, tuple(field.metadata)))


def _computed_field(schema: type[Schema], name: str, model: type[Model]) -> dict[str, Any]:
    """The output field of a computed field: it gets a Schema of the fields that `@reads` names, or of all."""
    where = f"{schema.__name__}.{name}"
    info = schema.__pydantic_decorators__.computed_fields[name].info
    names = names_read(info.wrapped_property) or tuple(schema.model_fields)
    if not is_written_as_is(info.return_type):
        raise SchemaFallbackError(f"{where}: pydantic may write {info.return_type} in another form")
    paths = []
    for read in names:
        if read not in schema.model_fields:
            raise SchemaFallbackError(f"{where}: @reads names {read!r}, which is not a field of the Schema")
        item = _output_field(schema, read, model)
        expression = item if isinstance(item, str) else item[read]
        if not isinstance(expression, str | F):
            raise SchemaFallbackError(
                f"{where}: it reads {read!r}, which is not a column: name its columns with @reads"
            )
        paths.append(expression if isinstance(expression, str) else str(cast(Any, expression).name))
    return {name: Computed(SchemaProperty(schema, name, names), *paths)}


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
