"""What decides SQL and is not in a query: classes and their methods, columns, options of models, the database.

An entry is used only while all of this is as it was. What is found to be of others when an entry is made means that
there is no entry.
"""

from collections.abc import Iterable
from functools import cached_property
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from django.db.models import ForeignKey
from django.db.models.expressions import Col, F, OrderBy, Ref
from django.db.models.options import Options
from django.db.models.sql import Query
from django.db.models.sql.compiler import PositionRef
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.where import WhereNode
from django.utils.functional import cached_property as django_cached_property

from pyforge_web._native import AttributeWatch, ClassVersions
from pyforge_web.fields import find_attribute
from pyforge_web.querysets.sql_facts import tables
from pyforge_web.stock import find_foreign, is_own_attribute

# The classes that make the SQL of every query, and those that write a column in SELECT and ORDER BY.
_ALWAYS = (BaseTable, Col, F, Join, Options, OrderBy, PositionRef, Query, Ref, WhereNode)
_ALWAYS_OF_SELECT = (Col, Options, OrderBy, PositionRef, Query)
_read_features = attrgetter(*tables.FEATURES)
# What is known of classes: their versions or methods, and why they are not Django's own.
_verified: WeakKeyDictionary[type, tuple[ClassVersions, str | None]] = WeakKeyDictionary()
_verified_fields: WeakKeyDictionary[type, dict[Any, tuple[list[Any], str | None]]] = WeakKeyDictionary()


class NotRememberedError(Exception):
    """Why SQL is not remembered."""


class SelectEvidence:
    """What the columns of SELECT were written with; `is_valid` says whether all of that is the same now.

    A model's own columns are found through its `opts`. Chosen columns, without `opts`, are in the query: it decides
    which fields and tables they are of.
    """

    __slots__ = ("_concrete", "_opts", "_versions", "_watch")

    def __init__(self, compiler: Any, fields: Iterable[Any], opts: Any = None) -> None:
        """Raise `NotRememberedError` where something is not Django's own."""
        connection = compiler.connection
        classes = {*_ALWAYS_OF_SELECT, type(connection.ops), type(compiler)}
        for kind in classes:
            _refuse_changed(kind)
        fields = collect_fields(fields)
        models = dict.fromkeys(field.model for field in fields if hasattr(field, "model"))
        options = [] if opts is None else [opts, *[model._meta for model in models]]
        names = tables.CHOSEN_METHODS if opts is None else tables.SELECT_METHODS
        _refuse_fields(fields, names)
        _refuse_operations(connection)
        _refuse_tables(options)
        self._versions = ClassVersions([*classes, type(connection)])
        self._watch = AttributeWatch(
            [
                *[(kind, names, False) for kind in set(map(type, fields))],
                *[(field, names if isinstance(field, ForeignKey) else tables.PLAIN_METHODS, True) for field in fields],
                *[(own, ("db_table",), True) for own in options],
            ]
        )
        self._opts = opts
        self._concrete = None if opts is None else opts.concrete_fields

    def is_valid(self, compiler: Any) -> bool:
        """Return whether the same columns would be written in the same way now."""
        ops, opts = compiler.connection.ops, self._opts
        return (
            self._versions.are_unchanged()
            and self._watch.holds()
            # A copy of the options has what was kept with these.
            and (opts is None or (opts is compiler.query.model._meta and opts.concrete_fields is self._concrete))
            and vars(ops).keys() <= _operations_attributes(type(ops))
        )


class Evidence:
    """What an entry was made with; `is_valid` says whether all of that is the same now."""

    __slots__ = ("_features", "_operators", "_options", "_versions", "_watch")

    def __init__(
        self,
        connection: Any,
        compiler: Any,
        fields: Iterable[Any],
        models: Iterable[Any],
        kinds: Any,
        value_fields: Iterable[Any],
    ) -> None:
        """Raise `NotRememberedError` where something is not Django's own."""
        fields = list({id(field): field for field in fields}.values())
        databases = {type(connection.ops), type(connection.features), type(compiler)}
        classes = {*_ALWAYS, *databases, *kinds}
        for kind in classes:
            _refuse_changed(kind)
        _refuse_fields(fields, tables.FIELD_METHODS)
        value_kinds = set(map(type, value_fields))
        for kind in value_kinds:
            _refuse_methods(kind, tables.VALUE_METHODS)
        _refuse_operations(connection)
        options = list({id(model): model._meta for model in models}.values())
        _refuse_tables(options)
        self._versions = ClassVersions([*classes, type(connection)])
        # Of the classes of fields the methods alone: Django counts its fields on `Field`, so each new one changes it.
        self._watch = AttributeWatch(
            [
                *[(kind, tables.FIELD_METHODS, False) for kind in set(map(type, fields))],
                *[(field, ("column", "null", "primary_key", *tables.FIELD_OVERRIDES), True) for field in fields],
                *[(kind, tables.VALUE_METHODS, False) for kind in value_kinds],
                *[(opts, ("db_table", "managed", "ordering"), True) for opts in options],
            ]
        )
        # A list can be changed in its place, and so can what is in it. The watch holds what it compares, and nobody
        # sees that it does: fields in it would keep a model that was made at run time.
        self._options = tuple((opts, opts.concrete_fields, _read_ordering(opts.ordering)) for opts in options)
        self._operators = dict(connection.operators), dict(connection.pattern_ops)
        self._features = _read_features(connection.features)

    def is_valid(self, connection: Any) -> bool:
        """Return whether SQL that was made with this would be the same now."""
        if not (self._versions.are_unchanged() and self._watch.holds()):
            return False
        for opts, concrete, ordering in self._options:
            if opts.concrete_fields is not concrete or _read_ordering(opts.ordering) != ordering:
                return False
        ops = connection.ops
        return (
            connection.operators == self._operators[0]
            and connection.pattern_ops == self._operators[1]
            and _read_features(connection.features) == self._features
            and vars(ops).keys() <= _operations_attributes(type(ops))
        )


