"""Instances in memory with their relations, from what `select_related` and `prefetch_related` have loaded of them.

Nothing is queried that was not asked for: what is not loaded is an error. With `fetch=True` a relation costs one
`prefetch_related_objects` for all instances that lack it, and their deferred columns one statement together.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.date_formats import format_made
from pyforge_web.output.fields import Flat, OutputField
from pyforge_web.output.grammar import AllColumns, KeyedExpression, NestedFields, ParsedFields
from pyforge_web.output.key_names import finish_rows
from pyforge_web.output.model_names import (
    NamePath,
    find_column,
    find_relation,
    is_set_by_class,
)
from pyforge_web.output.options import output_options, output_with
from pyforge_web.output.resolve import resolve_model_fields, star_columns
from pyforge_web.output.shown_secrets import refuse_secret_path
from pyforge_web.output.tree import Leaf, find_row_path
from pyforge_web.querysets.relations.fetching import fetch_deferred, fetch_relation, find_plain_name, group_instances
from pyforge_web.querysets.relations.lean_copies import LeanCopies, LoadedRows
from pyforge_web.querysets.relations.loaded_relations import find_loaded_queryset, find_related
from pyforge_web.querysets.relations.named_values import read_loaded_column, read_named
from pyforge_web.querysets.relations.output_columns import bind_output, fill_gaps, sources_of
from pyforge_web.querysets.relations.query_expressions import QueryExpressions


def to_dicts(
    instances: Sequence[Model],
    fields: ParsedFields,
    *,
    fetch: bool = False,
    path: NamePath = (),
    added: NamePath = (),
    loaded: frozenset[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the output fields of instances, of one model or of several; `added` are the names of their query.

    `"*"` has the columns that they have now, and of those only the `loaded` ones, if these are given.

    Raises `FieldError` for a name that does not exist, `ValueError` for what is not loaded.
    """
    _refuse_number(len(instances))
    rows: list[dict[str, Any]] = [{} for _ in instances]
    has_star = any(isinstance(item, AllColumns) for item in fields)
    # Before another field of the list has one loaded that is deferred.
    present = [frozenset(instance.__dict__) for instance in instances] if has_star else []
    if fetch:
        fetch_deferred(instances, fields)
    models = dict.fromkeys(map(type, instances))
    set_by_class = [name for name in added if any(is_set_by_class(model, name) for model in models)]
    computed = QueryExpressions(instances, fields)
    for item in fields:
        if isinstance(item, NestedFields):
            _add_related(instances, rows, item, fetch, path)
        elif isinstance(item, AllColumns):
            for instance, row, names in zip(instances, rows, present, strict=True):
                _add_all_columns(instance, row, item, path, names if loaded is None else names & loaded)
        else:
            if (name := find_plain_name(item) if isinstance(item, KeyedExpression) else item) in set_by_class:
                key = item.name if isinstance(item, KeyedExpression) else item
                values = [getattr(instance, name) for instance in instances]
            elif isinstance(item, KeyedExpression):
                key, values = item.name, _read_keyed(instances, item, fetch, path, computed)
            else:
                key, values = item, read_named(instances, item, fetch, path)
            for row, value in zip(rows, values, strict=True):
                row[key] = value
    if has_star:
        _refuse_clash(instances, fields)
    return finish_rows(rows)


def _refuse_number(count: int) -> None:
    """Raise `BadRequest` for more objects than the output may have bytes: each takes two of them at least."""
    output_options.get().check_length(count * 2)


