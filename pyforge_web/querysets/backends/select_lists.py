"""The columns of SELECT, which Django writes anew for each query: with ORDER BY the most of its work for a small page.

They are kept for a model's own columns, and for chosen columns of a model and its joins: no value and no condition of a
query decides their text. What does is compared at each use. Under DEBUG, and at each thousandth use, the whole list is
compared with Django's.
"""

import logging
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.db.models import ForeignKey
from django.db.models.expressions import Col
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from pyforge_web.conf import get_settings
from pyforge_web.querysets.backends.columns import ColumnPlan, read_session
from pyforge_web.querysets.backends.kept_orders import KeptOrder, find_ordering, keep_order, make_order_key
from pyforge_web.querysets.sql_facts import tables
from pyforge_web.querysets.sql_facts.evidence import NotRememberedError, SelectEvidence

logger = logging.getLogger("pyforge_web.select_lists")

# The key of a model's lists in the `__dict__` of its `_meta`: they end with the model.
_SELECTS = "_pyforge_select"
_MOST_SELECTS = 32  # of a model
_MOST_ORDERS = 16  # of a list of columns
_LONGEST_WAIT = 1024  # uses of Django's columns before they are kept again, where they changed each time before
# What puts other columns into SELECT than those of the key, or names them in another way.
_OTHER_SELECT = ("combinator", "external_aliases", "extra", "select_related", "_filtered_relations")
_SELECTED = (dict, type(None))
_NOT_LOOKED_AT: Any = object()  # stands for an ORDER BY
# What is kept, the uses since, and how many of them there must be before it is made again.
_NOTHING_KEPT: tuple[Any, int, int] = (None, 0, 0)

# What `SQLCompiler.get_select` returns: columns with their SQL and alias, those of the model, those of annotations.
Select = tuple[list[tuple[Any, tuple[str, Any], str | None]], dict[str, Any] | None, dict[str, int]]


class KeptSelect:
    """The columns of SELECT as Django has written them, what they were written with, and how they are read."""

    __slots__ = (
        "_aliases",
        "_annotations",
        "_columns",
        "_evidence",
        "_of_model",
        "_plan",
        "_texts",
        "names",
        "orders",
        "positions",
    )

    def __init__(self, compiler: "SelectCompiler", made: Select) -> None:
        """Raise `NotRememberedError` where Django has to write them each time."""
        select, klass_info, annotations = made
        query = compiler.query
        columns = [column for column, _, _ in select]
        if not columns or any(type(column) is not Col or text[1] for column, text, _ in select):
            raise NotRememberedError("it selects more than columns")
        # Chosen columns are each query's own, and found by their places; those of a model are kept by its fields.
        self._columns: tuple[Any, ...] = tuple(columns)
        if not query.default_cols:
            places = range(len(columns)) if query.selected is None else query.selected.values()
            self._columns = tuple(places)
            columns = _choose_columns(query, self._columns)
        elif not all(map(_is_own_column, columns, query.model._meta.concrete_fields)):
            raise NotRememberedError("a field has another column each time")
        if any(kept is not given[0] for kept, given in zip(columns, select, strict=True)):
            raise NotRememberedError("it selects other columns than those that were chosen")
        fields = [field for column in columns for field in (column.target, column.output_field)]
        self._evidence = SelectEvidence(compiler, fields, [query.model, *(column.target.model for column in columns)])
        self._texts = tuple(text for _, text, _ in select)
        self._aliases = tuple(alias for _, _, alias in select)
        self._of_model = tuple(klass_info["select_fields"]) if klass_info else ()
        self._annotations = dict(annotations)
        self._plan: tuple[Any, Any] = (None, None)
        self.names = frozenset(column.target.column for column in columns)
        self.orders: dict[Any, KeptOrder | None] = {}
        self.positions = find_positions(select, klass_info, annotations)

    def is_valid(self, compiler: "SelectCompiler") -> bool:
        """Return whether Django would write the same now."""
        # Django 5.2 leaves the name of a column without quotes where a join has it for its alias.
        return self._evidence.is_valid(compiler.connection) and self.names.isdisjoint(compiler.query.alias_map)

    def give(self, query: Any) -> Select:
        """Return the same as `SQLCompiler.get_select`, for a query with these columns."""
        columns = self._columns if query.default_cols else _choose_columns(query, self._columns)
        klass_info = {"model": query.model, "select_fields": list(self._of_model)} if self._of_model else None
        return list(zip(columns, self._texts, self._aliases, strict=True)), klass_info, dict(self._annotations)

    def find_plan(self, backend: Any, compiler: "SelectCompiler") -> ColumnPlan:
        """Return how the columns are read: as before while all that decides it is the same."""
        plan, watch = self._plan
        if watch is not None and watch.holds():
            return cast(ColumnPlan, plan)
        columns = [column for column, _, _ in compiler.select]
        made: ColumnPlan = backend.plan_columns(compiler, columns)
        self._plan = made, backend.find_plan_watch(columns, compiler.connection)
        return made


def _choose_columns(query: Any, places: Any) -> list[Any]:
    """Return the chosen columns of a query: each by its place, or by its name where it is the column of a join."""
    chosen, joined = query.select, query.annotations
    return [chosen[place] if type(place) is int else joined[place] for place in places]


def _is_own_column(column: Any, field: Any) -> bool:
    """Return whether a column is that of a field for all queries. A foreign key makes one of its target's type."""
    return column.target is field and (column is field.cached_col or isinstance(field, ForeignKey))


