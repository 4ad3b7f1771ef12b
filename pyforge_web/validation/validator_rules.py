"""The rules of Django's validators: which rule in native code does what a validator does.

Source: `django.core.validators`.
"""

import inspect
import re
from collections.abc import Callable, Container, Iterable
from hashlib import sha256
from typing import Any, NamedTuple

from django.core import validators
from django.utils.functional import SimpleLazyObject

from pyforge_web.stock import is_django_function
from pyforge_web.validation.attributes import find_overridden

# The name of a rule in native/src/rules/, and its parameters.
RuleSpec = tuple[str, tuple[Any, ...]]


def find_rule(validator: Any) -> RuleSpec | None:
    """Return the rule that does what a validator does; None if the validator must be called."""
    if inspect.isfunction(validator):
        return _FUNCTION_RULES.get(validator) if is_django_function(validator) else None
    mro = type(validator).__mro__
    # The nearest of Django's classes: a subclass that changes options alone has the rule of its base.
    place = next((place for place, cls in enumerate(mro) if cls in _VALIDATOR_RULES), None)
    if place is None or mro[place:] != mro[place].__mro__ or any(map(_has_computed_options, mro[:place])):
        return None
    known = _VALIDATOR_RULES[mro[place]]
    names = (*known.methods, "__getattribute__", "__getattr__")
    if not vars(validator).keys() <= _VALIDATOR_OPTIONS or find_overridden(validator, mro[place], names):
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


def _is_plain_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _length_rule(is_max: bool) -> Callable[[Any], RuleSpec | None]:
    def make_rule(validator: Any) -> RuleSpec | None:
        limit = validator.limit_value
        return ("length", (limit, is_max)) if _is_plain_count(limit) else None

    return make_rule


def _limit_rule(is_max: bool) -> Callable[[Any], RuleSpec | None]:
    def make_rule(validator: Any) -> RuleSpec | None:
        # Django calls such a limit at each validation. Source: `django.core.validators.BaseValidator.__call__`.
        return None if callable(validator.limit_value) else ("limit", (validator.limit_value, is_max))

    return make_rule


def _step_rule(validator: Any) -> RuleSpec | None:
    offset = 0 if validator.offset is None else validator.offset
    # Not every int above 2**53 is a float, and Django computes in floats.
    plain = all(type(number) in (int, float) and abs(number) < 2**53 for number in (validator.limit_value, offset))
    return ("step", (validator.limit_value, offset)) if plain else None


def _digits_rule(validator: Any) -> RuleSpec | None:
    limits = (validator.max_digits, validator.decimal_places)
    return ("digits", limits) if all(limit is None or _is_plain_count(limit) for limit in limits) else None


# Regexes whose ASCII part has a rule in native code.
_KNOWN_PATTERNS = {
    (r"^[-a-zA-Z0-9_]+\Z", 0): "slug",
    (r"^[-\w]+\Z", 0): "slug",
    (r"^\d+(?:,\d+)*\Z", 0): "integers",
}


def _pattern_rule(validator: Any) -> RuleSpec | None:
    # From `__dict__`: reading the attribute would compile a lazy regex.
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
    # Django's own values; native code has no others. Source: `django.core.validators.URLValidator`.
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
