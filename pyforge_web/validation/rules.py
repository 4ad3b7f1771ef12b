"""What native code may do of a field's validation: the conversion of its values, and the rules of its validators.

A field is native only if every method that validates it is Django's own, and a validator likewise. Django validates all
others: see `docs/validation.md`. Source: `django.db.models.fields`, `django.core.validators`.
"""

import inspect
import json
import re
from collections.abc import Callable, Container, Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from django.core import validators
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Field, Model
from django.utils.functional import SimpleLazyObject

from pyforge_web.conf import get_settings
from pyforge_web.fields import kind_of_class
from pyforge_web.validation.attributes import find_attribute, is_plain_attribute

# The name of a rule in native/src/rules/, and its parameters.
RuleSpec = tuple[str, tuple[Any, ...]]


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
    base = _django_base(type(field), Field)
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
    checks_choices = not isinstance(field, models.AutoField | models.BigAutoField | models.SmallAutoField)
    rules = [find_rule(validator) for validator in listed]
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
_BINARY_EMPTY_VALUES = [None, b""]
# Kinds whose values a validator may change. After one that is called, the others are called too and see what it left.
_MUTABLE_KINDS = ("array", "file", "hstore", "json")


def _django_base(owner: type[Any], root: type[Any]) -> type[Any] | None:
    """Return the class of Django's that a class is, or that it extends without other bases.

    `root` is the class that all of them have in common. With another base behind Django's class, a `super()` in
    Django's own code may call that base.
    """
    mro = owner.__mro__
    for place, base in enumerate(mro):
        if issubclass(base, root) and base.__module__.startswith("django."):
            return base if mro[place:] == base.__mro__ else None
    return None


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
    if overridden := _find_overridden(field, base, _VALIDATING_NAMES):
        return f"its {overridden} is not Django's"
    expected = _BINARY_EMPTY_VALUES if conversion == "binary" else list(validators.EMPTY_VALUES)
    if field.empty_values != expected:
        return "its empty_values are not Django's"
    if conversion == "json" and not _only_overrides_default(getattr(field, "encoder", None)):
        return "its encoder may refuse any value"
    if conversion == "integer" and not all(_is_plain_limit(validator) for validator in field._validators):
        return "a limit of its validators is not a plain number"
    return ""


def _find_overridden(owner: Any, base: type[Any], names: Iterable[str]) -> str:
    """Return the first of these attributes that is not the one of Django's class `base`; an empty text if all are."""
    own = vars(owner)
    for name in names:
        attribute = find_attribute(base, name)
        if find_attribute(type(owner), name) is not attribute:
            return name
        if callable(attribute) and name in own and name not in _KEPT_ON_INSTANCE:
            return name
        function = getattr(attribute, "func", None) or getattr(attribute, "fget", None) or attribute
        # Also not if somebody has replaced the method on Django's class itself.
        if callable(function) and not _is_djangos_or_builtin(function):
            return name
    return ""


# Values that Django computes once and stores on the instance. `context` is the decimal context of `max_digits`.
_KEPT_ON_INSTANCE = ("validators", "context")


def _is_djangos_or_builtin(function: Any) -> bool:
    if function is object.__getattribute__:
        return True
    return str(getattr(function, "__module__", "")).startswith("django.")


# What `json.JSONEncoder` does with values of JSON's own types. It calls `default` for all others.
_ENCODER_METHODS = ("__new__", "__init__", "encode", "iterencode", "__getattribute__", "__setattr__")


def _only_overrides_default(encoder: Any) -> bool:
    """Return whether an encoder treats the exact JSON types as the standard library does.

    Native code accepts only those, so that `default` is never called. Source: `JSONField.validate`.
    """
    if encoder is None or encoder is DjangoJSONEncoder:
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
    return exact and type(vars(validator).get("limit_value")) in (int, float, Decimal)


