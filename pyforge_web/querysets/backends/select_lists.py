"""The columns of SELECT, which Django writes anew for each query: with ORDER BY the most of its work for a small page.

They are kept for all columns of a model's own table, and for chosen columns of a model and its joins: no value and no
condition of a query decides their text. What does is compared at each use. Under DEBUG, and at each thousandth use, the
whole list is compared with Django's.
"""

import logging
from functools import cache
from operator import attrgetter
from typing import Any, cast

from django.db.models import ForeignKey
from django.db.models.expressions import Col
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from pyforge_web.output.kept_fields import is_long
from pyforge_web.querysets.backends.columns import ColumnPlan, read_session
from pyforge_web.querysets.backends.kept_orders import KeptOrder, find_ordering, keep_order, make_order_key
from pyforge_web.querysets.sql_facts import tables
from pyforge_web.querysets.sql_facts.comparisons import is_comparison_due
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
_PLAIN_COLUMN = frozenset({Col})
_find_alias, _find_target, _find_output = map(attrgetter, ("alias", "target", "output_field"))
# What is kept, the uses since, and how many of them there must be before it is made (again). To keep columns takes
# longer than to write them: those of a query that comes once, with fields that a client has named, are not kept.
_NOTHING_KEPT: tuple[Any, int, int] = (None, 0, 1)

# What `SQLCompiler.get_select` returns: columns with their SQL and alias, those of the model, those of annotations.
Select = tuple[list[tuple[Any, tuple[str, Any], str | None]], dict[str, Any] | None, dict[str, int]]


