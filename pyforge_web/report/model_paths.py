"""How the models of a project are written and validated: the shares that are native, and the reasons for the rest."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db.utils import DatabaseError
from django.utils.connection import ConnectionDoesNotExist

from pyforge_web.serializers import CompiledSerializer
from pyforge_web.validators import CompiledValidator


class FieldPath(NamedTuple):
    """How one field is written or validated, and why."""

    field: str
    path: str
    reason: str


class ReasonCount(NamedTuple):
    """A reason, the number of fields that have it, and the first of them."""

    reason: str
    fields: int
    example: str


class PathSummary(NamedTuple):
    """The fields that are native, all fields, and the reasons for the others: the most frequent one first."""

    native: int
    total: int
    reasons: list[ReasonCount]

    @property
    def share(self) -> float:
        """Return the native share, from 0 to 1; a project without fields has nothing that is not native."""
        return self.native / self.total if self.total else 1.0


def summarize_written(alias: str) -> PathSummary:
    """Return how the columns of all models are written as JSON from a database."""
    return _summarize_paths(lambda model: explain_columns(model, alias))


def summarize_validated() -> PathSummary:
    """Return how the fields of all models are validated. A field with a validator in Python counts as Django's."""
    return _summarize_paths(_explain_fields)


def explain_columns(model: Any, alias: str, names: list[str] | None = None) -> list[FieldPath]:
    """Return the paths of a model's columns; none for a model or a database that cannot be asked.

    `names` are the columns to explain, by default all.
    """
    # By name: a bare model with secret columns is refused.
    names = names or [field.attname for field in model._meta.concrete_fields]
    try:
        columns = CompiledSerializer.for_model(model, names).explain(alias)
    except (ConnectionDoesNotExist, DatabaseError, TypeError, ValueError):
        return []
    return [FieldPath(f"{model._meta.label}.{column[0]}", column.path, column.reason) for column in columns]


def _explain_fields(model: Any) -> Iterator[FieldPath]:
    for rules in CompiledValidator.for_model(model).explain():
        reason = rules.reason or (f"calls {', '.join(rules.called)}" if rules.called else "")
        path = "django" if rules.called else rules.path
        yield FieldPath(f"{model._meta.label}.{rules.name}", path, reason)


def _summarize_paths(explain: Callable[[Any], Iterable[FieldPath]]) -> PathSummary:
    native = total = 0
    counts: dict[str, ReasonCount] = {}
    for model in apps.get_models():
        for found in explain(model):
            total += 1
            if found.path == "native":
                native += 1
            else:
                known = counts.get(found.reason, ReasonCount(found.reason, 0, found.field))
                counts[found.reason] = known._replace(fields=known.fields + 1)
    return PathSummary(native, total, sorted(counts.values(), key=lambda reason: -reason.fields))
