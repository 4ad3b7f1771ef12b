"""Serializers whose fields are decided by their class alone, so that a plan can be kept for all of them."""

import sys
from collections.abc import Iterable
from types import FunctionType
from typing import Any

from rest_framework import serializers

# What decides the fields of a serializer, and what an instance may have of its own.
HOOKS = (
    "_get_model_fields",
    "build_field",
    "build_nested_field",
    "build_property_field",
    "build_relational_field",
    "build_standard_field",
    "build_unknown_field",
    "build_url_field",
    "fields",
    "get_default_field_names",
    "get_extra_kwargs",
    "get_field_names",
    "get_fields",
    "get_unique_together_constraints",
    "get_unique_together_validators",
    "get_uniqueness_extra_kwargs",
    "include_extra_kwargs",
    "serializer_choice_field",
    "serializer_field_mapping",
    "serializer_related_field",
    "serializer_related_to_field",
    "serializer_url_field",
)
OWN_NAMES = frozenset({*HOOKS, "Meta", "_declared_fields", "to_representation", "_readable_fields", "url_field_name"})
_STANDARDS = (serializers.Serializer, serializers.ModelSerializer, serializers.HyperlinkedModelSerializer)


# What makes a field, and binds it to its serializer: DRF makes all of them anew for each serializer.
MAKING = ("__new__", "__init__", "__deepcopy__", "__getattr__", "__getattribute__", "bind")
_METHOD_KINDS = (FunctionType, classmethod, staticmethod)


def is_fixed(serializer: Any) -> bool:
    """Whether another serializer of this class would have the same fields, whatever its context is."""
    if not own_names(serializer).isdisjoint(vars(serializer)):
        return False
    return _is_fixed_class(type(serializer)) and all(
        _is_fixed_field(field) for field in serializer._declared_fields.values()
    )


def own_names(serializer: Any) -> frozenset[str]:
    """Return what an instance of this class must not have of its own, so that it is as all others: methods, too."""
    declared = serializer._declared_fields.items()
    methods = (field.method_name or f"get_{name}" for name, field in declared if hasattr(field, "method_name"))
    return OWN_NAMES.union(methods)


def _is_fixed_class(kind: Any) -> bool:
    return all(_is_standard_hook(kind, name) for name in HOOKS)


def _is_standard_hook(kind: Any, name: str) -> bool:
    own = getattr(kind, name, None)
    return any(own is getattr(standard, name, None) for standard in _STANDARDS)


def _is_fixed_field(field: Any) -> bool:
    if isinstance(field, serializers.ListSerializer):
        field = field.child
    if isinstance(field, serializers.Serializer):
        return is_fixed(field)
    choices = field._kwargs.get("choices")
    return choices is None or type(choices) in (list, tuple, dict)


def are_made_alike(fields: Iterable[Any]) -> bool:
    """Whether fields of these classes have the same options in each serializer: none is made by code of a project."""
    return not any(map(_has_own_options, fields))


def _has_own_options(field: Any) -> bool:
    """Whether a project's code may decide an option when the field is made, bound or read."""
    is_serializer = isinstance(field, serializers.BaseSerializer)  # HOOKS are all that decides its fields
    for owner in type(field).__mro__[:-1]:
        if _is_drfs(owner):
            continue
        for name, value in vars(owner).items():
            if name in MAKING or not (
                is_serializer or isinstance(value, _METHOD_KINDS) or not hasattr(value, "__get__")
            ):
                return True
    return False


def _is_drfs(kind: type) -> bool:
    """Whether DRF's module has this class: one that `type()` makes is said to be of DRF's module, too."""
    module = kind.__module__
    return module.startswith("rest_framework.") and getattr(sys.modules.get(module), kind.__name__, None) is kind
