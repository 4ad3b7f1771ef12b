"""The keys of a many-to-many field, row by row, as Django's serializer asks for them.

Before Django 6.1 the database decides the order of related rows that have no `ordering`, and the order depends on the
statement. So this runs Django's statement, one for each row as in `dumpdata`, but compiles it once. Source:
`django.core.serializers.python.Serializer.handle_m2m_field`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.serializers.python import Serializer
from django.db import connections
from django.db.models import Field, ManyToManyField, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.manager import BaseManager

from pyforge_web.querysets.django_path import why_instances
from pyforge_web.stock import find_stock

KeysFunction = Callable[[Any], list[Any]]
_VALUE_FROM_OBJECT = find_stock(Field, "value_from_object")
_GET_QUERYSET = find_stock(BaseManager, "get_queryset")
_RELATED_QUERYSET_METHODS = ("_fetch_all", "_iterator", "filter", "iterator", "only", "order_by", "select_related")

_key_serializer: Any = Serializer()


class _KeysStatement(NamedTuple):
    compiler: Any
    sql: str
    parameter: Any


def make_keys_function(field: "ManyToManyField[Any, Any]", using: str) -> KeysFunction:
    """Return a function from the key of a row to the keys of its related rows, as the serializer writes them."""
    compiled: list[_KeysStatement | None] = []

    def find_keys(key: Any) -> list[Any]:
        if not compiled:
            compiled.append(_compile_statement(field, using, key))
        return _read_keys_by_django(field, using, key) if compiled[0] is None else _read_keys(field, compiled[0], key)

    return find_keys


def gives_attribute(field: Any) -> bool:
    """Return whether the serializer takes the attribute of an instance for the value of a field."""
    return type(field).value_from_object is _VALUE_FROM_OBJECT and "value_from_object" not in vars(field)


def make_holder(model: type[Model], using: str, key: Any = None) -> Any:
    """Return an instance that has nothing but its key, for code of Django's that asks an instance.

    `__init__` and the receivers of its signals do not run: code of the project's may read other columns there, and
    each would be a query.
    """
    holder: Any = model.__new__(model)
    holder._state = ModelState()
    # As of a stored row: a related manager refuses an instance without a key, and asks the instance's database.
    holder._state.db, holder._state.adding = using, False
    setattr(holder, model._meta.pk.attname, key)
    return holder


def _compile_statement(field: "ManyToManyField[Any, Any]", using: str, key: Any) -> _KeysStatement | None:
    """Return the statement for a key; None if another key may need another statement."""
    related: Any = field.remote_field.model
    if type(related._default_manager).get_queryset is not _GET_QUERYSET or why_instances(related):
        return None
    queryset: Any = getattr(make_holder(field.model, using, key), field.name).select_related(None).only("pk")
    if any(getattr(type(queryset), name) is not getattr(QuerySet, name) for name in _RELATED_QUERYSET_METHODS):
        return None
    # Django 6.1's serializer orders by the key what no other ordering decides.
    if not getattr(queryset, "totally_ordered", True):
        ordering = queryset.query.order_by or queryset.model._meta.ordering or []
        queryset = queryset.order_by(*ordering, "pk")
    compiler = queryset.query.get_compiler(using=queryset.db)
    sql, params = compiler.as_sql()
    parameter = _key_parameter(field.model, key, using)
    # One column, and the key as the one parameter: then another key needs no other SQL.
    if queryset.db != using or compiler.col_count != 1 or tuple(params) != (parameter,):
        return None
    return _KeysStatement(compiler, sql, parameter)


def _key_parameter(model: type[Model], key: Any, using: str) -> Any:
    return model._meta.pk.get_db_prep_value(key, connections[using])


def _read_keys(field: "ManyToManyField[Any, Any]", statement: _KeysStatement, key: Any) -> list[Any]:
    compiler = statement.compiler
    connection = compiler.connection
    # As `iterator()` chooses. Source: `django.db.models.query.QuerySet.iterator`.
    server_side = not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    with connection.chunked_cursor() if server_side else connection.cursor() as cursor:
        cursor.execute(statement.sql, (_key_parameter(field.model, key, compiler.using),))
        rows = cursor.fetchall()
    # Asked for each statement, as Django does: a project may change converters at any time.
    converters = compiler.get_converters([compiler.select[0][0]])
    if converters:
        rows = list(compiler.apply_converters(rows, converters))
    values = [row[0] for row in rows]
    related: Any = field.remote_field.model
    pk = related._meta.pk
    if gives_attribute(pk) and all(type(value) is int for value in values):
        return values
    return [_key_serializer._value_from_field(make_holder(related, compiler.using, value), pk) for value in values]


def _read_keys_by_django(field: "ManyToManyField[Any, Any]", using: str, key: Any) -> list[Any]:
    serializer: Any = Serializer()
    serializer.use_natural_foreign_keys = False
    serializer._current = {}
    serializer.handle_m2m_field(make_holder(field.model, using, key), field)
    keys: list[Any] = serializer._current[field.name]
    return keys
