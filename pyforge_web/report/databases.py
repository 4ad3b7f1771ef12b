"""Which databases of a project are read natively, and why others are not."""

from typing import NamedTuple

from django.db import connections

from pyforge_web.report.model_paths import summarize_written


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
    # From the settings and not the wrapper's class: this is what the reader would change.
    engine = str(connections[alias].settings_dict.get("ENGINE", ""))
    written = summarize_written(alias)
    reasons = {reason.reason: reason.fields for reason in written.reasons}
    return DatabaseSummary(alias, engine, written.native, written.total, reasons)
