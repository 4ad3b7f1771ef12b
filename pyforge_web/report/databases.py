"""Which databases of a project are read natively, and why others are not."""

from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections
from django.db.utils import DatabaseError
from django.utils.connection import ConnectionDoesNotExist

from pyforge_web.serializers import CompiledSerializer


class DatabaseSummary(NamedTuple):
    """One database: its engine, how many columns of the project's models are native, and why others are not."""

    alias: str
    engine: str
    native: int
    columns: int
    reasons: dict[str, int]


def summarize_databases() -> list[DatabaseSummary]:
    """Return the databases of the settings."""
    return [_summarize_database(alias) for alias in connections]


def _summarize_database(alias: str) -> DatabaseSummary:
    engine = str(connections[alias].settings_dict.get("ENGINE", ""))
    native, columns, reasons = 0, 0, dict[str, int]()
    for model in apps.get_models():
        for path in _explain_columns(model, alias):
            columns += 1
            if path.path == "native":
                native += 1
            else:
                reasons[path.reason] = reasons.get(path.reason, 0) + 1
    ranked = sorted(reasons.items(), key=lambda item: -item[1])
    return DatabaseSummary(alias, engine, native, columns, dict(ranked))


def _explain_columns(model: Any, alias: str) -> list[Any]:
    """Return the paths of a model's columns; none for a model or a database that cannot be asked."""
    try:
        names = [field.attname for field in model._meta.concrete_fields]
        return list(CompiledSerializer.for_model(model, names).explain(alias))
    except (ConnectionDoesNotExist, DatabaseError, TypeError, ValueError):
        return []
