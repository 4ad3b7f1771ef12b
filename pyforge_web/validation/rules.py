"""What native code may do of a field's validation: the conversion of its values, and the rules of its validators.

A field is native only if every method that validates it is Django's own, and a validator likewise. Django validates all
others: see `docs/reference/validation.md`. Source: `django.db.models.fields`.
"""

import json
from decimal import Decimal
from typing import Any, NamedTuple

from django.core import validators
from django.db import models
from django.db.models import Field, Model

from pyforge_web.conf import get_settings
from pyforge_web.fields import find_attribute, kind_of_class
from pyforge_web.stock import find_changed_encoder
from pyforge_web.validation.attributes import django_base, find_overridden, is_plain_attribute
from pyforge_web.validation.validator_rules import RuleSpec, find_rule


class FieldPlan(NamedTuple):
    """How the values of one field are validated. Native code compiles it (`native/src/validator/plan.rs`)."""

    field: Any
    # The kind whose conversion is `field.to_python`; None where Django cleans every value.
    conversion: str | None
    # `field.validators`, and for each the rule that does the same; None for a validator that is called.
    validators: list[Any] | None
    rules: list[RuleSpec | None]
    # The `id()` of the validators that have a rule.
    ruled: frozenset[int]
    checks_choices: bool
    # Whether the value is an entry of the instance's `__dict__`, and assigning it only sets that entry.
    direct: bool
    # Whether None is skipped where the field may be blank, though Django cleans all other values.
    none_is_empty: bool
    item: "FieldPlan | None"
    reason: str


def plan_field(field: "Field[Any, Any]", model: type[Model]) -> FieldPlan:
    """Return how the values of a field are validated. Never raises: Django validates what cannot be planned."""
    direct = is_plain_attribute(model, field)
    try:
        return _plan_native(field, direct)
    except Exception as error:  # a bad regex, limits that cannot be compared: Django raises it in `clean`
        return _plan_django(field, direct, f"its validators cannot be read: {type(error).__name__}: {error}")


def _plan_native(field: "Field[Any, Any]", direct: bool) -> FieldPlan:
    base = django_base(type(field), Field)
    conversion = "binary" if base is models.BinaryField else kind_of_class(base)
    if reason := _fallback_reason(field, base, conversion):
        return _plan_django(field, direct, reason)
    item = None
    if conversion == "array":
        item = _plan_native(field.base_field, direct)  # type: ignore[attr-defined]
        if item.conversion in (None, "array") or None in item.rules:
            return _plan_django(field, direct, f"its items: {item.reason or 'their own validators are called'}")
    listed: list[Any] = field.validators
    if type(listed) is not list:
        return _plan_django(field, direct, "its validators are not a list")
    # `AutoFieldMixin.validate` does nothing: an automatic key has no choices, null or blank.
    checks_choices = not isinstance(field, models.AutoField | models.BigAutoField | models.SmallAutoField)
    rules = [find_rule(validator) for validator in listed]
    # The rule of that validator is also what notices NaN, which `to_python` returns.
    if conversion == "decimal" and not any(rule and rule[0] == "digits" for rule in rules):
        return _plan_django(field, direct, "its DecimalValidator was removed")
    if conversion in _MUTABLE_KINDS and None in rules:
        if conversion == "array":
            return _plan_django(field, direct, "a validator in Python may change the list before its items are checked")
        called = rules.index(None)
        rules[called:] = [None] * len(rules[called:])
    pairs = list(zip(listed, rules, strict=True))
    # The same validator object may be listed twice: it is called if one of the two has no rule.
    ruled = frozenset(id(validator) for validator, rule in pairs if rule) - {id(v) for v, rule in pairs if not rule}
    return FieldPlan(field, conversion, listed, rules, ruled, checks_choices, direct, True, item, "")


def _plan_django(field: "Field[Any, Any]", direct: bool, reason: str) -> FieldPlan:
    # None is empty for Django, unless a field says otherwise: on its class, or on itself.
    own = find_attribute(type(field), "empty_values") is not Field.empty_values or "empty_values" in vars(field)
    return FieldPlan(field, None, None, [], frozenset(), False, direct, not own, None, reason)


# All that decides what `Field.clean` does with a value, besides the options of the field.
_VALIDATING_NAMES = (
    "clean",
    "to_python",
    "validate",
    "run_validators",
    "validators",
    "get_internal_type",
    "choices",
    "context",
    "__getattribute__",
    "__getattr__",
    # Options, which a class may compute as a property.
    "blank",
    "decimal_places",
    "decoder",
    "editable",
    "empty_values",
    "error_messages",
    "flatchoices",
    "max_digits",
    "max_length",
    "null",
    "protocol",
    "unpack_ipv4",
)
# Source: `django.db.models.fields.BinaryField.empty_values`.
_BINARY_EMPTY_VALUES = [None, b""]
# Kinds whose values a validator may change. After one that is called, the others are called too and see what it left.
_MUTABLE_KINDS = ("array", "file", "hstore", "json")


def _fallback_reason(field: Any, base: type[Any] | None, conversion: str | None) -> str:
    """Return why Django cleans every value of a field; an empty text if native code may do it."""
    if not get_settings()["NATIVE"]:
        return "the setting NATIVE is off"
    if field.generated:
        return "the database computes it"
    if field.is_relation:
        return "its target is looked up in the database"
    if base is None or conversion in (None, "refused") or base is models.IPAddressField:
        return f"{type(field).__name__} is not a field class of Django's that native code knows"
    if overridden := find_overridden(field, base, _VALIDATING_NAMES):
        return f"its {overridden} is not Django's"
    expected = _BINARY_EMPTY_VALUES if conversion == "binary" else list(validators.EMPTY_VALUES)
    # By value: Django's own list may be copied by a field, and may have been added to.
    if field.empty_values != expected:
        return "its empty_values are not Django's"
    if conversion == "json" and not _only_overrides_default(getattr(field, "encoder", None)):
        return "its encoder may refuse any value"
    if conversion == "integer" and not all(_is_plain_limit(validator) for validator in field._validators):
        return "a limit of its validators is not a plain number"
    return ""


# What `json.JSONEncoder` does with values of JSON's own types. It calls `default` for all others.
_ENCODER_METHODS = ("__new__", "__init__", "encode", "iterencode", "__getattribute__", "__setattr__")


def _only_overrides_default(encoder: Any) -> bool:
    """Return whether an encoder treats the exact JSON types as the standard library does.

    Native code accepts only those, so that `default` is never called. Source: `JSONField.validate`.
    """
    if find_changed_encoder() is not None:  # a method put into the classes themselves, for the whole process
        return False
    if encoder is None:
        return True
    if type(encoder) is not type or not issubclass(encoder, json.JSONEncoder):
        return False
    return all(
        find_attribute(encoder, name) is find_attribute(json.JSONEncoder, name) for name in _ENCODER_METHODS
    ) and not hasattr(encoder, "__getattr__")


def _is_plain_limit(validator: Any) -> bool:
    """Return whether an integer field, which compares limits, can read its validators without the project's code."""
    if not isinstance(validator, validators.MinValueValidator | validators.MaxValueValidator):
        return True
    exact = type(validator) in (validators.MinValueValidator, validators.MaxValueValidator)
    limit = vars(validator).get("limit_value")
    # Reading the validators compares it: a Decimal NaN raises at the first time alone, which is for Django.
    return exact and (type(limit) in (int, float) or (type(limit) is Decimal and not limit.is_nan()))
