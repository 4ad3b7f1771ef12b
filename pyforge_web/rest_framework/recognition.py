"""A serializer, recognised field by field: what DRF would do is known where each method that does it is DRF's own.

Methods are compared by identity, on the class and on the instance. What is not recognised raises `Fallback` with the
reason, and the serializer is DRF's.
"""

import inspect
from functools import cached_property, partialmethod
from typing import Any, NamedTuple

from django.db.models import Manager, Model
from django.db.models.fields.files import FieldFile, FileDescriptor, ImageFileDescriptor
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute
from rest_framework import fields, relations, serializers

from pyforge_web.querysets.relations.model_relations import Relation, find_column, find_relation
from pyforge_web.querysets.relations.prefetch import link
from pyforge_web.querysets.rows import why_django
from pyforge_web.rest_framework.formats import PYTHON, SAME, ValueFormat, format_of
from pyforge_web.rest_framework.plan import (
    Fallback,
    InstanceColumn,
    Level,
    LevelBuilder,
    LiveName,
    ManyColumn,
    Path,
    Slot,
    ValueColumn,
    dict_expression,
)
from pyforge_web.rest_framework.reading import names_read

_DESCRIPTORS = (DeferredAttribute, ForeignKeyDeferredAttribute)
_FILES = (FileDescriptor, ImageFileDescriptor)


class Step(NamedTuple):
    """A relation to one that may be missing: the column that is null then, and whether DRF sees None or an error."""

    column: int
    is_forward: bool


class Place(NamedTuple):
    """Where in a row an object is: its model, the joins that lead there, and the column that tells whether it exists."""

    model: type[Model]
    path: Path = ()
    presence: int | None = None


class Entry(NamedTuple):
    """A key of a dict, the expression of its value, and the condition under which DRF leaves it out."""

    key: str
    value: str
    left_out: str | None = None


def unlike(value: Any, standard: type, *names: str) -> str | None:
    """Return the first of these methods that is not the one of `standard`; None where all of them are."""
    kind, own = type(value), vars(value)
    for name in names:
        if name in own or getattr(kind, name, None) is not getattr(standard, name):
            return f"{kind.__name__}.{name} is its own"
    return None


class Recogniser:
    """Compiles one serializer for the QuerySets of one model that add these names to their rows."""

    def __init__(self, model: type[Model], added: frozenset[str], using: str) -> None:
        self.model = model
        self.added = added
        self.using = using

    def level(self, serializer: Any, live: LiveName, model: type[Model], joins: tuple[str, ...] = ()) -> Level:
        """Return the level of the objects of a serializer.

        Raises `Fallback` with the reason where DRF has to serialize them.
        """
        why = why_not_rows(model)
        if why is not None:
            raise Fallback(why)
        builder = LevelBuilder(model)
        scope = _Scope(self, builder, joins)
        return builder.close(scope.serializer(serializer, live, Place(model)))

    def flat_level(self, field: Any, live: LiveName, model: type[Model]) -> Level:
        """Return the level of a `ManyRelatedField`: a value for each row."""
        why = why_not_rows(model)
        if why is not None:
            raise Fallback(why)
        builder = LevelBuilder(model)
        return builder.close(_Scope(self, builder, ()).related(field, live, Place(model)))


