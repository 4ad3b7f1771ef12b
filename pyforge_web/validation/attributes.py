"""What a class has under a name, and whether it is Django's own: of models, fields and validators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db.models import ForeignKey, Model
from django.db.models.query_utils import DeferredAttribute

from pyforge_web.fields import find_attribute
from pyforge_web.stock import is_django_function

# Django's own descriptors. Reading one gives the entry of `__dict__`, and assigning to it sets that entry.
_PLAIN_DESCRIPTORS = (DeferredAttribute, ForeignKey.descriptor_class)


def intercepts_attributes(model: type[Model]) -> bool:
    """Return whether the model has its own `__setattr__` or `__getattribute__`."""
    return model.__setattr__ is not object.__setattr__ or model.__getattribute__ is not object.__getattribute__


def is_plain_attribute(model: type[Model], field: Any) -> bool:
    """Return whether the value of a field is an entry of the instance's `__dict__`, and nothing else happens."""
    return not intercepts_attributes(model) and type(find_attribute(model, field.attname)) in _PLAIN_DESCRIPTORS


def django_base(owner: type[Any], root: type[Any]) -> type[Any] | None:
    """Return the class of Django's that a class is, or that it extends without other bases.

    `root` is the class that all of them have in common. With another base behind Django's class, a `super()` in
    Django's own code may call that base.
    """
    mro = owner.__mro__
    for place, base in enumerate(mro):
        if issubclass(base, root) and base.__module__.startswith("django."):
            return base if mro[place:] == base.__mro__ else None
    return None


def find_overridden(owner: Any, base: type[Any], names: tuple[str, ...]) -> str:
    """Return the first of these attributes that is not the one of Django's class `base`; an empty text if all are."""
    key = (type(owner), base, names)
    attributes = None if _asked_classes is None else _asked_classes.get(key)
    if attributes is None:
        attributes = _read_class(*key)
        if _asked_classes is not None:
            _asked_classes[key] = attributes
    if attributes.overridden:
        return attributes.overridden
    # An instance may have a function in the place of its class's method: `field.clean = ...`.
    own = attributes.methods.intersection(vars(owner))
    return next((name for name in names if name in own), "") if own else ""


class ClassAttributes(NamedTuple):
    """What was found in a class: the first attribute that is not Django's, and the methods an instance may shadow."""

    overridden: str
    methods: frozenset[str]


def _read_class(owner: type[Any], base: type[Any], names: tuple[str, ...]) -> ClassAttributes:
    methods = set()
    for name in names:
        attribute = find_attribute(base, name)
        if find_attribute(owner, name) is not attribute:
            return ClassAttributes(name, frozenset())
        if callable(attribute) and name not in _KEPT_ON_INSTANCE:
            methods.add(name)
        # `func` is a cached_property's, `fget` a property's.
        function = getattr(attribute, "func", None) or getattr(attribute, "fget", None) or attribute
        # Also not if somebody has replaced the method on Django's class itself.
        if callable(function) and not _is_djangos_or_builtin(function):
            return ClassAttributes(name, frozenset())
    return ClassAttributes("", frozenset(methods))


# The answers about classes while all models are compiled, else None: a class may be changed later.
_asked_classes: "dict[tuple[type[Any], type[Any], tuple[str, ...]], ClassAttributes] | None" = None


@contextmanager
def remember_classes() -> Iterator[None]:
    """Ask each class once inside of the block: 300 models have the same dozen classes of fields and validators."""
    global _asked_classes
    _asked_classes = {}
    try:
        yield
    finally:
        _asked_classes = None


# Values that Django computes once and stores on the instance. `context` is the decimal context of `max_digits`.
_KEPT_ON_INSTANCE = ("validators", "context")


def _is_djangos_or_builtin(function: Any) -> bool:
    return function is object.__getattribute__ or is_django_function(function)
