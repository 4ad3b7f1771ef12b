"""Instances in memory with their relations, from what `select_related` and `prefetch_related` have loaded of them.

Nothing is queried that was not asked for: what is not loaded is an error. With `fetch=True` a relation costs one
`prefetch_related_objects` for all instances that lack it, and their deferred columns one statement together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Model, prefetch_related_objects
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.fields import Attribute, Flat, OutputField, Source, output_request
from pyforge_web.output.grammar import AllColumns, KeyedExpression, NestedFields, ParsedFields
from pyforge_web.output.key_names import key_maker, make_keys
from pyforge_web.output.model_names import (
    NamePath,
    Relation,
    find_column,
    find_key_relation,
    find_relation,
    many_in_path,
    no_relation_in_path,
    unknown_column,
    unknown_relation,
)
from pyforge_web.output.resolve import (
    AnyQuerySet,
    Branch,
    Leaf,
    Tree,
    is_djangos,
    make_prefetches,
    resolve_model_fields,
    star_columns,
)
from pyforge_web.querysets.instances import read_column

_ABSENT = object()


def to_dicts(
    instances: Sequence[Model], fields: ParsedFields, *, fetch: bool = False, path: NamePath = ()
) -> list[dict[str, Any]]:
    """Return the output fields of instances, of one model or of several.

    Raises `FieldError` for a name that does not exist, `ValueError` for what is not loaded.
    """
    rows: list[dict[str, Any]] = [{} for _ in instances]
    if fetch:
        _fetch_columns(instances, fields)
    for item in fields:
        if isinstance(item, NestedFields):
            _add_related(instances, rows, item, fetch, path)
        elif isinstance(item, AllColumns):
            _add_all_columns(instances, rows, item, path)
        else:
            if isinstance(item, KeyedExpression):
                key, values = item.name, _read_keyed(instances, item, fetch, path)
            else:
                key, values = item, _read_named(instances, item, fetch, path)
            for row, value in zip(rows, values, strict=True):
                row[key] = value
    if any(isinstance(item, AllColumns) for item in fields):
        _refuse_clash(instances, fields)
    if key_maker.get() is not None:
        return [dict(zip(make_keys(row), row.values(), strict=True)) for row in rows]
    return rows


def _refuse_clash(instances: Sequence[Model], fields: ParsedFields) -> None:
    """Raise for a key beside `"*"` that is a column of it: an object has each key once."""
    for model in dict.fromkeys(map(type, instances)):
        for item in fields:
            if isinstance(item, KeyedExpression | NestedFields) and find_column(model, item.name) is not None:
                resolve_model_fields(model, fields)


def bind_output(leaf: Leaf, model: type[Model], using: str) -> Callable[[tuple[Any, ...]], Any]:
    """Return the function from the values of an output field's columns to what is written."""
    output: Any = leaf.output
    sources = [
        Source(source.name, source.field, source.path[-1].model or model if source.path else model)
        for source in leaf.sources
    ]
    if isinstance(output, Attribute):
        return output.bind_instance(model, sources, using)
    return output.bind(sources, output_request.get(), using)  # type: ignore[no-any-return]


def _read_keyed(instances: Sequence[Model], item: KeyedExpression, fetch: bool, path: NamePath) -> list[Any]:
    """Return what stands under a key of its own, of each instance."""
    expression = item.expression
    if isinstance(expression, Flat):
        for model in dict.fromkeys(map(type, instances)):
            if find_relation(model, expression.relation) is not None:
                resolve_model_fields(model, (item,))  # it may be no relation to many, or show a secret column
        nested = NestedFields(expression.relation, (expression.name,))
        rows: list[dict[str, Any]] = [{} for _ in instances]
        _add_related(instances, rows, nested, fetch, path)
        return [[next(iter(related.values())) for related in row[expression.relation]] for row in rows]
    if isinstance(expression, OutputField):
        return _read_output(instances, item, fetch, path)
    name = _find_name(item)
    if name is not None and instances and (name in instances[0].__dict__ or not _is_expression(instances, item, name)):
        return _read_named(instances, name, fetch, path)
    return _read_expression(instances, item, fetch)


def _is_expression(instances: Sequence[Model], item: KeyedExpression, name: str) -> bool:
    """Return whether a name is more than a path of columns: a transform, a key of a JSON. It may show a secret, too."""
    leaves: list[Any] = []
    for model in dict.fromkeys(map(type, instances)):
        if find_column(model, name.split(LOOKUP_SEP)[0]) or find_relation(model, name.split(LOOKUP_SEP)[0]):
            leaves += resolve_model_fields(model, (item,)).items
    return any(isinstance(leaf, Leaf) and leaf.expression is not None for leaf in leaves)


