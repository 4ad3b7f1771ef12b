"""What of a field's validation Rust may do: the conversions of Django's fields, the rules of its validators.

A field is claimed only if its class is Django's own and nothing of it was replaced; a validator likewise. All else
stays Django's: see `docs/validation.md`. Source: `django.db.models.fields`, `django.core.validators`.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from django.core import validators
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Field, Model
from django.db.models.query_utils import DeferredAttribute
from django.utils.functional import SimpleLazyObject

from pyforge_web.fields import kind_of

_Rule = tuple[str, tuple[Any, ...]]


class FieldPlan(NamedTuple):
    """How the values of a field are validated; native code compiles it (`native/src/validator/plan.rs`)."""

    field: Any
    # The kind whose conversion is `field.to_python`; None where Django cleans every value.
    conversion: str | None
    # `field.validators`, and for each the rule that says the same; None for one that is called.
    validators: list[Any] | None
    rules: list[_Rule | None]
    # The `id()` of those with a rule.
    ruled: frozenset[int]
    checks_choices: bool
    # Whether the value stands in the instance's `__dict__`, and assigning it only puts it there.
    direct: bool
    # Whether a None that may be blank is skipped, though the field is Django's.
    none_is_empty: bool
    item: "FieldPlan | None"
    reason: str


def plan(field: "Field[Any, Any]", model: type[Model]) -> FieldPlan:
    """How the values of a field of a model are validated. Never raises: what cannot be planned is Django's."""
    direct = _is_direct(field, model)
    try:
        return _plan(field, direct)
    except Exception as error:  # a bad regex, limits that cannot be compared: Django raises it in `clean`
        return _leave(field, direct, f"its validators cannot be read: {type(error).__name__}: {error}")


def _plan(field: "Field[Any, Any]", direct: bool) -> FieldPlan:
    conversion = "binary" if type(field) is models.BinaryField else kind_of(field)
    if reason := _why_django(field, conversion):
        return _leave(field, direct, reason)
    item = None
    if conversion == "array":
        item = _plan(field.base_field, direct)  # type: ignore[attr-defined]
        if item.conversion in (None, "array") or None in item.rules:
            return _leave(field, direct, f"its items: {item.reason or 'their own validators are called'}")
    listed: list[Any] = field.validators
    if not _is_exact(listed, list):
        return _leave(field, direct, "its validators are no list")
    checks_choices = not isinstance(field, models.AutoField | models.BigAutoField | models.SmallAutoField)
    rules = [find_rule(validator) for validator in listed]
    if conversion == "decimal" and not any(rule and rule[0] == "digits" for rule in rules):
        return _leave(field, direct, "its DecimalValidator was taken out")
    if conversion in _MUTABLE and None in rules:
        if conversion == "array":
            return _leave(field, direct, "a validator that is called may change the list before its items are judged")
        called = rules.index(None)
        rules[called:] = [None] * len(rules[called:])
    pairs = list(zip(listed, rules, strict=True))
    ruled = frozenset(id(validator) for validator, rule in pairs if rule) - {id(v) for v, rule in pairs if not rule}
    return FieldPlan(field, conversion, listed, rules, ruled, checks_choices, direct, True, item, "")


def _leave(field: "Field[Any, Any]", direct: bool, reason: str) -> FieldPlan:
    none_is_empty = _find(type(field), "empty_values") is Field.empty_values and "empty_values" not in vars(field)
    return FieldPlan(field, None, None, [], frozenset(), False, direct, none_is_empty, None, reason)


# What a field's validation consists of; whoever replaces one of them is asked.
_FIELD = ("clean", "to_python", "validate", "run_validators", "validators", "get_internal_type", "choices")
_EMPTY = {"binary": [None, b""]}
# Kinds whose values a validator may change: the validators behind it are called too, and see what it left.
_MUTABLE = ("array", "file", "hstore", "json")


def _why_django(field: Any, conversion: str | None) -> str:
    """Why Django cleans every value of a field; empty if it need not."""
    if field.generated:
        return "the database computes it"
    if field.is_relation:
        return "its target is looked up in the database"
    if conversion in (None, "refused") or type(field) is models.IPAddressField:
        return f"{type(field).__name__} is no field class of Django's that Rust knows"
    if replaced := _replaced(field, _FIELD):
        return f"its {replaced} is not Django's"
    if field.empty_values != _EMPTY.get(conversion or "", list(validators.EMPTY_VALUES)):
        return "its empty_values are not Django's"
    if conversion == "json" and getattr(field, "encoder", None) not in (None, DjangoJSONEncoder):
        return "its encoder may refuse anything"
    if conversion == "integer" and not all(_is_plain_limit(validator) for validator in field._validators):
        return "a limit of its validators is no plain number"
    return ""