class _Scope:
    """The fields of one level."""

    def __init__(self, recogniser: Recogniser, builder: LevelBuilder, joins: tuple[str, ...]) -> None:
        self.recogniser = recogniser
        self.builder = builder
        self.joins = joins

    def serializer(self, serializer: Any, live: LiveName, place: Place) -> str:
        """Return the expression of a serializer's dict."""
        standard = serializers.Serializer
        if not isinstance(serializer, standard):
            raise Fallback(f"{type(serializer).__name__} is not a Serializer")
        why = unlike(serializer, standard, "to_representation", "_readable_fields")
        if why is not None:
            raise Fallback(why)
        entries = []
        for field in serializer._readable_fields:
            name = field.field_name
            try:
                entries.append(self.entry(field, (*live, name), place))
            except Fallback as error:
                raise Fallback(f"{name}: {error}" if len(error.args) < 2 else str(error)) from None
        return dict_expression(entries)

    def entry(self, field: Any, live: LiveName, place: Place) -> Entry:
        """Return the key, the value and the condition of one field."""
        if isinstance(field, serializers.BaseSerializer):
            return self.nested(field, live, place)
        if isinstance(field, relations.ManyRelatedField):
            return self.many_related(field, live, place)
        if isinstance(field, relations.RelatedField):
            return self.to_one(field, live, place)
        if isinstance(field, (fields.SerializerMethodField, fields.ModelField)) or field.source == "*":
            return self.by_instance(field, live, place)
        why = unlike(field, fields.Field, "get_attribute")
        if why is not None:
            raise Fallback(why)
        *before, last = field.source_attrs
        if not self.is_column(place, before, last):
            return self.by_property(field, live, place)
        target, steps = self.follow(place, before)
        value = self.column(field, live, target, last)
        return self.with_steps(field, value, steps)

    def is_column(self, place: Place, before: list[str], last: str) -> bool:
        """Whether a source ends in a column or in what the query adds."""
        model = place.model
        for name in before:
            found = find_relation(model, name)
            if found is None or found.model is None or found.many:
                return False
            model = found.model
        if not before and not place.path and not self.joins and last in self.recogniser.added:
            return True
        return find_column(model, last) is not None and find_relation(model, last) is None

    def follow(self, place: Place, names: list[str]) -> tuple[Place, list[Step]]:
        """Return where relations to one lead, and those of them that may be missing."""
        steps: list[Step] = []
        for name in names:
            found = find_relation(place.model, name)
            why = "it is not a relation" if found is None else why_not_joined(found)
            if found is None or why is not None:
                raise Fallback(f"{place.model.__name__}.{name}: {why}")
            place = self.joined(place, found)
            if place.presence is not None and (found.sort != "forward" or found.field.null):
                steps.append(Step(place.presence, found.sort == "forward"))
        return place, steps

    def joined(self, place: Place, relation: Relation) -> Place:
        """Return the place behind a relation to one."""
        model: Any = relation.model
        path = (*place.path, relation)
        certain = relation.sort == "forward" and not relation.field.null and place.presence is None
        presence = None if certain else self.builder.raw(path, model._meta.pk_fields[0].attname)
        return Place(model, path, presence)

    def with_steps(self, field: Any, value: str, steps: list[Step], *, object_itself: bool = False) -> Entry:
        """Return the entry of a value behind relations that may be missing.

        DRF sees None where a reverse one-to-one has no row. Behind a foreign key that is null it meets an
        AttributeError: the field's default, None, no key, or the error.
        """
        last = len(steps) - 1
        conditions = []
        for number, step in enumerate(steps):
            if step.is_forward and not (object_itself and number == last):
                conditions.append(
                    " and ".join([*(f"v{before.column} is not None" for before in steps[:number]), f"v{step.column} is None"])
                )
        if not conditions or (field.allow_null and field.default is fields.empty):
            return Entry(field.field_name, value)
        if field.default is not fields.empty:
            raise Fallback("it has a default, and is behind a relation that may be null")
        condition = " or ".join(f"({condition})" for condition in conditions)
        if field.required:
            return Entry(field.field_name, f"(missing() if {condition} else {value})")
        return Entry(field.field_name, value, condition)

    def column(self, field: Any, live: LiveName, place: Place, name: str) -> str:
        """Return the expression of a column's value."""
        if not place.path and not self.joins and name in self.recogniser.added:
            slot = self.builder.slot((), name)
            return self.value(ValueColumn(slot, format_of(field), live))
        column, descriptor = own_column(place.model, name)
        slot = self.builder.slot(place.path, column.attname)
        if type(descriptor) in _FILES:
            if not is_standard_file(column, field):
                raise Fallback("its files are of a class of their own")
            return self.value(ValueColumn(slot, ValueFormat("file", (column,)), live, "file"))
        return self.value(ValueColumn(slot, format_of(field), live))

    def value(self, column: ValueColumn) -> str:
        """Return the name of a column of values."""
        return f"v{self.builder.add(column)}"

    def nested(self, field: Any, live: LiveName, place: Place) -> Entry:
        """Return the entry of a nested serializer: an object, or a list of objects."""
        why = unlike(field, fields.Field, "get_attribute")
        if why is not None:
            raise Fallback(why)
        if isinstance(field, serializers.ListSerializer):
            if (why := unlike(field, serializers.ListSerializer, "to_representation")) and not is_compiled_list(field):
                raise Fallback(why)
            relation, target, steps = self.to_many(field, place)
            names = (*(step.name for step in target.path), relation.name)
            level = self.recogniser.level(field.child, live, related_model(relation), (*self.joins, *names))
            return self.many(field, relation, target, steps, level)
        if field.source == "*":
            return Entry(field.field_name, self.serializer(field, live, place))
        target, steps = self.follow(place, field.source_attrs)
        value = self.serializer(field, live, target)
        if target.presence is not None and target.presence != place.presence:
            value = f"({value} if v{target.presence} is not None else None)"
        return self.with_steps(field, value, steps, object_itself=_ends_in(steps, target))

    def many_related(self, field: Any, live: LiveName, place: Place) -> Entry:
        """Return the entry of a list of keys, slugs, texts or links."""
        standard = relations.ManyRelatedField
        why = unlike(field, standard, "to_representation", "get_attribute")
        if why is not None:
            raise Fallback(why)
        relation, target, steps = self.to_many(field, place)
        level = self.recogniser.flat_level(field.child_relation, live, related_model(relation))
        return self.many(field, relation, target, steps, level)

    def to_many(self, field: Any, place: Place) -> tuple[Relation, Place, list[Step]]:
        """Return the relation to many that a field's source ends in, and where it begins."""
        names = list(field.source_attrs)
        if len(names) > 1 and names[-1] == "all":
            names.pop()
        *before, last = names
        target, steps = self.follow(place, before)
        relation = find_relation(target.model, last)
        why = "it is not a relation to many" if relation is None or not relation.many else why_not_many(relation)
        if relation is None or why is not None:
            raise Fallback(f"{target.model.__name__}.{last}: {why}")
        return relation, target, steps

    def many(self, field: Any, relation: Relation, place: Place, steps: list[Step], level: Level) -> Entry:
        """Return the entry of a list that a query of its own gives."""
        slot = self.builder.slot(place.path, link(place.model, relation, self.recogniser.using).column)
        path = (*self.joins, *(step.name for step in place.path), relation.name)
        number = self.builder.add(ManyColumn(slot, place.model, relation, path, level))
        return self.with_steps(field, f"v{number}", steps)

    def to_one(self, field: Any, live: LiveName, place: Place) -> Entry:
        """Return the entry of a `RelatedField`: a key, a slug, a text or a link."""
        why = unlike(field, relations.RelatedField, "get_attribute")
        if why is not None:
            raise Fallback(why)
        if field.source == "*":
            return self.by_instance(field, live, place)
        *before, last = field.source_attrs
        if field.use_pk_only_optimization():
            target, steps = self.follow(place, before)
            relation = find_relation(target.model, last)
            if relation is not None and relation.sort == "forward" and relation.doubt is None:
                slot = self.builder.slot(target.path, relation.field.attname)
                return self.with_steps(field, self.value(self.key_column(field, slot, live)), steps)
        target, steps = self.follow(place, field.source_attrs)
        value = self.related(field, live, target)
        return self.with_steps(field, value, steps, object_itself=_ends_in(steps, target))

    def key_column(self, field: Any, slot: Slot, live: LiveName) -> ValueColumn:
        """Return the column of a key: as it is, or what the field makes of an object that has this key alone."""
        standard = relations.PrimaryKeyRelatedField
        if unlike(field, standard, "to_representation") is None and field.pk_field is None:
            return ValueColumn(slot, SAME, live)
        return ValueColumn(slot, PYTHON, live, "key")

    def related(self, field: Any, live: LiveName, place: Place) -> str:
        """Return the expression of what a `RelatedField` writes of a related object."""
        key = place.model._meta.pk
        if unlike(field, relations.PrimaryKeyRelatedField, "to_representation") is None:
            own_column(place.model, key.attname)
            return self.value(self.key_column(field, self.builder.slot(place.path, key.attname), live))
        if unlike(field, relations.SlugRelatedField, "to_representation") is None:
            *before, last = field.slug_field.replace("__", ".").split(".")
            target, steps = self.follow(place, before)
            if steps:
                raise Fallback("its slug is behind a relation that may be null")
            column, descriptor = own_column(target.model, last)
            if type(descriptor) in _FILES:
                raise Fallback("its slug is a file")
            return self.value(ValueColumn(self.builder.slot(target.path, column.attname), SAME, live))
        if unlike(field, relations.StringRelatedField, "to_representation") is None:
            if (name := text_column(place.model)) is not None:
                column, _ = own_column(place.model, name)
                if column.null:
                    raise Fallback(f"{place.model.__name__}.__str__ may return None")
                return self.value(ValueColumn(self.builder.slot(place.path, column.attname), ValueFormat("str"), live, "str"))
            names = names_read(place.model.__str__)
            if names is None:
                raise Fallback(f"{place.model.__name__}.__str__ may read anything: declare it with @reads(...)")
            return self.instance(names, live, place, guarded=True)
        standard = relations.HyperlinkedRelatedField
        if unlike(field, standard, "to_representation", "get_url") is None:
            return self.instance(("pk", field.lookup_field), live, place, guarded=False)
        raise Fallback(f"{type(field).__name__}.to_representation reads an instance")

    def by_instance(self, field: Any, live: LiveName, place: Place) -> Entry:
        """Return the entry of a field that gets the whole object: a method, a link, a field of the model."""
        if isinstance(field, fields.ModelField):
            why = unlike(field, fields.ModelField, "get_attribute", "to_representation")
            names, guarded = (field.model_field.attname,), False
        elif isinstance(field, fields.SerializerMethodField):
            why = unlike(field, fields.SerializerMethodField, "get_attribute", "to_representation")
            method = getattr(field.parent, field.method_name, None)
            names, guarded = names_read(method) or (), True
            if not names:
                raise Fallback(f"{field.method_name}() may read anything: declare it with @reads(...)")
        elif isinstance(field, relations.HyperlinkedIdentityField):
            why = unlike(field, relations.HyperlinkedRelatedField, "get_attribute", "to_representation", "get_url")
            names, guarded = ("pk", field.lookup_field), False
        else:
            names, guarded = names_read(type(field).to_representation) or (), True
            why = None if names else f"{type(field).__name__} gets the whole instance: declare it with @reads(...)"
        if why is not None:
            raise Fallback(why)
        return Entry(field.field_name, self.instance(names, live, place, guarded=guarded))

    def by_property(self, field: Any, live: LiveName, place: Place) -> Entry:
        """Return the entry of a field whose source is a property, a method, or a choice's display."""
        *before, last = field.source_attrs
        model = place.model
        for name in before:
            found = find_relation(model, name)
            if found is None or found.model is None or found.many:
                raise Fallback(f"{model.__name__}.{name} is not a relation to one")
            model = found.model
        method = inspect.getattr_static(model, last, None)
        if method is None:
            raise Fallback(f"{model.__name__} has no attribute {last!r}")
        names, guarded = names_read(method), True
        if isinstance(method, partialmethod) and method.func is Model._get_FIELD_display:  # type: ignore[attr-defined]
            names, guarded = (method.keywords["field"].attname,), False
        if names is None:
            sort = "property" if isinstance(method, property | cached_property) else "method"
            raise Fallback(f"{model.__name__}.{last} is a {sort} that may read anything: declare it with @reads(...)")
        prefix = "".join(f"{name}__" for name in before)
        needed = (*(before and ["__".join(before[:n]) + "__pk" for n in range(1, len(before) + 1)]),)
        value = self.instance((*needed, *(prefix + name for name in names)), live, place, guarded=guarded)
        return Entry(field.field_name, value, f"{value} is SKIPPED")

    def instance(self, names: tuple[str, ...], live: LiveName, place: Place, *, guarded: bool) -> str:
        """Return the expression of what a field makes of an instance that has these columns."""
        group = self.builder.group(place.path, place.model, place.presence, guarded=guarded)
        for name in ("pk", *names):
            *before, last = name.split("__")
            target, _ = self.follow(place, before)
            found = find_relation(target.model, last)
            if found is not None and found.many:
                raise Fallback(f"@reads names {name!r}, a relation to many")
            for depth in range(len(place.path) + 1, len(target.path) + 1):
                path = target.path[:depth]
                key: Any = path[-1].model._meta.pk  # type: ignore[union-attr]
                group.columns[path[len(place.path) :], key.attname] = self.builder.raw(path, key.attname)
            column, _ = own_column(target.model, last)
            value = self.value(ValueColumn(self.builder.slot(target.path, column.attname), SAME, (), "attribute"))
            group.columns[target.path[len(place.path) :], column.attname] = int(value[1:])
        return f"v{self.builder.add(InstanceColumn(group.number, live))}"


