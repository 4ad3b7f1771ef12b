"""What a name stands for of instances in memory: a column, an annotation, a path, the keys of a relation."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.conf import with_docs
from pyforge_web.output.model_names import (
    NamePath,
    find_column,
    find_key_relation,
    find_relation,
    many_in_path,
    no_relation_in_path,
    unknown_column,
)
from pyforge_web.output.shown_secrets import refuse_other_name
from pyforge_web.querysets.instances import read_column
from pyforge_web.querysets.relations.fetching import fetch_deferred, fetch_relation
from pyforge_web.querysets.relations.loaded_relations import ABSENT, find_related


def read_named(
    instances: Sequence[Model], name: str, fetch: bool, path: NamePath, *, stored: bool = False
) -> list[Any]:
    """Return what a name alone stands for of each instance: a column, an addition, a path, the keys of a relation.

    With `stored` it is what another instance is made of, and not what the model's own `__getattribute__` makes of it.
    That is not written, and may be a secret key.
    """
    kinds = {model: _name_kind(model, name) for model in dict.fromkeys(map(type, instances))}
    if not stored:
        for model, kind in kinds.items():
            _refuse_secret_key(model, name, kind)
    if fetch and {"relation", "one"} & set(kinds.values()):
        for model in kinds:
            one = find_key_relation(model, name) if kinds[model] == "one" else None
            fetch_relation([each for each in instances if type(each) is model], name if one is None else one.name)
    if "path" in kinds.values():
        return _read_path(instances, name, fetch, path, stored)
    values: list[Any] = []
    for instance in instances:
        match kinds[type(instance)]:
            case "relation":
                related = find_related(instance, name, (*path, name))
                if not isinstance(related, list):
                    raise unknown_column(type(instance), name, path)
                values.append([each.pk for each in related])
            case "one":
                relation: Any = find_key_relation(type(instance), name)
                related = find_related(instance, relation.name, (*path, relation.name))
                values.append(getattr(related, "pk", None))
            case _:
                values.append(read_loaded_column(instance, name, path, stored))
    return values


def _refuse_secret_key(model: type[Model], name: str, kind: str) -> None:
    """Raise for a secret key that is written under the name `pk`, or under that of a relation."""
    if kind == "column":
        refuse_other_name(model, find_column(model, name), name)
    elif kind != "path":  # the end of a path is read by its own name
        relation = find_relation(model, name) if kind == "relation" else find_key_relation(model, name)
        if relation is not None and relation.model is not None:
            refuse_other_name(relation.model, relation.model._meta.pk, name)


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


def _read_path(instances: Sequence[Model], name: str, fetch: bool, path: NamePath, stored: bool) -> list[Any]:
    """Return the values of a path through relations to one; None where one of them leads nowhere."""
    if all(name in instance.__dict__ for instance in instances):
        return [instance.__dict__[name] for instance in instances]  # the name of an annotation: `tags__count`
    *parts, last = name.split(LOOKUP_SEP)
    places: list[Any] = list(instances)
    within = path
    for part in parts:
        present = [place for place in places if place is not None]
        for model in dict.fromkeys(map(type, present)):
            _refuse_part(model, name, part, within, is_first=within == path)
        if fetch:
            fetch_relation(present, part)
        within = (*within, part)
        places = [None if place is None else _find_one(place, part, within) for place in places]
    present = list({id(place): place for place in places if place is not None}.values())
    for model in dict.fromkeys(map(type, present)):
        if _name_kind(model, last) == "relation":
            raise many_in_path(model, name, last, within)
    if fetch:
        fetch_deferred(present, (last,))
    read = read_named(present, last, fetch, within, stored=stored)
    values = dict(zip(map(id, present), read, strict=True))
    return [None if place is None else values[id(place)] for place in places]


def _refuse_part(model: type[Model], name: str, part: str, path: NamePath, *, is_first: bool) -> None:
    """Raise for a part of a path that does not lead to one row; `is_first` says that it is the first part."""
    relation = find_relation(model, part) or find_key_relation(model, part)
    if relation is None and find_column(model, part) is not None:
        raise no_relation_in_path(model, name, part, path)
    if relation is None:
        raise unknown_column(model, name if is_first else part, path)
    if relation.many:
        raise many_in_path(model, name, part, path)


def _find_one(instance: Model, part: str, path: NamePath) -> Any:
    relation = find_relation(type(instance), part) or find_key_relation(type(instance), part)
    return find_related(instance, part if relation is None else relation.name, path)


def read_loaded_column(instance: Model, name: str, path: NamePath, stored: bool = False) -> Any:
    field = find_column(type(instance), name)
    attname = name if field is None else field.attname
    if field is not None and field.column is None:  # a key of several columns: no `__dict__` has it
        return getattr(instance, name)
    value = instance.__dict__.get(attname, ABSENT)
    if field is None and (value is ABSENT or name.startswith("_") or _has_models(value)):
        raise unknown_column(type(instance), name, path)
    if value is ABSENT:
        raise with_docs(
            ValueError(
                f"{'.'.join((*path, name))} is not loaded; leave it out of fields=, load it with the QuerySet, or once "
                f"with refresh_from_db(fields=[{name!r}])"
            ),
            "not-loaded",
        )
    return value if field is None else read_column(instance, field, stored)


def _has_models(value: Any) -> bool:
    """Return whether an attribute holds instances: nobody has said which of their columns to write."""
    return isinstance(value, Model) or (isinstance(value, list) and any(isinstance(item, Model) for item in value))