def find_rule(validator: Any) -> RuleSpec | None:
    """Return the rule that does what a validator does; None if the validator must be called."""
    if inspect.isfunction(validator):
        return _FUNCTION_RULES.get(validator)
    mro = type(validator).__mro__
    place = next((place for place, cls in enumerate(mro) if cls in _VALIDATOR_RULES), None)
    if place is None or mro[place:] != mro[place].__mro__ or any(map(_has_computed_options, mro[:place])):
        return None
    known = _VALIDATOR_RULES[mro[place]]
    names = (*known.methods, "__getattribute__", "__getattr__")
    if not vars(validator).keys() <= _VALIDATOR_OPTIONS or _find_overridden(validator, mro[place], names):
        return None
    return known.make_rule(validator)


class ValidatorRule(NamedTuple):
    """The methods that say what a validator class does, and the function that makes the rule of one validator."""

    methods: tuple[str, ...]
    make_rule: Callable[[Any], RuleSpec | None]


# What instances of Django's validators hold. Anything else may be a method that was put in the place of the class's.
_VALIDATOR_OPTIONS = {
    "_constructor_args",
    "accept_idna",
    "allowed_extensions",
    "code",
    "decimal_places",
    "domain_allowlist",
    "flags",
    "inverse_match",
    "limit_value",
    "max_digits",
    "message",
    "offset",
    "regex",
    "schemes",
}
# Options that Django's validators have on their class.
_CLASS_OPTIONS = {*_VALIDATOR_OPTIONS, "domain_regex", "max_length", "unsafe_chars", "user_regex"}


def _has_computed_options(cls: type[Any]) -> bool:
    """Return whether a subclass computes an option, as a property does: reading it would call the project's code."""
    return any(hasattr(type(vars(cls)[name]), "__get__") for name in _CLASS_OPTIONS & vars(cls).keys())


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _length_rule(is_max: bool) -> Callable[[Any], RuleSpec | None]:
    def make_rule(validator: Any) -> RuleSpec | None:
        limit = validator.limit_value
        return ("length", (limit, is_max)) if _is_count(limit) else None

    return make_rule


def _limit_rule(is_max: bool) -> Callable[[Any], RuleSpec | None]:
    def make_rule(validator: Any) -> RuleSpec | None:
        return None if callable(validator.limit_value) else ("limit", (validator.limit_value, is_max))

    return make_rule


def _step_rule(validator: Any) -> RuleSpec | None:
    offset = 0 if validator.offset is None else validator.offset
    # Not every int above 2**53 is a float, and Django computes in floats.
    plain = all(type(number) in (int, float) and abs(number) < 2**53 for number in (validator.limit_value, offset))
    return ("step", (validator.limit_value, offset)) if plain else None


def _digits_rule(validator: Any) -> RuleSpec | None:
    limits = (validator.max_digits, validator.decimal_places)
    return ("digits", limits) if all(limit is None or _is_count(limit) for limit in limits) else None


# Regexes whose ASCII part has a rule in native code.
_KNOWN_PATTERNS = {
    (r"^[-a-zA-Z0-9_]+\Z", 0): "slug",
    (r"^[-\w]+\Z", 0): "slug",
    (r"^\d+(?:,\d+)*\Z", 0): "integers",
}


def _pattern_rule(validator: Any) -> RuleSpec | None:
    regex, inverse = vars(validator)["regex"], bool(validator.inverse_match)
    known = None if inverse else _KNOWN_PATTERNS.get(_regex_source(regex))
    return (known, ()) if known else ("pattern", (regex, inverse))


def _regex_source(regex: Any) -> Any:
    """Return the text and flags of a regex that Django compiles at its first use, without compiling it.

    Compiling all of Django's validators takes 26 ms. Source: `django.utils.regex_helper._lazy_re_compile`.
    """
    flags = 0
    while type(regex) is SimpleLazyObject:
        compile_it = vars(regex)["_setupfunc"]
        if compile_it.__qualname__ != "_lazy_re_compile.<locals>._compile":
            return None
        cells = dict(zip(compile_it.__code__.co_freevars, compile_it.__closure__, strict=True))
        regex, flags = cells["regex"].cell_contents, flags | cells["flags"].cell_contents
    return (regex, flags) if type(regex) is str else None