def _read_output(instances: Sequence[Model], item: KeyedExpression, fetch: bool, path: NamePath) -> list[Any]:
    if fetch:
        _fetch_columns(instances, item.expression.names)
    values: dict[int, Any] = {}
    for model in dict.fromkeys(map(type, instances)):
        group = [instance for instance in instances if type(instance) is model]
        leaf = cast(Leaf, resolve_model_fields(model, (item,)).items[0])
        make = bind_output(leaf, model, group[0]._state.db or DEFAULT_DB_ALIAS)
        columns = [_read_named(group, name, fetch, path) for name in item.expression.names]
        arguments = list(zip(*columns, strict=True)) if columns else [()] * len(group)
        values.update(zip(map(id, group), map(make, arguments), strict=True))
    return [values[id(instance)] for instance in instances]


def with_relations(queryset: AnyQuerySet, tree: Tree) -> AnyQuerySet:
    """Return a QuerySet whose instances have what a tree names, by joins and `Prefetch`es."""
    query, lookups = queryset.query, queryset._prefetch_related_lookups
    if query.combinator or not all(is_djangos(lookup) for lookup in lookups):
        return queryset  # a union takes no more of these, and lookups of others are the user's own
    if lookups or any(isinstance(item, Branch) for item in tree.items):
        queryset = queryset.prefetch_related(None).prefetch_related(*make_prefetches(tree))
    if not query.distinct and not query.select_for_update and (joined := list(_joined(tree))):
        if query.deferred_loading[0]:
            queryset = queryset.defer(None)
        queryset = queryset.select_related(*joined)
    return queryset


def _joined(tree: Tree) -> Iterator[str]:
    """Yield what `select_related` loads of a tree."""
    work: list[tuple[Tree, NamePath]] = [(tree, ())]
    while work:
        branches, path = work.pop(0)
        for item in branches.items:
            if isinstance(item, Branch):
                if item.is_joined and item.relation.doubt is None:
                    within = (*path, item.relation.query_name)
                    yield LOOKUP_SEP.join(within)
                    work.append((item.tree, within))
            elif item.path and all(relation.doubt is None for relation in item.path):
                yield LOOKUP_SEP.join((*path, *(relation.query_name for relation in item.path)))


def _find_name(item: KeyedExpression) -> str | None:
    """Return the name that an expression stands for, which instances have loaded; None for any other expression."""
    return cast(Any, item.expression).name if type(item.expression) is F else None


def _read_expression(instances: Sequence[Model], item: KeyedExpression, fetch: bool) -> list[Any]:
    """Return what only a query computes: with `fetch`, one query by key for each model among the instances."""
    if not fetch:
        raise ValueError(
            f"{item.name} is an expression, {item.expression!r}, which only a query computes: give the QuerySet before "
            "it is evaluated, or pass fetch=True to ask for it now"
        )
    values: dict[tuple[Any, Any, Any], Any] = {}
    groups: dict[tuple[type[Model], str | None], list[Model]] = {}
    for instance in instances:
        resolve_model_fields(type(instance), (item,))  # it may show a secret column
        groups.setdefault((type(instance), instance._state.db), []).append(instance)
    for (model, using), group in groups.items():
        queryset: Any = model._base_manager.using(using).filter(pk__in=[instance.pk for instance in group])
        rows = queryset.annotate(output_value=item.expression).values_list("pk", "output_value")
        values.update({(model, using, pk): value for pk, value in rows})
    return [values.get((type(each), each._state.db, each.pk)) for each in instances]


def _add_all_columns(instances: Sequence[Model], rows: list[dict[str, Any]], item: AllColumns, path: NamePath) -> None:
    for instance, row in zip(instances, rows, strict=True):
        model = type(instance)
        for name in star_columns(model, item, None, path):
            if name in instance.__dict__:
                row[name] = _read_column(instance, name, path)


def _add_related(
    instances: Sequence[Model], rows: list[dict[str, Any]], item: NestedFields, fetch: bool, path: NamePath
) -> None:
    """Add the objects of a relation to the rows: those of all instances are read together."""
    within = (*path, item.name)
    if fetch:
        _fetch(instances, item.name)
    related = [_find_related(instance, item.name, within) for instance in instances]
    objects = [each for one in related for each in (one if isinstance(one, list) else [one]) if each is not None]
    written = iter(to_dicts(objects, item.fields, fetch=fetch, path=within))
    for one, row in zip(related, rows, strict=True):
        if isinstance(one, list):
            row[item.name] = [next(written) for _ in one]
        else:
            row[item.name] = None if one is None else next(written)


