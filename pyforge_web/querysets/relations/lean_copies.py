"""Lean copies of instances in memory, for attributes: they have the columns that are named, as they are loaded.

No code of the project makes them: it has made the instances, and may have changed what their rows have.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.lean_instances import Row, attach_related, copy_instance, relation_cache_name
from pyforge_web.output.model_names import NamePath, Relation, find_column, find_relation
from pyforge_web.querysets.relations.loaded_relations import find_related


class LoadedRows(NamedTuple):
    """The QuerySets of a relation to many that instances have loaded, one of each, and the columns that are read."""

    name: str
    querysets: Sequence[Any]
    columns: Sequence[str]


class LeanCopies(NamedTuple):
    """Instances of one model, and what an attribute reads of them; `path` is where they are in the JSON."""

    instances: Sequence[Model]
    columns: Sequence[str]
    related: Sequence[LoadedRows]
    owner: str
    path: NamePath

    def copy_rows(self, rows: Sequence[Row]) -> list[Model]:
        """Return the copies, one for each row of their values."""
        return _copy_lean(self.instances, self.columns, self.owner, self.path)

    def copy_related(self, copies: Sequence[Model]) -> None:
        """Give the copies what their relations to many have."""
        for name, querysets, columns in self.related:
            for copied, queryset in zip(copies, querysets, strict=True):
                objects = [_copy_row(each, columns, self.owner) for each in queryset._result_cache]
                attach_related(copied, name, objects, queryset)


def _copy_row(instance: Model, columns: Sequence[str], owner: str) -> Model:
    fields = [*instance._meta.pk_fields, *(cast(Any, find_column(type(instance), name)) for name in columns)]
    return copy_instance(instance, {field.attname for field in fields}, owner)


def _copy_lean(instances: Sequence[Model], columns: Sequence[str], owner: str, path: NamePath) -> list[Model]:
    """Return copies with these columns, `title` or `author__name`, and with what is behind their relations to one."""
    own: set[str] = set()
    behind: dict[str, list[str]] = {}
    for column in columns:
        first, _, rest = column.partition(LOOKUP_SEP)
        if rest and instances and find_relation(type(instances[0]), first) is not None:
            behind.setdefault(first, []).append(rest)
        else:
            own.add(column)
    copies = [copy_instance(each, own, owner) for each in instances]
    for name, inner in behind.items():
        within = (*path, name)
        found = cast("list[Model | None]", [find_related(each, name, within) for each in instances])
        made = iter(_copy_lean([each for each in found if each is not None], inner, owner, within))
        for copied, one in zip(copies, found, strict=True):
            relation = cast(Relation, find_relation(type(copied), name))
            copied._state.fields_cache[relation_cache_name(relation)] = None if one is None else next(made)
    return copies