class KeptSelect:
    """The columns of SELECT as Django has written them, what they were written with, and how they are read."""

    __slots__ = (
        "_annotations",
        "_evidence",
        "_of_model",
        "_places",
        "_plan",
        "_select",
        "_written",
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
        # First: with a compiler that is not Django's there may be any columns.
        fields = [field for column in columns for field in (column.target, column.output_field)]
        self._evidence = SelectEvidence(compiler, fields, query.model._meta if query.default_cols else None)
        # The columns of a model's table are kept. Chosen ones are each query's own, and found by their places.
        self._select: tuple[Any, ...] | None = None
        self._places: tuple[int, ...] = ()
        if query.default_cols:
            pairs = zip(columns, query.model._meta.concrete_fields, strict=True)
            if not all(_is_own_column(*pair, query.base_table) for pair in pairs):
                raise NotRememberedError("a field has another column each time, or one of a parent's table")
            self._select = tuple(select)
        else:
            self._places = tuple(range(len(columns)) if query.selected is None else query.selected.values())
            chosen = _choose_columns(query, self._places)
            if any(kept is not given for kept, given in zip(chosen, columns, strict=True)):
                raise NotRememberedError("it selects other columns than those that were chosen")
        self._written = tuple((text, alias) for _, text, alias in select)
        self._of_model = tuple(klass_info["select_fields"]) if klass_info else ()
        self._annotations = dict(annotations)
        self._plan: tuple[Any, Any] = (None, None)
        self.names = frozenset(column.target.column for column in columns)
        self.orders: dict[Any, KeptOrder | None] = {}
        self.positions = find_positions(select, klass_info, annotations)

    def is_valid(self, compiler: "SelectCompiler") -> bool:
        """Return whether Django would write the same now."""
        # Django 5.2 leaves the name of a column without quotes where a join has it for its alias.
        return self._evidence.is_valid(compiler) and self.names.isdisjoint(compiler.query.alias_map)

    def give(self, query: Any) -> Select:
        """Return the same as `SQLCompiler.get_select`, for a query with these columns."""
        if self._select is None:
            chosen = _choose_columns(query, self._places)
            select = [(column, *written) for column, written in zip(chosen, self._written, strict=True)]
        else:
            select = list(self._select)
        klass_info = {"model": query.model, "select_fields": list(self._of_model)} if self._of_model else None
        return select, klass_info, dict(self._annotations)

    def find_plan(self, backend: Any, compiler: "SelectCompiler") -> ColumnPlan:
        """Return how the columns are read: as before while all that decides it is the same."""
        plan, watch = self._plan
        if watch is not None and watch.holds():
            return cast(ColumnPlan, plan)
        columns = [column for column, _, _ in compiler.select]
        made: ColumnPlan = backend.plan_columns(compiler, columns)
        self._plan = made, backend.find_plan_watch(made, columns, compiler.connection)
        return made


def _choose_columns(query: Any, places: Any) -> list[Any]:
    """Return the chosen columns of a query: each by its place, or by its name where it is the column of a join."""
    chosen, joined = query.select, query.annotations
    return [chosen[place] if type(place) is int else joined[place] for place in places]


def _is_own_column(column: Any, field: Any, table: str) -> bool:
    """Return whether a column is that of a field, in this table, for all queries. A foreign key makes one each time."""
    if column.target is not field or column.alias != table:  # a parent's table, which a query has joined or not
        return False
    return isinstance(field, ForeignKey) or column is field.cached_col


def find_positions(select: Any, klass_info: Any, annotations: dict[str, int] | None) -> dict[str, int]:
    """Return the index of each column as `ModelIterable` and `ValuesIterable` take it, from a compiled query."""
    if klass_info is None:
        return annotations or {}
    indexes = klass_info["select_fields"]
    fields = [getattr(select[index][0], "target", None) for index in indexes]
    concrete = klass_info["model"]._meta.concrete_fields
    if len(fields) == len(concrete):  # `Model.from_db` takes all columns by their place, whatever they are columns of
        fields = concrete
    positions = {field.attname: index for index, field in zip(indexes, fields, strict=True) if field is not None}
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
        return self.always_check or is_comparison_due(self.uses)

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
        self.kept = None
        key = None if with_col_aliases or select_memory.why_off else _make_key(self)
        if key is None:
            return super().get_select(with_col_aliases)
        query = self.query
        lists: dict[Any, Any] = query.model._meta.__dict__.setdefault(_SELECTS, {})
        kept, uses, wait = lists.get(key, _NOTHING_KEPT)
        if kept is not None and kept.is_valid(self):
            if wait:
                lists[key] = kept, 0, 0
            if query.default_cols:
                query.get_initial_alias()  # it counts its uses
            given = kept.give(query)
            self._is_checked = select_memory.is_check_due()
            if self._is_checked and (made := super().get_select()) != given:
                select_memory.turn_off(given, made)
                return made
            self.kept = kept
            return given
        made = super().get_select()
        if is_long(key):  # a client may have chosen the names
            return made
        if key not in lists and len(lists) >= _MOST_SELECTS:
            lists.clear()
        if uses < wait:
            lists[key] = kept, uses + 1, wait
        else:
            lists[key] = self._keep(cast(Select, made)), 0, min(2 * wait + 1, _LONGEST_WAIT)
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
        if order is _NOT_LOOKED_AT or not order.evidence.is_valid(self):
            made = super().get_order_by()
            if len(kept.orders) >= _MOST_ORDERS:
                kept.orders.clear()
            order = keep_order(self, ordering, made)
            # As with the columns: what another thread has changed since is in the evidence, and not in this text.
            kept.orders[key] = order if order is not None and super().get_order_by() == made else None
            return made
        given = list(order.items)
        if self._is_checked and (made := super().get_order_by()) != given:
            select_memory.turn_off(given, made)
            return made
        if is_default:
            self._meta_ordering = ordering  # with GROUP BY Django leaves it out
        return given

    def _keep(self, made: Select) -> KeptSelect | None:
        """Return what is kept of columns; None where Django has to write them each time."""
        try:
            kept = KeptSelect(self, made)
        except NotRememberedError:
            return None
        # What another thread has changed since is in the evidence, and not in these columns.
        return kept if super().get_select() == made else None


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
    columns = (*query.select, *query.annotations.values())
    # A column that somebody has given a method of its own is Django's to write.
    if not (
        _PLAIN_COLUMN.issuperset(map(type, columns)) and all(map(tables.COL_ATTRIBUTES.issuperset, map(vars, columns)))
    ):
        return None
    aliases = tuple(map(_find_alias, columns))
    if not query.table_map.keys() >= set(aliases):  # an alias that is no table's name may have no quotes
        return None
    names = (*selected.items(), *query.annotations) if selected is not None else None
    ids = *map(id, map(_find_target, columns)), *map(id, map(_find_output, columns))
    return type(compiler), *read_session(compiler.connection), names, aliases, ids
