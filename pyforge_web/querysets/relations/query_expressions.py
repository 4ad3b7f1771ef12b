"""Expressions of instances in memory, which only a query computes."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model

from pyforge_web.output.fields import OutputField
from pyforge_web.output.grammar import KeyedExpression, ParsedFields
from pyforge_web.output.resolve import resolve_model_fields
from pyforge_web.querysets.relations.fetching import find_plain_name


class QueryExpressions:
    """The values that only a query computes of instances: all in one query by key for each model among them.

    Two aggregates mean together what they mean in `.values()`, and that may be another number than each alone.
    """

    def __init__(self, instances: Sequence[Model], fields: ParsedFields) -> None:
        self._instances = instances
        self._items = [
            item
            for item in fields
            if isinstance(item, KeyedExpression)
            and not isinstance(item.expression, OutputField)
            and find_plain_name(item) is None
        ]
        self._values: dict[int, list[Any]] = {}

    def read(self, item: KeyedExpression, fetch: bool) -> list[Any]:
        """Return the values of an expression, of each instance."""
        if not fetch:
            raise ValueError(
                f"{item.name} is an expression, {item.expression!r}, which only a query computes: give the QuerySet "
                "before it is evaluated, or pass fetch=True to ask for it now"
            )
        if id(item) not in self._values:
            self._ask(self._items if any(each is item for each in self._items) else [item])
        return self._values[id(item)]

    def _ask(self, items: list[KeyedExpression]) -> None:
        found: dict[tuple[Any, Any, Any], Any] = {}
        groups: dict[tuple[type[Model], str | None], list[Model]] = {}
        for instance in self._instances:
            groups.setdefault((type(instance), instance._state.db), []).append(instance)
        added: Any = {f"output_value_{number}": item.expression for number, item in enumerate(items)}
        for (model, using), group in groups.items():
            for item in items:
                resolve_model_fields(model, (item,))  # it may show a secret column
            queryset: Any = model._base_manager.using(using).filter(pk__in=[instance.pk for instance in group])
            for pk, *values in queryset.annotate(**added).values_list("pk", *added):
                found.setdefault((model, using, pk), values)  # the first, as where a relation is loaded
        rows = [found.get((type(each), each._state.db, each.pk)) for each in self._instances]
        for number, item in enumerate(items):
            self._values[id(item)] = [None if row is None else row[number] for row in rows]