def memory_chunks(
    instances: Iterable[Model],
    fields: ParsedFields,
    chunk_size: int,
    *,
    fetch: bool = False,
    added: NamePath = (),
    loaded: frozenset[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Return the rows of instances, so many of them at once; nothing is asked for before the first."""
    options = output_options.get()

    def read_rows() -> Iterator[dict[str, Any]]:
        iterator = iter(instances)
        while chunk := list(islice(iterator, chunk_size)):
            with output_with(options):
                rows = to_dicts(chunk, fields, fetch=fetch, added=added, loaded=loaded)
            yield from rows

    return read_rows()


def _refuse_clash(instances: Sequence[Model], fields: ParsedFields) -> None:
    """Raise for a key beside `"*"` that is a column of it: an object has each key once."""
    for model in dict.fromkeys(map(type, instances)):
        for item in fields:
            if isinstance(item, KeyedExpression | NestedFields) and find_column(model, item.name) is not None:
                resolve_model_fields(model, fields)


def _read_keyed(
    instances: Sequence[Model], item: KeyedExpression, fetch: bool, path: NamePath, computed: QueryExpressions
) -> list[Any]:
    """Return what stands under a key of its own, of each instance."""
    if not instances:
        return []
    expression = item.expression
    if isinstance(expression, Flat):
        for model in dict.fromkeys(map(type, instances)):
            if find_relation(model, expression.relation) is not None:
                resolve_model_fields(model, (item,))  # it may be no relation to many, or show a secret column
        _refuse_secret_list(instances, item)
        nested = NestedFields(expression.relation, (expression.name,))
        rows: list[dict[str, Any]] = [{} for _ in instances]
        _add_related(instances, rows, nested, fetch, path)
        return [[next(iter(related.values())) for related in row[expression.relation]] for row in rows]
    if isinstance(expression, OutputField):
        return _read_output(instances, item, fetch, path)
    name = find_plain_name(item)
    if name is not None:
        for model in dict.fromkeys(map(type, instances)):
            refuse_secret_path(model, name, item)
    if name is not None and (name in instances[0].__dict__ or not _is_expression(instances, item, name)):
        return read_named(instances, name, fetch, path)
    return computed.read(item, fetch)


def _refuse_secret_list(instances: Sequence[Model], item: KeyedExpression) -> None:
    """Raise for a secret column of the objects that a `to_attr` has: only they tell which model that is."""
    lists = [instance.__dict__.get(item.expression.relation) for instance in instances]
    objects = [each for one in lists if isinstance(one, list) for each in one]
    for model in dict.fromkeys(map(type, objects)):
        if issubclass(model, Model):
            refuse_secret_path(model, item.expression.name, item)


def _is_expression(instances: Sequence[Model], item: KeyedExpression, name: str) -> bool:
    """Return whether a name is more than a path of columns: a transform, a key of a JSON."""
    leaves: list[Any] = []
    for model in dict.fromkeys(map(type, instances)):
        if find_column(model, name.split(LOOKUP_SEP)[0]) or find_relation(model, name.split(LOOKUP_SEP)[0]):
            leaves += resolve_model_fields(model, (item,)).items
    return any(isinstance(leaf, Leaf) and leaf.expression is not None for leaf in leaves)


def _read_output(instances: Sequence[Model], item: KeyedExpression, fetch: bool, path: NamePath) -> list[Any]:
    if fetch:
        fetch_deferred(instances, item.expression.names)
    values: dict[int, Any] = {}
    for (model, database), group in group_instances(instances).items():
        leaf = cast(Leaf, resolve_model_fields(model, (item,), _find_added(group, item.expression.names)).items[0])
        sources = sources_of(leaf, model)
        columns = [
            read_named(group, source.name, fetch, path, stored=leaf.output.is_stored(number, source))  # type: ignore[union-attr]
            for number, source in enumerate(sources)
        ]
        related = [_load_related(group, name, names, fetch, path) for name, names in leaf.related]
        copies = LeanCopies(group, [source.column_path for source in sources], related, repr(leaf.output), path)
        make = bind_output(leaf, model, database or DEFAULT_DB_ALIAS, copies.copy_rows, copies.copy_related)
        arguments = list(zip(*columns, strict=True)) if columns else [()] * len(group)
        if row_path := find_row_path(leaf):
            key = LOOKUP_SEP.join([*(relation.name for relation in row_path), "pk"])
            exists = [value is not None for value in read_named(group, key, fetch, path, stored=True)]
            written = fill_gaps(make(list(compress(arguments, exists))), exists)
        else:
            written = make(arguments)
        values.update(zip(map(id, group), format_made(written), strict=True))
    return [values[id(instance)] for instance in instances]


def _find_added(group: Sequence[Model], names: Iterable[str]) -> NamePath:
    """Return those of some names that the instances have besides their columns: annotations of their query."""
    return tuple(
        name
        for name in names
        if not name.startswith("_")
        and all(name in each.__dict__ for each in group)
        and not _is_name_of_model(group[0], name)
    )


def _is_name_of_model(instance: Model, name: str) -> bool:
    return find_column(type(instance), name) is not None or find_relation(type(instance), name) is not None


def _load_related(group: Sequence[Model], name: str, columns: Sequence[str], fetch: bool, path: NamePath) -> LoadedRows:
    """Return the rows of a relation to many that a group of instances has loaded, and the columns that are read."""
    if fetch:
        fetch_relation(group, name)
    querysets = [find_loaded_queryset(instance, name, (*path, name)) for instance in group]
    # Not iterated here: the attribute does that.
    objects = [each for queryset in querysets for each in queryset._result_cache]
    for column in columns:
        read_named(objects, column, fetch, (*path, name), stored=True)  # it may not be loaded
    return LoadedRows(name, querysets, columns)


def _add_all_columns(
    instance: Model, row: dict[str, Any], item: AllColumns, path: NamePath, loaded: frozenset[str]
) -> None:
    for name in star_columns(type(instance), item, loaded, path):
        row[name] = read_loaded_column(instance, name, path)


def _add_related(
    instances: Sequence[Model], rows: list[dict[str, Any]], item: NestedFields, fetch: bool, path: NamePath
) -> None:
    """Add the objects of a relation to the rows: those of all instances are read together."""
    within = (*path, item.name)
    if fetch:
        fetch_relation(instances, item.name)
    related = [find_related(instance, item.name, within) for instance in instances]
    objects = [each for one in related for each in (one if isinstance(one, list) else [one]) if each is not None]
    written = iter(to_dicts(objects, item.fields, fetch=fetch, path=within))
    for one, row in zip(related, rows, strict=True):
        if isinstance(one, list):
            row[item.name] = [next(written) for _ in one]
        else:
            row[item.name] = None if one is None else next(written)