# The patterns whose ASCII part native code knows, as the SHA-256 of their text in Django 5.2 to 6.1. A later Django, or
# a project that replaced one, has another text: then the validator is called.
_PATTERN_DIGESTS = {
    "email user": "7a5dcd2e0d524389977db419c366400046c4c38c86ea3e265a3d3a021fb553cd",
    "email domain": "1c613f8ff0e983cc88473eba8310e5a6be251d3300bafa64db33cea86362071b",
    "url": "2bdbef22c091da5fb1f5a87a98ee363813c76fe6b277b4e30d7cbef692af10c4",
    "domain": "81aaa1d4f965f5f11bbabe75161b7b3aeb9875c93057cab7d7fc87fd0927f665",
    "ascii domain": "fb600a580c132008b2c9a3fde1bd41bb1af66cfcbdb40ee5bd4569b2fcdee272",
}


def _is_known_regex(name: str, regex: Any) -> bool:
    source = _regex_source(regex)
    if source is None or source[1] != re.IGNORECASE:
        return False
    return sha256(source[0].encode()).hexdigest() == _PATTERN_DIGESTS[name]


def _email_rule(validator: Any) -> RuleSpec | None:
    users, domains = validator.user_regex, validator.domain_regex
    known = _is_known_regex("email user", users) and _is_known_regex("email domain", domains)
    return ("email", (_plain_texts(validator.domain_allowlist),)) if known else None


def _url_rule(validator: Any) -> RuleSpec | None:
    known = _is_known_regex("url", vars(validator)["regex"]) and not validator.inverse_match
    same = (validator.max_length, validator.unsafe_chars) == (2048, frozenset("\t\r\n"))
    return ("url", (_plain_texts(validator.schemes),)) if known and same else None


def _domain_rule(validator: Any) -> RuleSpec | None:
    name = "domain" if validator.accept_idna else "ascii domain"
    known = _is_known_regex(name, vars(validator)["regex"]) and not validator.inverse_match
    return ("domain", (bool(validator.accept_idna),)) if known and validator.max_length == 255 else None


def _no_null_rule(validator: Any) -> RuleSpec | None:
    return ("no_null", ())


def _extension_rule(validator: Any) -> RuleSpec | None:
    allowed = validator.allowed_extensions
    return ("extension", (None if allowed is None else _plain_texts(allowed),))


def _plain_texts(texts: Container[Any] | Iterable[Any]) -> list[str]:
    """Return the texts of exact type. Django compares with the others, which may equal anything."""
    return [text for text in texts if type(text) is str]  # type: ignore[union-attr]


_COMPARING_METHODS = ("__call__", "compare", "clean")

# The rule of each validator class. To add one: its row here, its rule in native/src/rules/, and its row in the table of
# the tests.
_VALIDATOR_RULES: dict[type[Any], ValidatorRule] = {
    validators.DecimalValidator: ValidatorRule(("__call__",), _digits_rule),
    validators.DomainNameValidator: ValidatorRule(("__call__",), _domain_rule),
    validators.EmailValidator: ValidatorRule(("__call__", "validate_domain_part"), _email_rule),
    validators.FileExtensionValidator: ValidatorRule(("__call__",), _extension_rule),
    validators.MaxLengthValidator: ValidatorRule(_COMPARING_METHODS, _length_rule(True)),
    validators.MaxValueValidator: ValidatorRule(_COMPARING_METHODS, _limit_rule(True)),
    validators.MinLengthValidator: ValidatorRule(_COMPARING_METHODS, _length_rule(False)),
    validators.MinValueValidator: ValidatorRule(_COMPARING_METHODS, _limit_rule(False)),
    validators.ProhibitNullCharactersValidator: ValidatorRule(("__call__",), _no_null_rule),
    validators.RegexValidator: ValidatorRule(("__call__",), _pattern_rule),
    validators.StepValueValidator: ValidatorRule(_COMPARING_METHODS, _step_rule),
    validators.URLValidator: ValidatorRule(("__call__",), _url_rule),
}
_FUNCTION_RULES: dict[Any, RuleSpec] = {
    validators.validate_ipv4_address: ("ip", (True, False)),
    validators.validate_ipv6_address: ("ip", (False, True)),
    validators.validate_ipv46_address: ("ip", (True, True)),
}
