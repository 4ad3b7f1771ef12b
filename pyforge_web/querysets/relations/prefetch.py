"""The QuerySets that load relations, as Django's prefetchers make them, for keys in the place of instances.

Source: `get_prefetch_querysets` of the descriptors and managers in `django/db/models/fields/related_descriptors.py` and
`django/contrib/contenttypes/fields.py`, and `prefetch_one_level`, which compares the keys.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Field, Model, Q
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import _filter_prefetch_queryset  # type: ignore[attr-defined]

from pyforge_web.fields import kind_of
from pyforge_web.output.model_names import Relation, source_field
from pyforge_web.output.tree import Branch, UntypedQuerySet
from pyforge_web.querysets.sql_cache import KeyNumbers

Compared = Callable[[Any], Hashable]


class RelationKey(NamedTuple):
    """How the rows of a relation and their parents find each other.

    `column` is the parents' attribute, `key` the rows' field, which may be a column of the join table `table`.
    `compared_parent` and `compared` make what Django compares of their values; None where it is the value itself. Where
    `converted` is false, the value of the key is the driver's.
    """

    column: str
    key: "Field[Any, Any]"
    table: str | None = None
    compared_parent: Compared | None = None
    compared: Compared | None = None
    converted: bool = True


def find_relation_key(model: type[Model], relation: Relation, using: str) -> RelationKey:
    """How the rows of a relation of `model` name what they belong to."""
    field = relation.field
    if relation.sort == "forward":
        return RelationKey(field.attname, field.target_field)
    if relation.sort == "generic":
        return _generic_link(model, relation)
    if relation.sort == "many_to_many":
        return _through_link(model, relation, using)
    return RelationKey(field.target_field.attname, field)


def _through_link(model: type[Model], relation: Relation, using: str) -> RelationKey:
    source = source_field(relation, model)
    target, table = source.target_field, source.model._meta.db_table
    if kind_of(target) in ("integer", "text"):
        return RelationKey(target.attname, source, table)
    connection = connections[using]

    def compared(value: Any) -> Any:
        return source.get_db_prep_value(value, connection)

    def compared_parent(value: Any) -> Any:
        return target.get_db_prep_value(value, connection)

    return RelationKey(target.attname, source, table, compared_parent, compared, converted=False)


def _generic_link(model: type[Model], relation: Relation) -> RelationKey:
    field, own = relation.field, model._meta.pk
    key: Any = field.remote_field.model._meta.get_field(field.object_id_field_name)
    alike = kind_of(key) == kind_of(own) and kind_of(own) in ("integer", "text")
    return RelationKey(own.attname, key, compared=None if alike else own.to_python)


def stand_in(model: type[Model], using: str, **attributes: Any) -> Model:
    """What managers and routers get for an instance: `__init__` and its signals are for real ones."""
    instance = model.__new__(model)
    instance._state = ModelState()
    instance._state.db, instance._state.adding = using, False
    instance.__dict__.update(attributes)
    return instance


def related_rows(model: type[Model], branch: Branch, keys: Sequence[Any], using: str) -> UntypedQuerySet:
    """The QuerySet of what belongs to the parents with these keys: that of a `Prefetch`, or the manager's.

    Raises what Django raises, for a `Prefetch` with a slice where there can be none, for example.
    """
    relation, given = branch.relation, branch.queryset
    column = find_relation_key(model, relation, using).column
    parent = stand_in(model, using, **{model._meta.pk.attname: keys[0], column: keys[0]})
    if relation.many:
        return _many(parent, branch, keys)
    queryset: UntypedQuerySet = given
    queryset = queryset._chain()
    queryset._add_hints(instance=parent)
    name = relation.field.target_field.name if relation.sort == "forward" else relation.field.name
    queryset = queryset.filter(**{f"{name}__in": _listed(relation, model, keys)})
    queryset.query.clear_ordering()
    return queryset


def _many(parent: Model, branch: Branch, keys: Sequence[Any]) -> UntypedQuerySet:
    """The same of a relation to many."""
    relation, given = branch.relation, branch.queryset
    manager: Any = getattr(parent, relation.name)
    queryset = super(type(manager), manager).get_queryset() if given is None else given._chain()
    queryset._add_hints(instance=parent)
    queryset = queryset.using(queryset._db or manager._db)
    if relation.sort == "generic":
        return queryset.filter(_of_type(manager, keys))
    if given is not None and given.query.is_sliced and branch.name == relation.name:
        manager._apply_rel_filters(given)  # raises: Django prefetches slices under a to_attr alone
    name = manager.query_field_name if relation.sort == "many_to_many" else relation.field.name
    return _filter_prefetch_queryset(queryset, name, _listed(relation, type(parent), keys))


def _of_type(manager: Any, keys: Sequence[Any]) -> Q:
    """The condition of a generic relation: all parents are of one type."""
    of_type = (f"{manager.content_type_field_name}__pk", manager.content_type.pk)
    return Q.create([of_type, (f"{manager.object_id_field_name}__in", set(keys))])


def _listed(relation: Relation, model: type[Model], keys: Sequence[Any]) -> Any:
    """What follows `IN`."""
    field = source_field(relation, model) if relation.sort == "many_to_many" else relation.field
    plain = kind_of(field.target_field) == "integer" and set(map(type, keys)) == {int}
    return KeyNumbers(list(keys)) if plain else list(keys)