def _is_plain_limit(validator: Any) -> bool:
    """Whether an integer field, which compares limits, can be asked for its validators without a project's code."""
    if not isinstance(validator, validators.MinValueValidator | validators.MaxValueValidator):
        return True
    exact = type(validator) in (validators.MinValueValidator, validators.MaxValueValidator)
    return exact and _is_exact(vars(validator).get("limit_value"), int, float, Decimal)


def _replaced(owner: Any, names: Iterable[str]) -> str:
    """The first of these attributes that is not Django's own; empty if all are."""
    own = vars(owner)
    for name in names:
        found = _find(type(owner), name)
        found = getattr(found, "func", None) or getattr(found, "fget", None) or found
        if not getattr(found, "__module__", "").startswith("django.") or (name in own and name != "validators"):
            return name
    return ""


def _is_direct(field: "Field[Any, Any]", model: type[Model]) -> bool:
    plain = model.__setattr__ is object.__setattr__ and model.__getattribute__ is object.__getattribute__
    return plain and type(_find(model, field.attname)) is DeferredAttribute


def _find(owner: type[Any], name: str) -> Any:
    """What the class has under a name: `inspect.getattr_static`, in a tenth of its time."""
    return next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)


def find_rule(validator: Any) -> _Rule | None:
    """The rule that says what a validator says; None if only the validator itself can say it."""
    if inspect.isfunction(validator):
        return _FUNCTIONS.get(validator)
    row = _VALIDATORS.get(type(validator)) or _VALIDATORS.get(_postgres_base(type(validator)))
    if row is None or not vars(validator).keys() <= _ATTRIBUTES or _replaced(validator, row.methods):
        return None
    return row.rule(validator)


class _Row(NamedTuple):
    methods: tuple[str, ...]
    rule: Callable[[Any], _Rule | None]


