"""Which plan a serializer has: compiled once for a class whose fields cannot differ, anew for all others.

A plan that is kept is used again only while all that it was compiled from is the same object: the methods of the
serializers and fields, `Meta`, the declared fields, the attributes of the model, DRF's settings.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet
from django.db.models.signals import post_init, pre_init
from rest_framework import fields, relations, serializers

from pyforge_web._native import AttributeWatch
from pyforge_web.output.kept_fields import is_long
from pyforge_web.querysets.django_path import watch_instances
from pyforge_web.rest_framework.fixed import HOOKS, MAKING, are_made_alike, is_fixed, own_names
from pyforge_web.rest_framework.formats import settings_key
from pyforge_web.rest_framework.model_attributes import READING_METHODS
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.plan import Level
from pyforge_web.rest_framework.recognition import compile_level, list_kinds

# What DRF reads of `Meta`. Source: `rest_framework.serializers.ModelSerializer`.
_META = ("model", "fields", "exclude", "depth", "read_only_fields", "extra_kwargs")


class Plan(NamedTuple):
    """What a serializer is compiled to: its level, or why DRF serializes it.

    `is_kept` says that all serializers of the class have these fields.
    """

    level: Level | None
    why: str | None
    is_kept: bool = False


class _KeptPlan(NamedTuple):
    plan: Plan
    watch: AttributeWatch
    settings: tuple[Any, ...]
    parts: tuple[tuple[Any, ...], ...]
    names: frozenset[str]

    def is_current(self, serializer: Any) -> bool:
        """Whether all that the plan was compiled from is still the same, and the serializer has nothing of its own."""
        return (
            self.names.isdisjoint(vars(serializer))
            and self.watch.holds()
            and self.settings == settings_key()
            and all(map(_has_parts, self.parts))
        )


_get_attribute = fields.get_attribute
_kept_plans: dict[tuple[Any, ...], _KeptPlan] = {}
_LIMIT = 2048


def find_plan(serializer: Any, queryset: "QuerySet[Any, Any]") -> Plan:
    """Return the plan of a serializer for the rows of a QuerySet."""
    model, query = queryset.model, queryset.query
    if why := _why_patched() or _why_heard([model]):
        return Plan(None, why)
    added = (*query.extra_select, *query.annotation_select)
    key = (type(serializer), model, added, queryset.db)
    kept = _kept_plans.get(key)
    if kept is None or not kept.is_current(serializer):
        # Fields that are made for this instance are compiled for it alone, as are names that a client may have chosen.
        if not is_fixed(serializer) or is_long(added):
            return _refuse_heard(compile_plan(serializer, model, added, queryset.db))
        plan = compile_plan(serializer, model, added, queryset.db)
        if not are_made_alike(islice(all_fields(serializer), 1, None)):
            return _refuse_heard(plan)
        kept = _keep_plan(plan._replace(is_kept=True), serializer, model)
        if len(_kept_plans) >= _LIMIT:
            _kept_plans.clear()
        _kept_plans[key] = kept
    return _refuse_heard(kept.plan)


def _refuse_heard(plan: Plan) -> Plan:
    """Return the plan, or that DRF serializes the rows where a receiver listens to instances of a related model."""
    why = _why_heard(plan.level.read_attributes) if plan.level is not None else None
    return plan if why is None else Plan(None, why)


def _why_patched() -> str | None:
    """Return which function of DRF that reads the attributes of instances is not DRF's own."""
    for module in (fields, relations):
        if module.get_attribute is not _get_attribute:
            return f"{module.__name__}.get_attribute is not DRF's"
    return None


def _why_heard(models: Iterable[type[Model]]) -> str | None:
    """Return whose instances a receiver hears of: it may change them, and no instance is made here."""
    for signal in (pre_init, post_init):
        if signal.receivers:
            for model in models:
                if signal.has_listeners(model):
                    return f"a signal receiver listens to the instances of {model.__name__}"
    return None


def _keep_plan(plan: Plan, serializer: Any, model: type[Model]) -> _KeptPlan:
    names: dict[Any, dict[str, None]] = {}
    read = {} if plan.level is None else plan.level.read_attributes
    for owner, name in (*_watched(serializer, model), *_watched_models(read)):
        names.setdefault(owner, {})[name] = None
    watch = AttributeWatch([(owner, list(mine), False) for owner, mine in names.items()])
    parts = tuple(map(_class_parts, _declared_classes(type(serializer))))
    return _KeptPlan(plan, watch, settings_key(), parts, own_names(serializer))


def compile_plan(serializer: Any, model: type[Model], added: tuple[str, ...], using: str) -> Plan:
    """Return the plan of a serializer's fields as they are now."""
    try:
        return Plan(compile_level(serializer, (), model, (), frozenset(added), using), None)
    except FallbackError as error:
        return Plan(None, str(error))