def _ends_in(steps: list[Step], place: Place) -> bool:
    return bool(steps) and steps[-1].column == place.presence


def related_model(relation: Relation) -> type[Model]:
    """Return the model of a relation that has one."""
    if relation.model is None:
        raise Fallback(f"{relation.name}: its objects are of several models")
    return relation.model


def is_compiled_list(field: Any) -> bool:
    """Whether a list serializer is one that this package has made of DRF's own."""
    return getattr(type(field), "pyforge_standard", False) is True


def own_column(model: type[Model], name: str) -> tuple[Any, Any]:
    """Return a column, and the descriptor of its attribute.

    Raises `Fallback` where the attribute is not the column's plain value.
    """
    column: Any = find_column(model, name)
    if column is None or column.column is None:
        raise Fallback(f"{model.__name__}.{name} is not a column")
    descriptor = inspect.getattr_static(model, column.attname, None)
    if type(descriptor) not in _DESCRIPTORS and type(descriptor) not in _FILES:
        raise Fallback(f"{model.__name__}.{column.attname} is read through {type(descriptor).__name__}")
    return column, descriptor


def is_standard_file(column: Any, field: Any) -> bool:
    """Whether a file's address is what its storage says, and the field is DRF's."""
    kind = column.attr_class
    return (
        unlike(field, fields.FileField, "to_representation") is None
        and kind.url is FieldFile.url
        and kind.__bool__ is FieldFile.__bool__
        and kind.__init__ is FieldFile.__init__
    )


