"""A serializer, recognised field by field: what DRF would do is known where each method that does it is DRF's own.

Methods are compared by identity, on the class and on the instance. What is not recognised raises `FallbackError` with
the reason, and the serializer is DRF's.
"""

import inspect
from functools import cached_property
from typing import Any

from django.db.models import Model
from rest_framework import fields, relations, serializers

from pyforge_web.output.fields import is_label_method
from pyforge_web.output.method_reads import names_read
from pyforge_web.output.model_names import find_relation
from pyforge_web.rest_framework.model_attributes import find_own_method, names_of_text, related_model, why_not_rows
from pyforge_web.rest_framework.nodes import EntryNode, FallbackError, ObjectNode
from pyforge_web.rest_framework.plan import Level, LevelBuilder, LiveName
from pyforge_web.rest_framework.related_fields import RelatedScope
from pyforge_web.rest_framework.row_scope import Place, ends_in


def compile_level(
    serializer: Any, live: LiveName, model: type[Model], joins: tuple[str, ...], added: frozenset[str], using: str
) -> Level:
    """Return the level of the objects of a serializer: of a model, whose QuerySet adds these names to its rows.

    `joins` are the names that lead to them from the root, `live` leads to the serializer among the fields.
    Raises `FallbackError` with the reason where DRF has to serialize them.
    """
    why = why_not_rows(model)
    if why is not None:
        raise FallbackError(why)
    builder = LevelBuilder(model)
    scope = SerializerScope(builder, joins, added, using)
    return builder.close(scope.serializer(serializer, live, Place(model)))


