"""The SQL of a QuerySet: remembered where an entry is certain to be right, else made by Django's compiler.

A wrong hit would give somebody the rows of somebody else. So parameters come from Django's own lookups at each use,
what decides the text is compared at each use, and a part of all hits is compared with what Django compiles.
"""

import os
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections

from pyforge_web.conf import get_settings
from pyforge_web.metering.row_traces import note_sql_origin
from pyforge_web.output.kept_fields import count_characters
from pyforge_web.querysets import backends
from pyforge_web.querysets.sql_cache.fingerprint import Fingerprint
from pyforge_web.querysets.sql_cache.memory import LONGEST_KEY, FailedEntry, sql_memory
from pyforge_web.querysets.sql_cache.recording import (
    RememberedQuery,
    fill_places,
    find_parameters,
    record_query,
)
from pyforge_web.querysets.sql_facts.comparisons import is_comparison_due
from pyforge_web.querysets.sql_facts.evidence import NotRememberedError
from pyforge_web.querysets.statement import CompiledQuery, compile_query, find_most

# Returns the QuerySet that is compiled, and what belongs to it: the names of its columns, for example.
Prepare = Callable[[], tuple[Any, Any]]
ALWAYS_CHECK = bool(os.environ.get("PYFORGE_SQL_CACHE"))


class RememberedCompiler:
    """Stands in the place of Django's compiler of a query whose SQL was remembered: it knows the query's columns."""

    __slots__ = ("_kind", "_prepare", "annotation_col_map", "col_count", "connection", "parsers", "select", "using")

    klass_info = None

    def __init__(self, entry: RememberedQuery, kind: Any, connection: Any, prepare: Prepare) -> None:
        self._kind = kind
        self._prepare = prepare
        self.connection = connection
        self.using = connection.alias
        self.select = entry.select
        self.col_count = len(entry.select)
        self.annotation_col_map = entry.annotation_col_map
        self.parsers = entry.parsers

    @property
    def query(self) -> Any:
        """The query of this use, which Django compiles where it reads the rows itself."""
        return self._prepare()[0].query

    def get_converters(self, expressions: Any) -> Any:
        """Return the converters of columns, as Django's compiler finds them."""
        return self._kind.get_converters(self, expressions)

    def has_composite_fields(self, expressions: Any) -> bool:
        """Return False: queries with keys of several columns are not remembered."""
        return False


def compile_remembered(
    queryset: Any, purpose: Hashable, prepare: Prepare, connection: Any = None
) -> tuple[CompiledQuery | None, Any]:
    """Return the SQL of the QuerySet that `prepare` makes of another one, and what `prepare` gives with it.

    `purpose` is all that `prepare` depends on beside the query; with None nothing is remembered. The SQL is None where
    Django finds nothing to ask for. `connection` is that of the QuerySet's database, where the caller has it.
    """
    if purpose is None or not is_remembering():
        return compile_prepared(prepare)
    if connection is None:
        connection = connections[queryset.db]
    try:
        found = find_entry(queryset, purpose, connection)
        entry = found.entry
        if type(entry) is RememberedQuery and entry.evidence.is_valid(connection):
            compiled = use_entry(found, connection, prepare)
            if compiled is not None:
                return _count_hit(entry, compiled, prepare)
    except NotRememberedError as error:
        return _compile_unremembered(prepare, str(error))
    except (EmptyResultSet, FullResultSet):
        return _compile_unremembered(prepare, "a condition is true of no row, or of all")
    except Exception as error:  # Django's compiler says it, or knows better
        return _compile_unremembered(prepare, f"{type(error).__name__} while its key was made")
    if type(entry) is FailedEntry and not entry.is_due():
        return _compile_unremembered(prepare, entry.reason)
    return _record_entry(queryset, purpose, prepare, found, connection)


class FoundEntry(NamedTuple):
    """What is remembered of a query, and what is its own: parameters, limits, and the numbers of a relation's keys."""

    entry: Any
    kind: Any
    params: Any
    marks: tuple[int, int | None]
    numbers: str | None = None
    printed: Any = None
    key: Any = None


def find_entry(queryset: Any, purpose: Hashable, connection: Any) -> FoundEntry:
    """Return what is remembered of a query, for `purpose`; raises what its lookups raise, and `NotRememberedError`."""
    printed, state = Fingerprint(queryset.query), read_database_state(connection)
    made = purpose, state, printed.read()
    texts, params, numbers = find_parameters(printed.leaves, connection)
    query, key = printed.query, (made, texts)
    entry = sql_memory.find_entries(query.model).get(key)
    return FoundEntry(entry, state.compiler, params, (query.low_mark, query.high_mark), numbers, printed, key)


class DatabaseState(NamedTuple):
    """What of a connection decides the SQL of its queries, and how their rows are read."""

    alias: str
    engine: type
    operations: type
    features: type
    compiler: Any
    # The zone and USE_TZ decide functions of dates, and what converters are asked.
    timezone_name: str
    use_tz: bool


def read_database_state(connection: Any) -> DatabaseState:
    """Return the state of a connection as it is now."""
    return DatabaseState(
        connection.alias,
        type(connection),
        type(connection.ops),
        type(connection.features),
        connection.ops.compiler("SQLCompiler"),
        connection.timezone_name,
        settings.USE_TZ,
    )