def find_positions(select: Any, klass_info: Any, annotations: dict[str, int] | None) -> dict[str, int]:
    """Return the index of each column as `ModelIterable` and `ValuesIterable` take it, from a compiled query."""
    if klass_info is None:
        return annotations or {}
    targets = ((index, getattr(select[index][0], "target", None)) for index in klass_info["select_fields"])
    positions = {target.attname: index for index, target in targets if target is not None}
    return {**positions, **annotations} if annotations else positions


class SelectMemory:
    """What is counted of all lists, and whether they are used: a difference from Django's turns them off."""

    def __init__(self) -> None:
        self.always_check = False
        self.uses = 0
        self.why_off: str | None = None

    def is_check_due(self) -> bool:
        """Return whether this use is compared with what Django writes."""
        self.uses += 1
        return self.always_check or settings.DEBUG or self.uses % get_settings()["SQL_CACHE_CHECK"] == 0

    def turn_off(self, ours: Any, django: Any) -> None:
        """Have Django write all columns from now on, in this process."""
        self.why_off = f"Kept: {ours!r}. Django's: {django!r}."
        logger.error(
            "PyForge's kept columns of SELECT differ from Django's, which writes them from now on in this process. %s "
            "Please report it with the model.",
            self.why_off,
        )


select_memory = SelectMemory()


class SelectCompiler(SQLCompiler):
    """Django's compiler, which keeps the columns of SELECT and ORDER BY. `kept` are those of this query, if any."""

    query: Any
    connection: Any
    kept: KeptSelect | None = None
    _is_checked = False

    def get_select(self, with_col_aliases: bool = False) -> Any:
        """Return the columns of SELECT. Source: `django.db.models.sql.compiler.SQLCompiler.get_select`."""
        key = None if with_col_aliases or select_memory.why_off else _make_key(self)
        if key is None:
            return super().get_select(with_col_aliases)
        query = self.query
        lists: dict[Any, Any] = query.model._meta.__dict__.setdefault(_SELECTS, {})
        kept, uses, wait = lists.get(key, _NOTHING_KEPT)
        if kept is not None and kept.is_valid(self):
            if wait:
                lists[key] = kept, 0, 0
            query.get_initial_alias()  # it counts its uses
            given = kept.give(query)
            self._is_checked = select_memory.is_check_due()
            if self._is_checked and (made := super().get_select()) != given:
                select_memory.turn_off(given, made)
                return made
            self.kept = kept
            return given
        joined = len(query.alias_map)
        made = super().get_select()
        if uses < wait:
            lists[key] = kept, uses + 1, wait
            return made
        if len(lists) >= _MOST_SELECTS:
            lists.clear()
        changed = joined != len(query.alias_map)  # a parent's table
        lists[key] = None if changed else _keep_columns(self, cast(Select, made)), 0, min(2 * wait + 1, _LONGEST_WAIT)
        return made

    def get_order_by(self) -> Any:
        """Return ORDER BY. Source: `django.db.models.sql.compiler.SQLCompiler.get_order_by`."""
        kept = self.kept
        if kept is None:
            return super().get_order_by()
        ordering, is_default = find_ordering(self.query)
        key = make_order_key(self.query, ordering)
        if key is None:
            return super().get_order_by()
        order = kept.orders.get(key, _NOT_LOOKED_AT)
        if order is None:
            return super().get_order_by()
        if order is _NOT_LOOKED_AT or not order.evidence.is_valid(self.connection):
            made = super().get_order_by()
            if len(kept.orders) >= _MOST_ORDERS:
                kept.orders.clear()
            kept.orders[key] = keep_order(self, ordering, made)
            return made
        given = list(order.items)
        if self._is_checked and (made := super().get_order_by()) != given:
            select_memory.turn_off(given, made)
            return made
        if is_default:
            self._meta_ordering = ordering  # with GROUP BY Django leaves it out
        return given


@cache
def find_select_compiler(standard: Any) -> Any:
    """Return the class of a compiler with `SelectCompiler` above it."""
    return type(f"Select{standard.__name__}", (SelectCompiler, standard), {})


def _make_key(compiler: SelectCompiler) -> tuple[Any, ...] | None:
    """Return which columns a query selects, and of which database; None where there is more to it."""
    query = compiler.query
    if type(query) is not Query or query.deferred_loading[0] or any(map(vars(query).get, _OTHER_SELECT)):
        return None
    model, selected = query.model, query.selected
    if model is None or type(selected) not in _SELECTED:
        return None
    if query.default_cols:
        if query.select or query.annotations or selected is not None or query.base_table != model._meta.db_table:
            return None
        return type(compiler), *read_session(compiler.connection)
    if selected is None and query.annotations:
        return None
    tables_by_name: dict[str, Any] = query.table_map
    columns: list[Any] = []
    for column in (*query.select, *query.annotations.values()):
        # An alias that is no table's name may have no quotes.
        if type(column) is not Col or column.alias not in tables_by_name:
            return None
        if not vars(column).keys() <= tables.COL_ATTRIBUTES:
            return None
        columns += (column.alias, id(column.target), id(column.output_field))
    names = (*selected.items(), *query.annotations) if selected else ()
    return type(compiler), *read_session(compiler.connection), *names, *columns


def _keep_columns(compiler: SelectCompiler, made: Select) -> KeptSelect | None:
    try:
        return KeptSelect(compiler, made)
    except NotRememberedError:
        return None
