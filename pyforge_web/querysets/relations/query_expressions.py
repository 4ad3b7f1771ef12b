"""Expressions of instances in memory, which only a query computes."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model, QuerySet

from pyforge_web.conf import with_docs
from pyforge_web.output.fields import OutputField
from pyforge_web.output.grammar import KeyedExpression, ParsedFields
from pyforge_web.output.managers import has_own_base_manager
from pyforge_web.output.resolve import resolve_model_fields
from pyforge_web.querysets.django_path import AnyQuerySet
from pyforge_web.querysets.relations.columns import keep_default_order
from pyforge_web.querysets.relations.fetching import find_plain_name


def find_expressions(fields: ParsedFields) -> list[KeyedExpression]:
    """Return the output fields that only a query computes."""
    return [
        item
        for item in fields
        if isinstance(item, KeyedExpression)
        and not isinstance(item.expression, OutputField)
        and find_plain_name(item) is None
    ]


def name_expressions(items: list[KeyedExpression]) -> dict[str, Any]:
    """Return the annotations that compute these output fields, by their names."""
    return {f"output_value_{number}": item.expression for number, item in enumerate(items)}


def with_expressions(queryset: AnyQuerySet, fields: ParsedFields) -> AnyQuerySet:
    """Return a QuerySet that computes the expressions itself, where it has annotations that they may name."""
    query, found = queryset.query, find_expressions(fields)
    if not query.annotations or not found or query.combinator or query.distinct:
        return queryset
    annotated: AnyQuerySet = queryset.annotate(**name_expressions(found))
    if query.group_by is None and annotated.query.group_by is not None:
        keep_default_order(annotated.query)
    return annotated


class QueryExpressions:
    """The values that only a query computes of instances: all in one query by key for each model among them.

    Two aggregates mean together what they mean in `.values()`, and that may be another number than each alone.
    """

    def __init__(self, instances: Sequence[Model], fields: ParsedFields) -> None:
        self._instances = instances
        self._items = find_expressions(fields)
        self._values: dict[int, list[Any]] = {}

    def read(self, item: KeyedExpression, fetch: bool) -> list[Any]:
        """Return the values of an expression, of each instance."""
        if not fetch:
            raise with_docs(
                ValueError(
                    f"{item.name} is an expression, {item.expression!r}, which only a query computes: give the "
                    "QuerySet before it is evaluated, or pass fetch=True to ask for it now"
                ),
                "not-loaded",
            )
        if id(item) not in self._values and not self._take_annotations():
            self._ask(self._items if any(each is item for each in self._items) else [item])
        return self._values[id(item)]

    def _take_annotations(self) -> bool:
        """Take the values that the instances' own query has computed; return whether it has."""
        names = list(name_expressions(self._items))
        if not names or not all(name in instance.__dict__ for instance in self._instances for name in names):
            return False
        for name, item in zip(names, self._items, strict=True):
            self._values[id(item)] = [instance.__dict__[name] for instance in self._instances]
        return True

    def _ask(self, items: list[KeyedExpression]) -> None:
        found: dict[tuple[Any, Any, Any], Any] = {}
        groups: dict[tuple[type[Model], str | None], list[Model]] = {}
        for instance in self._instances:
            groups.setdefault((type(instance), instance._state.db), []).append(instance)
        added = name_expressions(items)
        for (model, using), group in groups.items():
            for item in items:
                resolve_model_fields(model, (item,))  # it may show a secret column
            keys = list(dict.fromkeys(instance.pk for instance in group))
            # A base manager of the project's may add what an expression names, and hide rows that are in memory.
            managers: list[Any] = [model._base_manager]
            if has_own_base_manager(model):
                managers.append(QuerySet(model))
            for manager in managers:
                missing = [pk for pk in keys if (model, using, pk) not in found]
                if not missing:
                    break
                queryset = manager.using(using).filter(pk__in=missing)
                for pk, *values in queryset.annotate(**added).values_list("pk", *added):
                    found.setdefault((model, using, pk), values)  # the first, as where a relation is loaded
        rows = [found.get((type(each), each._state.db, each.pk)) for each in self._instances]
        for number, item in enumerate(items):
            self._values[id(item)] = [None if row is None else row[number] for row in rows]