def use_entry(found: FoundEntry, connection: Any, prepare: Prepare) -> CompiledQuery | None:
    """Return the SQL of an entry with the parameters of now; None where its columns are read in another way now."""
    entry, kind, params, marks, numbers, *_ = found
    compiler = RememberedCompiler(entry, kind, connection, prepare)
    backend: Any = backends.find_backend(connection)
    expressions = list(entry.expressions)
    if not entry.is_read_alike(compiler, expressions, backend):
        return None
    sql, params = entry.write_sql(marks, numbers, connection), fill_places(entry.recipe, params)
    most = find_most(*marks)
    return CompiledQuery(compiler, sql, params, expressions, backend, entry.positions, entry.plan, most, entry)


def _count_hit(entry: RememberedQuery, compiled: CompiledQuery, prepare: Prepare) -> tuple[CompiledQuery | None, Any]:
    sql_memory.hits += 1
    entry.hits += 1
    note_sql_origin("hit")
    if is_check_due(sql_memory.hits):
        sql_memory.checks += 1
        real, extra = compile_prepared(prepare)
        if difference := compare_compiled(compiled, real, entry.extra, extra):
            sql_memory.turn_off(difference)
            return real, extra
    return compiled, entry.extra


def is_remembering() -> bool:
    """Return whether SQL is remembered in this process."""
    return sql_memory.why_off is None and get_settings()["SQL_CACHE"]


def is_check_due(uses: int) -> bool:
    """Return whether this use of remembered SQL is compared with what Django compiles."""
    return ALWAYS_CHECK or is_comparison_due(uses)


def compare_compiled(ours: CompiledQuery, real: CompiledQuery | None, extra: Any, real_extra: Any) -> str | None:
    """Return what remembered SQL has that Django's has not; None where both are the same."""
    if real is None:
        return f"Django has nothing to ask for, we have {ours.sql!r}."
    if ours.sql != real.sql:
        return f"Remembered: {ours.sql!r}. Django's: {real.sql!r}."
    if [(type(one), one) for one in ours.params] != [(type(one), one) for one in real.params]:
        return f"The parameters of {ours.sql!r} are others."
    kinds = [[type(one) for one in compiled.expressions] for compiled in (ours, real)]
    if kinds[0] != kinds[1] or ours.positions != real.positions or extra != real_extra:
        return f"The columns of {ours.sql!r} are others."
    return None


def _record_entry(
    queryset: Any, purpose: Hashable, prepare: Prepare, found: FoundEntry, connection: Any
) -> tuple[CompiledQuery | None, Any]:
    """Compile with Django, and make an entry where it is certain to be right."""
    printed, key = found.printed, found.key
    if count_characters(key) > LONGEST_KEY:
        return _compile_unremembered(prepare, "its names, texts and lists are too long")
    sql_memory.misses += 1
    note_sql_origin("miss")
    before = queryset.query.clone()
    planned, extra = prepare()
    compiled = compile_query(planned)
    if compiled is None:
        return None, extra
    entry: Any
    try:
        if compiled.compiler.using != connection.alias:
            raise NotRememberedError("the router has chosen another database")
        entry = record_query(compiled, planned, extra, printed, connection)
        # Another thread may have changed an option of a model since the key was made.
        if (purpose, read_database_state(connection), Fingerprint(before).read()) != key[0]:
            raise NotRememberedError("what its SQL depends on has just changed")
    except Exception as error:
        reason = (
            str(error) if isinstance(error, NotRememberedError) else f"{type(error).__name__} while it was remembered"
        )
        sql_memory.count_reason(reason)
        entry = FailedEntry(reason)
    sql_memory.keep(sql_memory.find_entries(printed.query.model), key, entry)
    return compiled, extra


def remember_selection(
    queryset: Any, prepare: Prepare
) -> tuple[RememberedQuery, list[Any], tuple[Any, ...], CompiledQuery] | str:
    """Return an entry of a QuerySet, its lookups with the SQL of their right sides, and the SQL as Django compiles it.

    A text says why there is none for these values; raises `NotRememberedError` where there is none for any.
    """
    connection = connections[queryset.db]
    printed = Fingerprint(queryset.query)
    try:
        printed.read()
        texts, _, _ = find_parameters(printed.leaves, connection)
        planned, extra = prepare()
        compiled = compile_query(planned)
        if compiled is None:
            return "a condition is true of no row"
        entry = record_query(compiled, planned, extra, printed, connection)
    except (EmptyResultSet, FullResultSet):
        return "a condition is true of no row, or of all"
    return entry, printed.leaves, texts, compiled


def compile_prepared(prepare: Prepare) -> tuple[CompiledQuery | None, Any]:
    planned, extra = prepare()
    return compile_query(planned), extra


def _compile_unremembered(prepare: Prepare, reason: str) -> tuple[CompiledQuery | None, Any]:
    sql_memory.count_reason(reason)
    note_sql_origin(reason)
    return compile_prepared(prepare)


def explain_sql(queryset: Any) -> str | None:
    """Return why the SQL of a QuerySet is not remembered; None where it is, or can be."""
    if not get_settings()["SQL_CACHE"]:
        return "the setting SQL_CACHE is off"
    if sql_memory.why_off is not None:
        return f"the cache was turned off: {sql_memory.why_off}"
    printed = Fingerprint(queryset.query)
    try:
        printed.read()
        find_parameters(printed.leaves, connections[queryset.db])
    except NotRememberedError as error:
        return str(error)
    except (EmptyResultSet, FullResultSet):
        return "a condition is true of no row, or of all"
    return None
