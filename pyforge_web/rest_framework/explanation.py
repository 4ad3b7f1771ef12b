"""`explain()`: how each field of a serializer is made, and why it is not made from rows."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import QuerySet
from rest_framework import serializers

from pyforge_web.conf import with_docs
from pyforge_web.rest_framework.compiled import find_plan
from pyforge_web.rest_framework.model_attributes import why_not_rows
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.plan import InstanceColumn, Level, LevelBuilder, ManyColumn, RawColumn, ValueColumn
from pyforge_web.rest_framework.queries import why_not_read
from pyforge_web.rest_framework.recognition import STANDARD_LISTS, SerializerScope
from pyforge_web.rest_framework.row_scope import Place


class SerializerField(NamedTuple):
    """How one field is made.

    `mode` is "native", "value" (DRF's field gets each value), "instance" (a method gets an instance of the columns it
    reads) or "DRF" (the field needs what Django loads). `reason` says why it is not native.
    """

    name: str
    mode: str
    reason: str


class SerializerExplanation(NamedTuple):
    """How the rows of a serializer are made: `mode` is "rows", "rows with instances" or "instances"."""

    mode: str
    reason: str
    fields: list[SerializerField]

    def __str__(self) -> str:
        lines = [f"{self.mode}{f': {self.reason}' if self.reason else ''}"]
        width = max((len(field.name) for field in self.fields), default=0)
        lines += [
            f"  {field.name.ljust(width)}  {field.mode.ljust(8)}  {field.reason}".rstrip() for field in self.fields
        ]
        return "\n".join(lines)


def explain(serializer: Any, queryset: "QuerySet[Any, Any] | None" = None) -> SerializerExplanation:
    """Return how a serializer's rows are made, and for each field why it is or is not native.

    `serializer` is a class or an instance. `queryset` is what it would be given; without it the default manager's.
    Raises `TypeError` for a serializer without a model, where there is no QuerySet either.
    """
    if isinstance(serializer, type):
        serializer = serializer()
    own_list = _find_own_list(serializer)
    if isinstance(serializer, serializers.ListSerializer):
        serializer = serializer.child
    if queryset is None:
        model = getattr(getattr(serializer, "Meta", None), "model", None)
        if model is None:
            raise with_docs(
                TypeError(f"{type(serializer).__name__} has no Meta.model: explain() needs a QuerySet"), "explain"
            )
        queryset = model._default_manager.all()
    why = why_not_read(queryset)
    plan = find_plan(serializer, queryset)
    # Also where the whole falls back: each reason is a line that can be mended.
    fields = list(_fields(serializer, queryset))
    reason = why or own_list or plan.why or ""
    if reason or plan.level is None:
        return SerializerExplanation("instances", reason, fields)
    mode = "rows with instances" if has_instances(plan.level) else "rows"
    return SerializerExplanation(mode, "", fields)


def _find_own_list(serializer: Any) -> str:
    """Return why a list serializer makes its list itself; an empty text where it gives that of its child."""
    kind = type(serializer)
    if not issubclass(kind, serializers.ListSerializer):
        kind = getattr(getattr(serializer, "Meta", None), "list_serializer_class", serializers.ListSerializer)
    return "" if kind.to_representation in STANDARD_LISTS else f"{kind.__name__} has its own to_representation()"


def has_instances(level: Level) -> bool:
    """Whether a level, or one below it, makes instances for methods."""
    return bool(level.groups) or any(
        has_instances(column.level) for column in level.columns if isinstance(column, ManyColumn)
    )


def _fields(serializer: Any, queryset: Any) -> Iterator[SerializerField]:
    """Each field as if it stood alone: the first that needs DRF does not hide the others."""
    model, query = queryset.model, queryset.query
    added = frozenset((*query.extra_select, *query.annotation_select))
    why = why_not_rows(model)
    for name, field in serializer.fields.items():
        if field.write_only:
            continue
        builder = LevelBuilder(model)
        scope = SerializerScope(builder, (), added, queryset.db)
        try:
            if why is not None:
                raise FallbackError(why)
            scope.entry(field, (name,), Place(model))
        except FallbackError as error:
            yield SerializerField(name, "DRF", str(error))
        else:
            yield SerializerField(name, *_mode(list(builder.columns)))


def _mode(columns: list[Any]) -> tuple[str, str]:
    """The mode of a field by the columns it needs, those of related objects included."""
    work, by_value = list(columns), False
    while work:
        column = work.pop()
        if isinstance(column, InstanceColumn):
            return "instance", "a method or link gets an instance of the columns it reads"
        if isinstance(column, ManyColumn):
            work.extend(column.level.columns)
        elif isinstance(column, ValueColumn) and column.format.name == "python" and column.live:
            by_value = True
        elif not isinstance(column, ValueColumn | RawColumn):
            raise TypeError(f"no mode for {type(column).__name__}")
    return ("value", "the field's to_representation gets each value") if by_value else ("native", "")