def _read_named(instances: Sequence[Model], name: str, fetch: bool, path: NamePath) -> list[Any]:
    """Return what a name alone stands for of each instance: a column, an addition, a path, the keys of a relation."""
    kinds = {model: _name_kind(model, name) for model in dict.fromkeys(map(type, instances))}
    if fetch and {"relation", "one"} & set(kinds.values()):
        for model in kinds:
            one = find_key_relation(model, name) if kinds[model] == "one" else None
            _fetch([each for each in instances if type(each) is model], name if one is None else one.name)
    if "path" in kinds.values():
        return _read_path(instances, name, fetch, path)
    values: list[Any] = []
    for instance in instances:
        match kinds[type(instance)]:
            case "relation":
                related = _find_related(instance, name, (*path, name))
                if not isinstance(related, list):
                    raise unknown_column(type(instance), name, path)
                values.append([each.pk for each in related])
            case "one":
                relation: Any = find_key_relation(type(instance), name)
                related = _find_related(instance, relation.name, (*path, relation.name))
                values.append(getattr(related, "pk", None))
            case _:
                values.append(_read_column(instance, name, path))
    return values


def _name_kind(model: type[Model], name: str) -> str:
    if find_column(model, name) is not None:
        return "column"
    relation = find_relation(model, name)
    if relation is not None and relation.many:
        return "relation"
    if find_key_relation(model, name) is not None:
        return "one"
    first = name.split(LOOKUP_SEP)[0]
    is_path = LOOKUP_SEP in name.strip("_") and (find_relation(model, first) or find_column(model, first))
    return "path" if is_path else "column"


def _read_path(instances: Sequence[Model], name: str, fetch: bool, path: NamePath) -> list[Any]:
    """Return the values of a path through relations to one; None where one of them leads nowhere."""
    if all(name in instance.__dict__ for instance in instances):
        return [instance.__dict__[name] for instance in instances]  # the name of an annotation: `tags__count`
    *parts, last = name.split(LOOKUP_SEP)
    places: list[Any] = list(instances)
    within = path
    for part in parts:
        present = [place for place in places if place is not None]
        for model in dict.fromkeys(map(type, present)):
            relation = find_relation(model, part) or find_key_relation(model, part)
            if relation is None and find_column(model, part) is not None:
                raise no_relation_in_path(model, name, part, within)
            if relation is None:
                raise unknown_column(model, part if within != path else name, within)
            if relation.many:
                raise many_in_path(model, name, part, within)
        if fetch:
            _fetch(present, part)
        within = (*within, part)
        places = [None if place is None else _find_one(place, part, within) for place in places]
    present = list({id(place): place for place in places if place is not None}.values())
    if fetch:
        _fetch_columns(present, (last,))
    values = dict(zip(map(id, present), _read_named(present, last, fetch, within), strict=True))
    return [None if place is None else values[id(place)] for place in places]


def _find_one(instance: Model, part: str, path: NamePath) -> Any:
    relation = find_relation(type(instance), part) or find_key_relation(type(instance), part)
    return _find_related(instance, part if relation is None else relation.name, path)


def _read_column(instance: Model, name: str, path: NamePath) -> Any:
    field = find_column(type(instance), name)
    attname = name if field is None else field.attname
    if field is not None and field.column is None:  # a key of several columns: no `__dict__` has it
        return getattr(instance, name)
    value = instance.__dict__.get(attname, _ABSENT)
    if field is None and (value is _ABSENT or name.startswith("_") or _has_models(value)):
        raise unknown_column(type(instance), name, path)
    if value is _ABSENT:
        raise ValueError(
            f"{'.'.join((*path, name))} is not loaded; leave it out of fields=, load it with the QuerySet, or once "
            f"with refresh_from_db(fields=[{name!r}])"
        )
    return value if field is None else read_column(instance, field)


def _has_models(value: Any) -> bool:
    """Return whether an attribute holds instances: nobody has said which of their columns to write."""
    return isinstance(value, Model) or (isinstance(value, list) and any(isinstance(item, Model) for item in value))


def _find_related(instance: Model, name: str, path: NamePath) -> Model | list[Model] | None:
    """Return the objects of a relation that are loaded, those of a `to_attr` among them."""
    relation = find_relation(type(instance), name)
    if relation is None:
        value = instance.__dict__.get(name, _ABSENT)
        if value is None or isinstance(value, Model):
            return value
        if isinstance(value, list) and all(isinstance(item, Model) for item in value):
            return value
        added = () if value is _ABSENT else (name,)
        raise unknown_relation(type(instance), name, path[:-1], added)
    objects = _read_cache(instance, relation)
    if objects is not _ABSENT:
        return objects  # type: ignore[no-any-return]
    method = "prefetch_related" if relation.many or relation.model is None else "select_related"
    raise ValueError(
        f"{'.'.join(path)} is not loaded; add {method}({LOOKUP_SEP.join(path)!r}) to the QuerySet, or pass fetch=True "
        "to load it now"
    )