class SerializerScope(RelatedScope):
    """A level with the fields of a serializer."""

    def serializer(self, serializer: Any, live: LiveName, place: Place) -> ObjectNode:
        """Return the node of a serializer's dict."""
        standard = serializers.Serializer
        if not isinstance(serializer, standard):
            raise FallbackError(f"{type(serializer).__name__} is not a Serializer")
        # By the identity of DRF's own methods: whoever overrides one means something else.
        why = find_own_method(serializer, standard, "to_representation", "_readable_fields")
        if why is not None:
            raise FallbackError(why)
        entries = []
        for field in serializer._readable_fields:
            name = field.field_name
            try:
                entries.append(self.entry(field, (*live, name), place))
            except FallbackError as error:
                raise FallbackError(f"{name}: {error}" if len(error.args) < 2 else str(error)) from None
        return ObjectNode(tuple(entries))

    def entry(self, field: Any, live: LiveName, place: Place) -> EntryNode:
        """Return the key, the value and the condition of one field."""
        if isinstance(field, serializers.BaseSerializer):
            return self.nested(field, live, place)
        if isinstance(field, relations.ManyRelatedField):
            return self.many_related(field, live, place)
        if isinstance(field, relations.RelatedField) and field.source != "*":
            return self.to_one(field, live, place)
        if isinstance(field, (fields.SerializerMethodField, fields.ModelField)) or field.source == "*":
            return self.by_instance(field, live, place)
        why = find_own_method(field, fields.Field, "get_attribute")
        if why is not None:
            raise FallbackError(why)
        *before, last = field.source_attrs
        if not self.is_column(place, before, last):
            return self.by_property(field, live, place)
        target, steps = self.follow(place, before)
        value = self.column(field, live, target, last)
        return self.with_steps(field, value, steps)

    def nested(self, field: Any, live: LiveName, place: Place) -> EntryNode:
        """Return the entry of a nested serializer: an object, or a list of objects."""
        why = find_own_method(field, fields.Field, "get_attribute")
        if why is not None:
            raise FallbackError(why)
        if isinstance(field, serializers.ListSerializer):
            if not has_standard_list(field):
                raise FallbackError(f"{type(field).__name__}.to_representation is its own")
            relation, target, steps = self.to_many(field, place)
            names = (*(step.name for step in target.path), relation.name)
            joins = (*self.joins, *names)
            level = compile_level(field.child, live, related_model(relation), joins, self.added, self.using)
            return self.many(field, relation, target, steps, level)
        if field.source == "*":
            return EntryNode(field.field_name, self.serializer(field, live, place))
        target, steps = self.follow(place, field.source_attrs)
        value = self.serializer(field, live, target)
        return self.with_steps(field, value, steps, object_itself=ends_in(steps, target))

    def by_instance(self, field: Any, live: LiveName, place: Place) -> EntryNode:
        """Return the entry of a field that gets the whole object: a method, a link, a field of the model."""
        names: tuple[str, ...]
        if isinstance(field, fields.ModelField):
            why = find_own_method(field, fields.ModelField, "get_attribute", "to_representation")
            names, guarded = (field.model_field.attname,), False
        elif isinstance(field, fields.SerializerMethodField):
            why = find_own_method(field, fields.SerializerMethodField, "get_attribute", "to_representation")
            method = getattr(field.parent, field.method_name, None)
            names, guarded = names_read(method) or (), True
            if not names:
                raise FallbackError(f"{field.method_name}() may read anything: declare it with @reads(...)")
        elif isinstance(field, relations.HyperlinkedIdentityField):
            why = find_own_method(
                field, relations.HyperlinkedRelatedField, "get_attribute", "to_representation", "get_url"
            )
            names, guarded = ("pk", field.lookup_field, *names_of_text(place.model)), False
        else:
            names, guarded = names_read(type(field).to_representation) or (), True
            why = None if names else f"{type(field).__name__} gets the whole instance: declare it with @reads(...)"
        if why is not None:
            raise FallbackError(why)
        return EntryNode(field.field_name, self.instance(names, live, place, guarded=guarded))

    def by_property(self, field: Any, live: LiveName, place: Place) -> EntryNode:
        """Return the entry of a field whose source is a property, a method, or a choice's display."""
        *before, last = field.source_attrs
        model = place.model
        for name in before:
            found = find_relation(model, name)
            if found is None or found.model is None or found.many:
                raise FallbackError(f"{model.__name__}.{name} is not a relation to one")
            model = found.model
        method = inspect.getattr_static(model, last, None)
        if method is None:
            raise FallbackError(f"{model.__name__} has no attribute {last!r}")
        if find_relation(model, last) is not None:
            raise FallbackError(f"{model.__name__}.{last} is a relation, whose object is written as it is")
        self.builder.attributes[model, last] = None
        names, guarded = names_read(method), True
        if is_label_method(method):
            names, guarded = (method.keywords["field"].attname,), False
        if names is None:
            sort = "property" if isinstance(method, property | cached_property) else "method"
            raise FallbackError(
                f"{model.__name__}.{last} is a {sort} that may read anything: declare it with @reads(...)"
            )
        prefix = "".join(f"{name}__" for name in before)
        needed = (*(before and ["__".join(before[:n]) + "__pk" for n in range(1, len(before) + 1)]),)
        value = self.instance((*needed, *(prefix + name for name in names)), live, place, guarded=guarded)
        return EntryNode(field.field_name, value, marked=value.column)


standard_list = serializers.ListSerializer.to_representation
# The methods that make the list of what the child makes of each row: DRF's own, and those with a native path.
STANDARD_LISTS = {standard_list}


def has_standard_list(serializer: Any) -> bool:
    """Return whether a list serializer gives the list of what its child makes of each row."""
    if "to_representation" in vars(serializer):
        return False
    # Those behind the first, too, and DRF's own: what somebody puts in their place is called by the native path's.
    return all(vars(kind).get("to_representation", standard_list) in STANDARD_LISTS for kind in list_kinds(serializer))


def list_kinds(serializer: Any) -> tuple[type, ...]:
    """Return the classes of a list serializer, as far as DRF's own."""
    kinds = type(serializer).__mro__
    return kinds[: kinds.index(serializers.ListSerializer) + 1]
