"""Making an entry: a query is compiled once more with marks in the place of its parameters: they show where each goes.

The lookups of a QuerySet belong to all QuerySets that were made of it, in other threads too, so marks are put into
copies.
"""

from copy import copy
from sys import getsizeof
from typing import Any, NamedTuple

from django.db.models.expressions import Col
from django.db.models.sql.where import WhereNode

from pyforge_web.output.kept_fields import is_long
from pyforge_web.querysets.sql_cache.fingerprint import Fingerprint
from pyforge_web.querysets.sql_cache.key_numbers import KeyNumbers
from pyforge_web.querysets.sql_cache.memory import sql_memory
from pyforge_web.querysets.sql_facts import tables
from pyforge_web.querysets.sql_facts.evidence import Evidence, NotRememberedError, collect_models
from pyforge_web.querysets.statement import CompiledQuery

_MOST_SLICES, _MOST_NOTES = 4, 32  # of an entry
_NUMBERS = "(/* pyforge_web: the numbers of keys */)"


class _Mark(NamedTuple):
    """Stands for a parameter: the number of its lookup, and its place among the parameters of that."""

    lookup: int
    place: int


class SQLRecipe(NamedTuple):
    """Remembered SQL without limits; `numbers` follow `parts[0]` where it is split.

    `places` says where each parameter comes from; None where they stand in the order of the lookups.
    """

    parts: tuple[str, ...]
    places: tuple[Any, ...] | None


class RememberedQuery:
    """An entry: SQL, the columns of its rows, and what both were made with."""

    __slots__ = (
        "annotation_col_map",
        "evidence",
        "expressions",
        "extra",
        "held",
        "hits",
        "memo",
        "parsers",
        "plan",
        "plan_watch",
        "positions",
        "recipe",
        "select",
        "size",
        "sliced",
        "timezone",
    )

    def __init__(self, compiled: CompiledQuery, extra: Any, recipe: SQLRecipe, evidence: Evidence, held: Any) -> None:
        compiler = compiled.compiler
        self.recipe = recipe
        self.evidence = evidence
        self.extra = extra
        self.held = held
        self.hits = 0
        self.select = tuple(compiler.select)
        self.annotation_col_map = compiler.annotation_col_map
        self.parsers = getattr(compiler, "parsers", None)
        self.expressions = tuple(compiled.expressions)
        self.positions = compiled.positions
        self.plan = compiled.backend.plan_columns(compiler, compiled.expressions)
        self.plan_watch = compiled.backend.find_plan_watch(self.plan, compiled.expressions, compiler.connection)
        self.timezone = compiler.connection.timezone
        # What was found out about the SQL once, and its text with the limits that it had.
        self.memo: dict[Any, Any] = {}
        self.sliced: dict[tuple[int, int | None], str] = {}
        self.size = (1 + 3 * _MOST_SLICES) * sum(map(getsizeof, recipe.parts)) + 400 * (len(self.select) + 2)

    def note(self, key: Any, value: Any, steps: Any) -> None:
        """Keep what was found out about the SQL once, for steps whose names are not long; its bytes are counted."""
        if not is_long(steps):
            sql_memory.count_note(self.memo, _MOST_NOTES)
            self.memo[key] = value

    def is_read_alike(self, compiler: Any, expressions: list[Any], backend: Any) -> bool:
        """Return whether the columns are read as they were when the entry was made."""
        if self.plan_watch is not None and compiler.connection.timezone is self.timezone and self.plan_watch.holds():
            return True
        plan = backend.plan_columns(compiler, expressions)
        return bool(plan.readers == self.plan.readers and plan.facts == self.plan.facts)

    def write_sql(self, marks: tuple[int, int | None], numbers: str | None, connection: Any) -> str:
        """Return the whole SQL with these limits, and these numbers of a relation's keys."""
        if numbers is not None:
            return join_sql(self.recipe, numbers, find_limits(marks, connection))
        sql = self.sliced.get(marks)
        if sql is None:
            if len(self.sliced) >= _MOST_SLICES:
                self.sliced.clear()
            sql = self.sliced[marks] = join_sql(self.recipe, None, find_limits(marks, connection))
        return sql


def find_limits(marks: tuple[int, int | None], connection: Any) -> str:
    """Return the SQL of a slice."""
    low, high = marks
    return f" {connection.ops.limit_offset_sql(low, high)}" if low or high is not None else ""


def find_parameters(leaves: list[Any], connection: Any) -> tuple[tuple[Any, ...], list[Any], str | None]:
    """Return the right-hand SQL of lookups, their parameters, and the numbers of keys where a relation has some.

    Raises what the lookups raise: `EmptyResultSet` is one of it.
    """
    texts: list[Any] = []
    params: list[Any] = []
    numbers = None
    for lookup in leaves:
        if type(lookup.rhs) is KeyNumbers:
            if numbers is not None:
                raise NotRememberedError("it has the keys of two relations")
            numbers = lookup.rhs.literal
            params.append(())
            continue
        text, own = lookup.process_rhs(None, connection)
        texts.append(text)
        params.append(own)
    return tuple(texts), params, numbers