def _read_cache(instance: Model, relation: Relation) -> Any:
    """Return what a relation's cache has; `_ABSENT` where the next access would be a query."""
    if relation.many:
        return _read_prefetched(instance, relation)
    if relation.sort == "backward":
        rel = relation.field.remote_field
        return rel.get_cached_value(instance, default=None if instance.pk is None else _ABSENT)
    field = relation.field
    if field.is_cached(instance):
        return field.get_cached_value(instance)
    if relation.sort == "forward":
        return _read_own_row(instance, field)
    return _ABSENT


def _read_own_row(instance: Model, field: Any) -> Any:
    """Return what a forward descriptor gives without a query: nothing behind a null, or the parent whose row it has."""
    if any(column.attname not in instance.__dict__ for column in field.local_related_fields):
        return _ABSENT
    if None in field.get_local_related_value(instance):
        return None
    ancestor: Any = instance
    while ancestor is not None and (link := ancestor._meta.get_ancestor_link(field.model)) is not None:
        ancestor = link.get_cached_value(ancestor, default=None)
        if ancestor is not None and (cached := field.get_cached_value(ancestor, default=None)) is not None:
            return cached
    if field.remote_field.parent_link:
        columns = [column.attname for column in field.remote_field.model._meta.concrete_fields]
        if all(name in instance.__dict__ for name in columns):
            return getattr(instance, field.name)  # makes it of them
    return _ABSENT


def _read_prefetched(instance: Model, relation: Relation) -> Any:
    """Return the objects of a relation to many, as the manager would give them."""
    if instance.pk is None:
        return _ABSENT
    queryset = instance.__dict__.get("_prefetched_objects_cache", {}).get(relation.name)
    if queryset is None:  # the cache has its own name for some relations; a new QuerySet has no result
        queryset = getattr(instance, relation.name).all()
    objects = getattr(queryset, "_result_cache", None)
    return _ABSENT if objects is None else objects


def _fetch(instances: Iterable[Model], name: str) -> None:
    """Load a relation of the instances that do not have it: one statement for each model among them."""
    missing: dict[type[Model], list[Model]] = {}
    for instance in instances:
        relation = find_relation(type(instance), name)
        if relation is not None and _read_cache(instance, relation) is _ABSENT:
            missing.setdefault(type(instance), []).append(instance)
    for group in missing.values():
        prefetch_related_objects(group, name)


def _fetch_columns(instances: Iterable[Model], fields: ParsedFields) -> None:
    """Load columns of the instances that do not have them: one statement for each model among them."""
    needed: dict[type[Model], set[str]] = {}
    missing: dict[tuple[type[Model], str | None], tuple[set[str], list[Model]]] = {}
    for instance in instances:
        model = type(instance)
        if model not in needed:
            needed[model] = set(_needed_columns(model, fields))
        absent = needed[model] - instance.__dict__.keys()
        if absent and instance.pk is not None:
            names, group = missing.setdefault((model, instance._state.db), (set(), []))
            names.update(absent)
            group.append(instance)
    for (model, using), (names, group) in missing.items():
        queryset = model._base_manager.using(using).filter(pk__in=[instance.pk for instance in group])
        values = {pk: row for pk, *row in queryset.values_list("pk", *names)}
        for instance in group:
            for name, value in zip(names, values.get(instance.pk, ()), strict=False):
                instance.__dict__.setdefault(name, value)


def _needed_columns(model: type[Model], fields: ParsedFields) -> Iterator[str]:
    """Yield the attributes of the columns that are named, and of the keys of forward relations."""
    for item in fields:
        if isinstance(item, KeyedExpression) and isinstance(item.expression, OutputField):
            names = () if isinstance(item.expression, Flat) else item.expression.names
            yield from _needed_columns(model, names)
        name = _find_name(item) if isinstance(item, KeyedExpression) else item if isinstance(item, str) else item.name
        if name is None or isinstance(item, AllColumns):
            continue
        field = None if isinstance(item, NestedFields) else find_column(model, name)
        relation = find_relation(model, name.split(LOOKUP_SEP)[0]) if field is None else None
        if relation is not None and relation.sort == "forward":
            field = relation.field
        if field is not None and field.column is not None:
            yield field.attname