def _declared_classes(kind: Any) -> Iterator[Any]:
    """The class of a serializer, and those of the serializers that it declares, at any depth."""
    seen = {kind: None}
    work = [kind]
    while work:
        for field in work.pop()._declared_fields.values():
            inner = type(field.child if isinstance(field, serializers.ListSerializer) else field)
            if issubclass(inner, serializers.Serializer) and inner not in seen:
                seen[inner] = None
                work.append(inner)
    yield from seen


def _class_parts(kind: Any) -> tuple[Any, ...]:
    """A serializer's class, its declared fields and its options, for a comparison by value."""
    meta = getattr(kind, "Meta", None)
    mapping = dict(getattr(kind, "serializer_field_mapping", ()))
    return kind, dict(kind._declared_fields), mapping, meta, *(_copied(getattr(meta, name, None)) for name in _META)


def _has_parts(parts: tuple[Any, ...]) -> bool:
    """Whether a class still has these parts: as `_class_parts(kind) == parts`, without copies."""
    kind, declared, mapping, meta, *options = parts
    if getattr(kind, "Meta", None) is not meta or declared != kind._declared_fields:
        return False
    if mapping and mapping != kind.serializer_field_mapping:
        return False
    return all(getattr(meta, name, None) == option for name, option in zip(_META, options, strict=True))


def _copied(value: Any) -> Any:
    """A copy of an option: of `extra_kwargs`, also of the arguments of each field."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return list(value) if isinstance(value, list) else value


def _watched(serializer: Any, model: type[Model]) -> Iterator[tuple[Any, str]]:
    """What a plan depends on: the methods of all classes of fields and serializers, the attributes of the model."""
    seen: set[Any] = set()
    for field in all_fields(serializer):
        kind = type(field)
        names: tuple[str, ...] = _FIELD_METHODS
        if isinstance(field, serializers.Serializer):
            names = (*names, *HOOKS, "_declared_fields", "Meta", "url_field_name")
        if isinstance(field, serializers.ListSerializer):
            yield from ((owner, "to_representation") for owner in list_kinds(field))
        method = getattr(field, "method_name", None)
        if method is not None and hasattr(type(field.parent), method):
            yield type(field.parent), method
        if kind not in seen:
            seen.add(kind)
            yield from ((kind, name) for name in names if hasattr(kind, name))
            options = (names for owner, names in _OPTIONS_OF_CLASSES.items() if issubclass(kind, owner))
            yield from ((kind, name) for names in options for name in names)
    # What decides a value on the model's side: compared by identity at each use.
    yield from _watched_making(model)
    for column in model._meta.concrete_fields:
        yield model, column.attname


def _watched_models(read: dict[type[Model], set[str]]) -> Iterator[tuple[Any, str]]:
    """The attributes of models: those that make an instance, and those that are read."""
    for model, names in read.items():
        yield from _watched_making(model)
        yield from ((model, name) for name in names)


def _watched_making(model: type[Model]) -> Iterator[tuple[Any, str]]:
    """What makes an instance of a model, loads it, and is its text."""
    for owner, names, _ in watch_instances(model):
        yield from ((owner, name) for name in names)
    yield from ((model, name) for name in ("__str__", *READING_METHODS))
    yield type(model._default_manager), "all"


def all_fields(serializer: Any) -> Iterator[Any]:
    """A serializer, its fields, and those of the serializers among them."""
    work = [serializer]
    while work:
        field = work.pop()
        yield field
        if isinstance(field, serializers.ListSerializer):
            work.append(field.child)
        elif isinstance(field, serializers.Serializer):
            work.extend(field.fields.values())
        elif getattr(field, "child_relation", None) is not None:
            work.append(field.child_relation)


_FIELD_METHODS = (
    *MAKING,
    "to_representation",
    "get_attribute",
    "_readable_fields",
    "enforce_timezone",
    "default_timezone",
    "quantize",
    "use_pk_only_optimization",
    "get_url",
    "_lower_if_str",
)
# Options that a class may have for all its fields, or get later. Of these classes alone: whoever makes a field changes
# `Field`, so that all of this is compared anew.
_OPTIONS_OF_CLASSES: dict[type, tuple[str, ...]] = {
    fields.BooleanField: ("FALSE_VALUES", "TRUE_VALUES"),
    fields.DateField: ("format",),
    fields.DateTimeField: ("format", "timezone"),
    fields.DecimalField: ("coerce_to_string",),
    fields.DurationField: ("format",),
    fields.TimeField: ("format",),
    relations.HyperlinkedRelatedField: ("lookup_field",),
}
if hasattr(fields, "BigIntegerField"):  # from DRF 3.17 on
    _OPTIONS_OF_CLASSES[fields.BigIntegerField] = ("coerce_to_string",)