def record_query(
    compiled: CompiledQuery, planned: Any, extra: Any, printed: Fingerprint, connection: Any
) -> RememberedQuery:
    """Return the entry of a query that was just compiled; raises `NotRememberedError` where it would not be certain."""
    texts, params, numbers = find_parameters(printed.leaves, connection)
    query = planned.query.clone()
    if not _are_same(list(_walk_lookups(query.where)), printed.query.where):
        raise NotRememberedError("the conditions of the selected query are others")
    query.where = _marked_where(query.where, printed.leaves, texts, params)
    compiler = compiled.backend.compiler(query, connection, connection.alias)
    sql, marked = compiler.as_sql(with_limits=False)
    recipe = SQLRecipe(_split(sql, numbers), _find_places(marked, params))
    limits = find_limits((planned.query.low_mark, planned.query.high_mark), connection)
    if (join_sql(recipe, numbers, limits), fill_places(recipe, params)) != (compiled.sql, tuple(compiled.params)):
        raise NotRememberedError("its SQL is not made of its parts")
    if _types(fill_places(recipe, params)) != _types(compiled.params):
        raise NotRememberedError("its parameters are of other types")
    fields, kinds = _collect_parts(compiler, query, printed)
    models = collect_models(fields, [*printed.models, *_joined_models(query)])
    evidence = Evidence(connection, compiler, fields, models.values(), kinds, printed.value_fields)
    return RememberedQuery(compiled, extra, recipe, evidence, (printed.held, printed.columns))


def join_sql(recipe: SQLRecipe, numbers: str | None, limits: str) -> str:
    """Return the whole SQL."""
    parts = recipe.parts
    return f"{parts[0]}{limits}" if len(parts) == 1 else f"{parts[0]}{numbers}{parts[1]}{limits}"


def fill_places(recipe: SQLRecipe, params: list[Any]) -> tuple[Any, ...]:
    """Return the parameters in the order of the SQL."""
    if recipe.places is None:
        return tuple([param for own in params for param in own])
    return tuple([params[place.lookup][place.place] if type(place) is _Mark else place for place in recipe.places])


def _split(sql: str, numbers: str | None) -> tuple[str, ...]:
    parts = tuple(sql.split(_NUMBERS))
    if len(parts) != (1 if numbers is None else 2):
        raise NotRememberedError("the numbers of its keys stand in several places")
    return parts


def _find_places(marked: Any, params: list[Any]) -> tuple[Any, ...] | None:
    places = tuple(marked)
    in_order = tuple(_Mark(number, place) for number, own in enumerate(params) for place in range(len(own)))
    return None if places == in_order and all(type(place) is _Mark for place in places) else places


def _types(params: Any) -> list[type]:
    return [type(param) for param in params]


def _walk_lookups(where: Any) -> Any:
    work = [where]
    while work:
        node = work.pop()
        if type(node) is WhereNode:
            work.extend(reversed(node.children))
        else:
            yield node


def _are_same(lookups: list[Any], where: Any) -> bool:
    others = list(_walk_lookups(where))
    return len(lookups) == len(others) and all(one is other for one, other in zip(lookups, others, strict=True))


def _marked_where(where: Any, leaves: list[Any], texts: tuple[Any, ...], params: list[Any]) -> Any:
    """Return a copy of a tree of conditions whose lookups give marks for parameters."""
    numbers = {id(lookup): number for number, lookup in enumerate(leaves)}
    if len(numbers) != len(leaves):
        raise NotRememberedError("a condition stands in two places")
    remaining = iter(texts)
    # `where` is a clone, whose nodes are its own and whose lookups are not.
    work = [where]
    while work:
        node = work.pop()
        nodes = []
        for index, child in enumerate(node.children):
            if type(child) is WhereNode:
                nodes.append(child)
                continue
            number = numbers.get(id(child))
            node.children[index] = child if number is None else _mark(child, number, params[number])
        work.extend(reversed(nodes))
    by_number = {
        number: (None if type(lookup.rhs) is KeyNumbers else next(remaining)) for number, lookup in enumerate(leaves)
    }
    for lookup in _walk_lookups(where):
        number = lookup.__dict__.get("_pyforge_number")
        if number is not None and by_number[number] is not None:
            result = by_number[number], [_Mark(number, place) for place in range(len(params[number]))]
            lookup.process_rhs = lambda compiler, connection, result=result: (result[0], list(result[1]))
    return where


def _mark(lookup: Any, number: int, params: Any) -> Any:
    marked = copy(lookup)
    marked._pyforge_number = number
    if type(lookup.rhs) is KeyNumbers:
        marked.rhs = copy(lookup.rhs)
        marked.rhs.placeholder = _NUMBERS
    return marked


def _collect_parts(compiler: Any, query: Any, printed: Fingerprint) -> tuple[list[Any], set[type]]:
    """Return the fields that the SQL names columns of, and the classes of its expressions, lookups and joins."""
    fields = list(printed.columns)
    lookups = list(_walk_lookups(printed.query.where))
    kinds = {type(lookup) for lookup in lookups}
    work = [lookup.lhs for lookup in lookups]
    work += [expression for expression, _, _ in compiler.select]
    work += query.annotations.values()
    if isinstance(query.group_by, tuple):
        work += [expression for expression in query.group_by if not isinstance(expression, str)]
    while work:
        node = work.pop()
        kinds.add(type(node))
        if type(node) is Col:
            fields += (node.target, node.output_field)
        else:
            work += [source for source in node.get_source_expressions() if source is not None]
    for table in query.alias_map.values():
        if (field := getattr(table, "join_field", None)) is None:
            continue
        real = getattr(field, "field", field)
        if {type(field).__name__, type(real).__name__} - _join_names(field, real):
            raise NotRememberedError(f"{type(field).__name__} joins in its own way")
        fields += (field, real)
        for pair in table.join_fields:
            fields += pair
    return fields, kinds


def _join_names(*fields: Any) -> set[str]:
    """Return the names of those classes that join one column with another; a subclass must have the same methods."""
    return {
        type(field).__name__
        for field in fields
        if any(
            base.__name__ in tables.JOIN_FIELDS and base.__module__.startswith("django.db.")
            for base in type(field).__mro__
        )
    }


def _joined_models(query: Any) -> list[Any]:
    models = []
    for table in query.alias_map.values():
        if (field := getattr(table, "join_field", None)) is not None:
            models += [field.model, field.related_model]
    return models