_TEMPLATE = compile("def f(self): return self.x", "", "exec").co_consts[0]


def text_column(model: type[Model]) -> str | None:
    """Return the column that `__str__` returns, seen in its code: `return self.name`; None for any other code."""
    code = getattr(model.__str__, "__code__", None)
    if code is None or code.co_code != _TEMPLATE.co_code or code.co_argcount != 1 or code.co_freevars:
        return None
    name = code.co_names[0]
    column: Any = find_column(model, name)
    return name if column is not None and name == column.attname else None


def why_not_rows(model: type[Model]) -> str | None:
    """Return why the instances of a model are not what their rows are; None where they are."""
    for name in ("from_db", "__init__", "__getattribute__", "refresh_from_db", "serializable_value", "_get_pk_val"):
        own, standard = getattr(model, name), getattr(Model, name)
        if getattr(own, "__func__", own) is not getattr(standard, "__func__", standard):
            return f"{model.__name__}.{name} is its own"
    if "__getattr__" in dir(model):
        return f"{model.__name__}.__getattr__ is its own"
    if type(inspect.getattr_static(model, "pk")) is not property:
        return f"{model.__name__}.pk is its own"
    return None


def why_not_joined(relation: Relation) -> str | None:
    """Return why a relation to one cannot be read by a join; None where it can."""
    if relation.doubt is not None or relation.model is None:
        return relation.doubt or "its objects are of several models"
    if relation.many:
        return "it is a relation to many"
    if type(relation.model._base_manager) is not Manager:
        return f"{relation.model.__name__} has a base manager of its own"
    if not relation.field.db_constraint and relation.sort == "forward":
        return "the rows it points to need not exist (db_constraint=False)"
    return why_not_rows(relation.model)


def why_not_many(relation: Relation) -> str | None:
    """Return why the rows of a relation to many cannot be read by a query of ours; None where they can."""
    if relation.doubt is not None or relation.model is None:
        return relation.doubt or "its objects are of several models"
    return why_django(relation.model._default_manager.all())