def _refuse_tables(options: Iterable[Any]) -> None:
    for opts in options:
        if type(opts.db_table) is not str:
            raise NotRememberedError(f"the table of {opts.label} is not plain text")


def _read_ordering(ordering: Iterable[Any]) -> list[Any]:
    """Return what the default order of a model says now: texts, and the attributes of `F("name").desc()`."""
    return [_read_order(item) if type(item) is OrderBy else item for item in ordering]


def _read_order(order: Any) -> tuple[Any, ...]:
    expression = order.expression
    name = vars(expression)["name"] if type(expression) is F else expression
    return order.descending, order.nulls_first, order.nulls_last, name


def _refuse_changed(kind: type) -> None:
    """Raise for a class that has a function of others, of its own or from one of its bases."""
    known = _verified.get(kind)
    if known is None or not known[0].are_unchanged():
        known = _verified[kind] = ClassVersions([kind]), find_foreign(kind)
    if known[1] is not None:
        raise NotRememberedError(known[1])


def _refuse_fields(fields: Iterable[Any], names: tuple[str, ...]) -> None:
    """Raise for a field whose column or type may be another one each time: one of these methods is not Django's."""
    for kind in set(map(type, fields)):
        _refuse_field_class(kind, names)
    for field in fields:
        attributes = vars(field)
        if not attributes.keys().isdisjoint(tables.FIELD_OVERRIDES):
            raise NotRememberedError(f"{field} has methods of its own")
        if type(attributes.get("column")) not in (str, type(None)):
            raise NotRememberedError(f"the column of {field} is not plain text")


def _refuse_field_class(kind: type, names: tuple[str, ...]) -> None:
    by_names = _verified_fields.setdefault(kind, {})
    methods = [getattr(kind, name, None) for name in names]
    known = by_names.get(names)
    if known is None or known[0] != methods:
        known = by_names[names] = methods, _find_foreign_method(kind, names)
    if known[1] is not None:
        raise NotRememberedError(known[1])


def _find_foreign_method(kind: type, names: Iterable[str]) -> str | None:
    foreign = next((name for name in names if not is_own_attribute(find_attribute(kind, name))), None)
    return None if foreign is None else f"{kind.__name__}.{foreign} is not Django's"


def _refuse_methods(kind: type, names: Iterable[str]) -> None:
    if reason := _find_foreign_method(kind, names):
        raise NotRememberedError(reason)


def _refuse_operations(connection: Any) -> None:
    unknown = vars(connection.ops).keys() - _operations_attributes(type(connection.ops))
    if unknown:
        raise NotRememberedError(f"the operations of the database have {', '.join(sorted(unknown))} of their own")
    if connection.vendor not in tables.VENDORS:
        raise NotRememberedError(f"{connection.vendor} is not among the known databases")


_known_operations: dict[type, frozenset[str]] = {}


def _operations_attributes(kind: type) -> frozenset[str]:
    """Return what an instance of a database's operations may have: what its class computes once and keeps."""
    known = _known_operations.get(kind)
    if known is None:
        computed = {
            name
            for base in kind.__mro__
            for name, value in vars(base).items()
            if isinstance(value, django_cached_property | cached_property)
        }
        known = _known_operations[kind] = frozenset({"connection", "_cache", *computed})
    return known


def collect_fields(fields: Iterable[Any]) -> list[Any]:
    """Return fields, and those that give foreign keys their type: the last key that each of them leads to."""
    found: dict[int, Any] = {}
    work = list(fields)
    while work:
        field = work.pop()
        if id(field) not in found:
            found[id(field)] = field
            if isinstance(field, ForeignKey):
                work.append(field.target_field)
    return list(found.values())


def collect_models(fields: Iterable[Any], models: Iterable[Any]) -> dict[int, Any]:
    """Return the models whose options the SQL was made of: those of the fields, and their parents."""
    collected = {id(model): model for model in models}
    work = [*collected.values(), *(getattr(field, "model", None) for field in fields)]
    while work:
        model = work.pop()
        if model is None or not hasattr(model, "_meta"):
            continue
        collected[id(model)] = model
        work += [parent for parent in model._meta.all_parents if id(parent) not in collected]
    return collected
