"""Why SQL runs while a value is written, as far as the SQL tells."""

import re

from django.apps import apps
from django.db.models import Model

from pyforge_web.metering.call_groups import CallGroup

_SQL_TABLE = re.compile(r'\bFROM\s+["`]?(\w+)["`]?', re.IGNORECASE)
_SQL_COLUMN = re.compile(r'["`](\w+)["`](?=\s*(?:,|FROM\b))', re.IGNORECASE)


def explain_queries(group: CallGroup) -> tuple[str, dict[str, str]]:
    """Return the variant of PF003 that fits a group, and the words for its text."""
    # The most frequent statement: one query for each row is what the warning is about.
    sql = max(group.queries, key=group.queries.__getitem__, default="")
    table = _SQL_TABLE.search(sql)
    fetched = next((model for model in apps.get_models() if table and model._meta.db_table == table[1]), None)
    if fetched is None:
        return "", {}
    # A deferred column is looked for first: its query is by primary key too, as that of a foreign key.
    if deferred := _find_deferred_columns(fetched, sql):
        return "deferred", {"column": f"{fetched._meta.label}.{deferred}", "name": deferred}
    written = _get_model(group.label)
    relations = written._meta.get_fields() if written else ()
    name = next((field.name for field in relations if field.is_relation and field.related_model is fetched), "")
    if name:
        return "relation", {"column": f"{group.label}.{name}", "name": name}
    return "model", {"model": fetched._meta.label}


def _find_deferred_columns(model: type[Model], sql: str) -> str:
    """Return the columns that SQL fetches for an object that exists already: a few of them, by its primary key.

    Django's `refresh_from_db()` limits such a query to 21 rows (`MAX_GET_RESULTS`).
    """
    columns = {field.column: field.name for field in model._meta.concrete_fields}
    fetched = _SQL_COLUMN.findall(sql.partition(" FROM ")[0] + " FROM ")
    key = model._meta.pk.column
    if key not in fetched or len(fetched) >= len(columns) or not set(fetched) <= set(columns) or " LIMIT 21" not in sql:
        return ""
    return ", ".join(columns[column] for column in fetched if column != key)


def _get_model(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None
