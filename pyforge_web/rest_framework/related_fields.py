"""Fields of relations: keys, slugs, texts and links, of one related object or of many."""

from typing import Any

from django.db.models import Model
from rest_framework import relations

from pyforge_web.output.method_reads import names_read
from pyforge_web.output.model_names import Relation, find_relation
from pyforge_web.querysets.relations.prefetch import find_relation_key
from pyforge_web.rest_framework.formats import PYTHON, SAME, ValueFormat
from pyforge_web.rest_framework.model_attributes import (
    FILE_DESCRIPTORS,
    column_of_text,
    find_own_method,
    names_of_text,
    own_column,
    related_model,
    why_not_many,
    why_not_rows,
)
from pyforge_web.rest_framework.nodes import EntryNode, FallbackError, ValueNode
from pyforge_web.rest_framework.plan import Level, LevelBuilder, LiveName, ManyColumn, Slot, ValueColumn
from pyforge_web.rest_framework.row_scope import Place, RowScope, Step, ends_in


class RelatedScope(RowScope):
    """A level with fields of relations."""

    def many_related(self, field: Any, live: LiveName, place: Place) -> EntryNode:
        """Return the entry of a list of keys, slugs, texts or links."""
        standard = relations.ManyRelatedField
        why = find_own_method(field, standard, "to_representation", "get_attribute")
        if why is not None:
            raise FallbackError(why)
        relation, target, steps = self.to_many(field, place)
        level = self.flat_level(field.child_relation, live, related_model(relation))
        return self.many(field, relation, target, steps, level)

    def to_many(self, field: Any, place: Place) -> tuple[Relation, Place, list[Step]]:
        """Return the relation to many that a field's source ends in, and where it begins."""
        names = list(field.source_attrs)
        # `source="tags.all"`: DRF calls what can be called on the way.
        if len(names) > 1 and names[-1] == "all":
            names.pop()
        *before, last = names
        target, steps = self.follow(place, before)
        relation = find_relation(target.model, last)
        why = (
            "it is not a relation to many"
            if relation is None or not relation.many
            else why_not_many(relation, self.using)
        )
        if relation is None or why is not None:
            raise FallbackError(f"{target.model.__name__}.{last}: {why}")
        return relation, target, steps

    def many(self, field: Any, relation: Relation, place: Place, steps: list[Step], level: Level) -> EntryNode:
        """Return the entry of a list that a query of its own gives; None where no object could have one."""
        slot = self.builder.slot(place.path, find_relation_key(place.model, relation, self.using).column)
        path = (*self.joins, *(step.name for step in place.path), relation.name)
        number = self.builder.add(ManyColumn(slot, place.model, relation, path, level))
        return self.with_steps(field, ValueNode(number), steps)

    def to_one(self, field: Any, live: LiveName, place: Place) -> EntryNode:
        """Return the entry of a `RelatedField`: a key, a slug, a text or a link."""
        why = find_own_method(field, relations.RelatedField, "get_attribute")
        if why is not None:
            raise FallbackError(why)
        *before, last = field.source_attrs
        # A question to the field, because a project may override it.
        if field.use_pk_only_optimization():
            target, steps = self.follow(place, before)
            relation = find_relation(target.model, last)
            if relation is not None and relation.sort == "forward" and relation.doubt is None:
                slot = self.builder.slot(target.path, relation.field.attname)
                return self.with_steps(field, self.value(self.key_column(field, slot, live)), steps)
        target, steps = self.follow(place, field.source_attrs)
        value = self.related(field, live, target)
        return self.with_steps(field, value, steps, object_itself=ends_in(steps, target))

    def key_column(self, field: Any, slot: Slot, live: LiveName) -> ValueColumn:
        """Return the column of a key: as it is, or what the field makes of an object that has this key alone."""
        standard = relations.PrimaryKeyRelatedField
        if find_own_method(field, standard, "to_representation") is None and field.pk_field is None:
            return ValueColumn(slot, SAME, ())
        return ValueColumn(slot, PYTHON, live, "key")

    def related(self, field: Any, live: LiveName, place: Place) -> ValueNode:
        """Return the node of what a `RelatedField` writes of a related object."""
        key = place.model._meta.pk
        if find_own_method(field, relations.PrimaryKeyRelatedField, "to_representation") is None:
            own_column(place.model, key.attname)
            return self.value(self.key_column(field, self.builder.slot(place.path, key.attname), live))
        if find_own_method(field, relations.SlugRelatedField, "to_representation") is None:
            return self.slug(field, live, place)
        if find_own_method(field, relations.StringRelatedField, "to_representation") is None:
            if (name := column_of_text(place.model)) is not None:
                column, _ = own_column(place.model, name)
                # `str()` of such an instance raises, and DRF's error is the right one.
                if column.null:
                    raise FallbackError(f"{place.model.__name__}.__str__ may return None")
                return self.value(
                    ValueColumn(self.builder.slot(place.path, column.attname), ValueFormat("str"), live, "str")
                )
            names = names_read(place.model.__str__)
            if names is None:
                raise FallbackError(f"{place.model.__name__}.__str__ may read anything: declare it with @reads(...)")
            return self.instance(names, live, place, guarded=True, followed=True)
        standard = relations.HyperlinkedRelatedField
        if find_own_method(field, standard, "to_representation", "get_url") is None:
            names = ("pk", field.lookup_field, *names_of_text(place.model))
            return self.instance(names, live, place, guarded=False, followed=True)
        raise FallbackError(f"{type(field).__name__}.to_representation reads an instance")

    def slug(self, field: Any, live: LiveName, place: Place) -> ValueNode:
        """Return the node of a related object's slug: a column of it, or of one behind it."""
        *before, last = field.slug_field.replace("__", ".").split(".")
        target, steps = self.follow(place, before)
        if steps:
            raise FallbackError("its slug is behind a relation that may be null")
        if find_relation(target.model, last) is not None:
            raise FallbackError(f"{target.model.__name__}.{last} is a relation, whose object is written as it is")
        column, descriptor = own_column(target.model, last)
        if type(descriptor) in FILE_DESCRIPTORS:
            raise FallbackError("its slug is a file")
        return self.value(ValueColumn(self.builder.slot(target.path, column.attname), SAME, ()))

    def flat_level(self, field: Any, live: LiveName, model: type[Model]) -> Level:
        """Return the level of a list of keys, slugs, texts or links: a value for each row."""
        why = why_not_rows(model)
        if why is not None:
            raise FallbackError(why)
        builder = LevelBuilder(model)
        return builder.close(RelatedScope(builder, (), self.added, self.using).related(field, live, Place(model)))
