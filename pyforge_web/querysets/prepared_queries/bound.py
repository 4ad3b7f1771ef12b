"""A template that was compiled for a database, and its use with values: Django's lookups make the parameters."""

import datetime
import decimal
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import connections
from django.db.models.sql.where import WhereNode

from pyforge_web.output.tree import Tree
from pyforge_web.querysets.prepared_queries.parameters import Parameter
from pyforge_web.querysets.relations.columns import SelectPlan, select_tree
from pyforge_web.querysets.relations.doubts import why_tree_django
from pyforge_web.querysets.relations.remembered_pages import PageRows, find_page, read_page
from pyforge_web.querysets.sql_cache.memory import FailedEntry
from pyforge_web.querysets.sql_cache.recording import RememberedQuery
from pyforge_web.querysets.sql_cache.remembered import (
    DatabaseState,
    FoundEntry,
    Prepare,
    read_database_state,
    remember_selection,
    use_entry,
)
from pyforge_web.querysets.sql_facts.evidence import NotRememberedError
from pyforge_web.querysets.statement import CompiledQuery

# The values that a lookup takes without another lookup being chosen for them: None, booleans, lists, instances and
# QuerySets are the function's own to decide.
_PLAIN_TYPES = frozenset(
    {
        datetime.date,
        datetime.datetime,
        datetime.time,
        datetime.timedelta,
        decimal.Decimal,
        float,
        int,
        str,
        uuid.UUID,
    }
)


class BoundQuery(NamedTuple):
    """A template for one database: the SQL, the plan of its rows, and where each parameter comes from."""

    entry: RememberedQuery
    plan: SelectPlan
    state: DatabaseState
    # The name of a parameter or None for a constant, the lookup, and the SQL of its right side.
    leaves: tuple[tuple[str | None, Any, Any], ...]


class PreparedTemplate:
    """The QuerySet of a function with parameters, compiled once for each database."""

    def __init__(self, queryset: Any, tree: Tree, names: Any) -> None:
        self.queryset = queryset
        self._names = names
        self.tree = tree
        self.limits: tuple[int, int | None] = (queryset.query.low_mark, queryset.query.high_mark)
        self._bound: dict[str, BoundQuery] = {}
        # Why there is no remembered SQL for a database: to find that out costs as much as the whole page.
        self._failed: dict[str, FailedEntry] = {}
        self.why_not: str | None = None
        self._by_database: dict[str, Any] = {}

    def compile(
        self, values: Mapping[str, Any], using: str, limits: tuple[int, int | None], prepare: Prepare
    ) -> tuple[SelectPlan, CompiledQuery] | str:
        """Return the SQL with these values and limits; a text says why the function has to be called.

        `prepare` gives the query of the function with these values, where Django has to compile it.
        """
        if not _PLAIN_TYPES.issuperset(map(type, values.values())):
            return "a value is None, a boolean, a list or an object"
        failed = self._failed.get(using)
        if failed is not None and not failed.is_due():
            return failed.reason
        if not self._names.are_same():
            return "what it reads by its names is something else now"
        connection = connections[using]
        if why := why_tree_django(self.find_queryset(using), self.tree, connection):
            return why
        state = read_database_state(connection)
        bound = self._bound.get(using)
        try:
            if bound is None or bound.state != state or not bound.entry.evidence.is_valid(connection):
                made = self._bind(values, using, state)
                if isinstance(made, str):
                    return made
                bound = self._bound[using] = made
            params = _make_parameters(bound, values, connection)
        except NotRememberedError as error:
            self._failed[using] = FailedEntry(str(error))
            self.why_not = str(error)
            return self.why_not
        except Exception as error:  # the function says it, with Django's words
            return f"{type(error).__name__} for these values"
        if params is None:
            return "a value is compared in another way"
        compiled = use_entry(FoundEntry(bound.entry, state.compiler, params, limits), connection, prepare)
        return "its columns are read in another way now" if compiled is None else (bound.plan, compiled)

    def find_queryset(self, using: str) -> Any:
        """Return the QuerySet with parameters, for a database."""
        queryset = self._by_database.get(using)
        if queryset is None:
            queryset = self._by_database[using] = self.queryset.using(using)
        return queryset

    def read_page(
        self, values: Mapping[str, Any], using: str, limits: tuple[int, int | None], prepare: Prepare
    ) -> PageRows | None:
        """Return all rows for these values and limits, by the shortest way; None where `compile` has to be asked."""
        bound = self._bound.get(using)
        if bound is None or not _PLAIN_TYPES.issuperset(map(type, values.values())):
            return None
        if find_page(self.find_queryset(using), self.tree) is None:
            return None
        if not self._names.are_same():
            return None
        connection = connections[using]
        state = read_database_state(connection)
        if bound.state != state or not bound.entry.evidence.is_valid(connection):
            return None
        try:
            params = _make_parameters(bound, values, connection)
        except Exception:  # `compile` says it
            return None
        if params is None:
            return None
        return read_page(FoundEntry(bound.entry, state.compiler, params, limits), self.tree, connection, prepare)

    def _bind(self, values: Mapping[str, Any], using: str, state: DatabaseState) -> BoundQuery | str:
        queryset = self.queryset._chain()
        queryset._db = using
        queryset.query.clear_limits()
        names = _fill_parameters(queryset.query.where, values)
        if names is None:
            return "a value is compared in another way"
        selection = select_tree(queryset, self.tree)
        made = remember_selection(queryset, selection.prepare)
        if isinstance(made, str):
            return made
        entry, leaves, texts, compiled = made
        plan = selection.finish(entry.extra, compiled)
        named = tuple((names.get(id(leaf)), leaf, text) for leaf, text in zip(leaves, texts, strict=True))
        if len(list(filter(None, (name for name, _, _ in named)))) != len(names):
            return "a parameter is not the value of a condition"
        return BoundQuery(entry, plan, state, named)


def _make_parameters(bound: BoundQuery, values: Mapping[str, Any], connection: Any) -> list[Any] | None:
    params: list[Any] = []
    for name, lookup, text in bound.leaves:
        current = lookup if name is None else _give_value(lookup, values[name])
        if current is None:
            return None
        sql, own = current.process_rhs(None, connection)
        if sql != text:
            return None
        params.append(own)
    return params


def _give_value(lookup: Any, value: Any) -> Any:
    """Return a lookup with a value; None where its field makes None or a boolean of it, which is other SQL."""
    made = type(lookup)(lookup.lhs, value)
    return None if made.rhs is None or isinstance(made.rhs, bool) else made


def _fill_parameters(where: Any, values: Mapping[str, Any]) -> dict[int, str] | None:
    """Put values in the place of parameters; return the names of the parameters by the ids of their lookups.

    None where a value would be other SQL.
    """
    names: dict[int, str] = {}
    work = [where]
    while work:
        node = work.pop()
        for index, child in enumerate(node.children):
            if isinstance(child, WhereNode):
                work.append(child)
            elif isinstance(child.rhs, Parameter):
                name = child.rhs.name
                lookup = node.children[index] = _give_value(child, values[name])
                if lookup is None:
                    return None
                names[id(lookup)] = name
    return names