# What the instances of Django's validators hold; anything else may be a method that was put in its place.
_ATTRIBUTES = {
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


def _postgres_base(found: type[Any]) -> Any:
    """The validators of arrays only word their errors otherwise."""
    path = f"{found.__module__}.{found.__qualname__}"
    base, name = found.__base__, path.removeprefix("django.contrib.postgres.validators.")
    return base if name in ("ArrayMaxLengthValidator", "ArrayMinLengthValidator") else None


def _is_exact(value: object, *classes: type[Any]) -> bool:
    return type(value) in classes


def _is_count(value: Any) -> bool:
    return _is_exact(value, int) and 0 <= value < 2**53


def _length(is_max: bool) -> Callable[[Any], _Rule | None]:
    def rule(validator: Any) -> _Rule | None:
        limit = validator.limit_value
        return ("length", (limit, is_max)) if _is_count(limit) else None

    return rule


def _bound(is_max: bool) -> Callable[[Any], _Rule | None]:
    def rule(validator: Any) -> _Rule | None:
        return None if callable(validator.limit_value) else ("limit", (validator.limit_value, is_max))

    return rule


def _step(validator: Any) -> _Rule | None:
    offset = 0 if validator.offset is None else validator.offset
    # Above 2**53 not every int is a float, which is what Django reckons in.
    plain = all(_is_exact(number, int, float) and abs(number) < 2**53 for number in (validator.limit_value, offset))
    return ("step", (validator.limit_value, offset)) if plain else None


def _digits(validator: Any) -> _Rule | None:
    limits = (validator.max_digits, validator.decimal_places)
    return ("digits", limits) if all(limit is None or _is_count(limit) for limit in limits) else None


_PATTERNS = {
    (r"^[-a-zA-Z0-9_]+\Z", 0): "slug",
    (r"^[-\w]+\Z", 0): "slug",  # its ASCII part
    (r"^\d+(?:,\d+)*\Z", 0): "integers",
}


def _pattern(validator: Any) -> _Rule | None:
    regex, inverse = vars(validator)["regex"], bool(validator.inverse_match)
    known = None if inverse else _PATTERNS.get(_source(regex))
    return (known, ()) if known else ("pattern", (regex, inverse))


def _source(regex: Any) -> Any:
    """The text and flags of a regex that Django compiles when it is first used, without compiling it."""
    flags = 0
    while type(regex) is SimpleLazyObject:
        compile_it = vars(regex)["_setupfunc"]
        if compile_it.__qualname__ != "_lazy_re_compile.<locals>._compile":
            return None
        cells = dict(zip(compile_it.__code__.co_freevars, compile_it.__closure__, strict=True))
        regex, flags = cells["regex"].cell_contents, flags | cells["flags"].cell_contents
    return (regex, flags) if _is_exact(regex, str) else None


# The patterns whose ASCII part native code knows (SHA-256 of the text, of Django 5.2 to 6.1). Another text, of a later
# Django or of a project that replaced it, leaves the validator to Django.
_KNOWN = {
    "email user": "7a5dcd2e0d524389977db419c366400046c4c38c86ea3e265a3d3a021fb553cd",
    "email domain": "1c613f8ff0e983cc88473eba8310e5a6be251d3300bafa64db33cea86362071b",
    "url": "2bdbef22c091da5fb1f5a87a98ee363813c76fe6b277b4e30d7cbef692af10c4",
    "domain": "81aaa1d4f965f5f11bbabe75161b7b3aeb9875c93057cab7d7fc87fd0927f665",
    "ascii domain": "fb600a580c132008b2c9a3fde1bd41bb1af66cfcbdb40ee5bd4569b2fcdee272",
}


def _is_known(name: str, regex: Any) -> bool:
    source = _source(regex)
    return source is not None and source[1] == re.IGNORECASE and _digest(source[0]) == _KNOWN[name]


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _email(validator: Any) -> _Rule | None:
    known = _is_known("email user", validator.user_regex) and _is_known("email domain", validator.domain_regex)
    return ("email", (_texts(validator.domain_allowlist),)) if known else None


def _url(validator: Any) -> _Rule | None:
    known = _is_known("url", vars(validator)["regex"]) and not validator.inverse_match
    same = (validator.max_length, validator.unsafe_chars) == (2048, frozenset("\t\r\n"))
    return ("url", (_texts(validator.schemes),)) if known and same else None


def _domain(validator: Any) -> _Rule | None:
    name = "domain" if validator.accept_idna else "ascii domain"
    known = _is_known(name, vars(validator)["regex"]) and not validator.inverse_match
    return ("domain", (bool(validator.accept_idna),)) if known and validator.max_length == 255 else None


def _no_null(validator: Any) -> _Rule | None:
    return ("no_null", ())


def _extension(validator: Any) -> _Rule | None:
    allowed = validator.allowed_extensions
    return ("extension", (None if allowed is None else _texts(allowed),))


def _texts(texts: Iterable[Any]) -> list[str]:
    """Those of exact type: an object that is equal to anything is for Django to meet."""
    return [text for text in texts if _is_exact(text, str)]


_CALL = ("__call__",)
_COMPARE = ("__call__", "compare", "clean")

# The rule of each validator class, by the class itself, and the methods that say what it does. To add one: its row
# here, its rule in native/src/rules/, its row in the tests' table.
_VALIDATORS: dict[type[Any], _Row] = {
    validators.DecimalValidator: _Row(_CALL, _digits),
    validators.DomainNameValidator: _Row(_CALL, _domain),
    validators.EmailValidator: _Row(("__call__", "validate_domain_part"), _email),
    validators.FileExtensionValidator: _Row(_CALL, _extension),
    validators.MaxLengthValidator: _Row(_COMPARE, _length(True)),
    validators.MaxValueValidator: _Row(_COMPARE, _bound(True)),
    validators.MinLengthValidator: _Row(_COMPARE, _length(False)),
    validators.MinValueValidator: _Row(_COMPARE, _bound(False)),
    validators.ProhibitNullCharactersValidator: _Row(_CALL, _no_null),
    validators.RegexValidator: _Row(_CALL, _pattern),
    validators.StepValueValidator: _Row(("__call__", "compare", "clean"), _step),
    validators.URLValidator: _Row(_CALL, _url),
}
_FUNCTIONS: dict[Any, _Rule] = {
    validators.validate_ipv4_address: ("ip", (True, False)),
    validators.validate_ipv6_address: ("ip", (False, True)),
    validators.validate_ipv46_address: ("ip", (True, True)),
}
