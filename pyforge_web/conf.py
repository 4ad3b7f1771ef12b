"""The settings: one dict, `PYFORGE_WEB`, in which every key has a default; and the sections of the docs for errors."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from inspect import iscoroutinefunction
from sys import maxsize
from typing import Any, Literal, TypedDict, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

from pyforge_web._native import set_native

Nan = Literal["raise", "null"]
# How datetimes and times are written: as Django, as `isoformat()`, or so in the current time zone.
Dates = Literal["django", "iso", "local"]

DEFAULT_DOCS_URL = "https://pyforge-web.readthedocs.io/en/stable/"

# The sections of `docs/reference/errors.md` that errors lead to, by their anchors without `error-`.
ErrorTopic = Literal[
    "argument",
    "bad-request",
    "batch",
    "body",
    "changed",
    "circular",
    "column-not-read",
    "compiled",
    "debug-toolbar",
    "depth",
    "descriptors",
    "dict-key",
    "explain",
    "expression",
    "field",
    "fields",
    "fields-data",
    "fields-required",
    "foreign-value",
    "html",
    "key-names",
    "model-changed",
    "nan",
    "native-core",
    "native-rows",
    "not-loaded",
    "not-serializable",
    "payload",
    "prepared",
    "request-body",
    "row-length",
    "rows",
    "safe",
    "schema-fallback",
    "secret-columns",
    "stream",
    "template-tag",
    "testing",
    "too-big",
    "validate-many",
    "validator",
]
Raised = TypeVar("Raised", bound=Exception)


class PanelLimits(TypedDict):
    """Every key of `PYFORGE_WEB["PANEL"]`: from which number on the panel warns, and what it keeps."""

    SIMILAR_CALLS: int
    CALLBACKS: int
    INLINE_BYTES: int
    COMPARE_BYTES: int


class Settings(TypedDict):
    """Every key of `PYFORGE_WEB`; `docs/reference/settings.md` has a section for each."""

    DATES: Dates
    DJANGO_BYTES: bool
    DOCS_URL: str
    EDITOR_URL: str
    KEYS: Literal["camel"] | Callable[[str], str] | None
    NAN: Nan
    NATIVE: bool
    PANEL: PanelLimits
    PRECOMPILE: Literal["all", "off"] | tuple[str, ...]
    PUBLIC_FIELDS: tuple[str, ...]
    REST_FRAMEWORK: bool
    SENSITIVE_FIELDS: tuple[str, ...]
    SERVER_TIMING: Callable[[HttpRequest], object] | None
    SQL_CACHE: bool
    SQL_CACHE_CHECK: int
    TYPES: dict[str, str]


DEFAULTS: Settings = {
    "DATES": "django",
    "DJANGO_BYTES": False,
    "DOCS_URL": DEFAULT_DOCS_URL,
    "EDITOR_URL": "",
    "KEYS": None,
    "NAN": "raise",
    "NATIVE": True,
    "PANEL": {"SIMILAR_CALLS": 10, "CALLBACKS": 50, "INLINE_BYTES": 100_000, "COMPARE_BYTES": 1_000_000},
    "PRECOMPILE": "all",
    "PUBLIC_FIELDS": (),
    "REST_FRAMEWORK": False,
    "SENSITIVE_FIELDS": (),
    "SERVER_TIMING": None,
    "SQL_CACHE": False,
    "SQL_CACHE_CHECK": 1000,
    "TYPES": {},
}


def docs_url(page: str, anchor: str = "") -> str:
    """Return the address of a page of the reference, or an empty text if `DOCS_URL` is empty."""
    # Not from `get_settings()`, which raises for wrong settings: its errors and the system checks need an address.
    try:
        given: Any = getattr(settings, "PYFORGE_WEB", {})
    except ImproperlyConfigured:  # no settings at all
        given = {}
    base = given.get("DOCS_URL") if isinstance(given, dict) else None
    base = base if isinstance(base, str) else DEFAULT_DOCS_URL
    return f"{base.rstrip('/')}/reference/{page}.html{'#' if anchor else ''}{anchor}" if base else ""


def with_docs(error: Raised, topic: ErrorTopic) -> Raised:
    """Return the error with a note that has the address of its section in the documentation.

    A note, because tracebacks and Django's debug page show it, and the text of the error stays Django's.
    """
    if address := docs_url("errors", f"error-{topic}"):
        error.add_note(f"See {address}")
    return error


@cache
def get_settings() -> Settings:
    """What the project says in `PYFORGE_WEB`, over the defaults.

    Raises `ImproperlyConfigured` for a key that does not exist and for a value of the wrong type.
    """
    # Cached, because every response asks. `follow_settings` below forgets it when a test overrides the setting.
    given: Any = getattr(settings, "PYFORGE_WEB", {})
    if not isinstance(given, dict):
        raise refuse_setting(
            f"PYFORGE_WEB must be a dict such as {{'NAN': 'null'}}, not {type(given).__name__}; "
            "leave the setting out to keep every default."
        )
    # A misspelled key would be a setting that nobody obeys.
    if unknown := sorted(set(given) - set(DEFAULTS), key=str):
        raise refuse_setting(
            f"PYFORGE_WEB has no key {', '.join(map(repr, unknown))}; it has {', '.join(map(repr, DEFAULTS))}."
        )
    merged = {**DEFAULTS, **given}
    for key, (is_valid, requirement) in _REQUIREMENTS.items():
        if not is_valid(merged[key]):
            raise refuse_setting(f"PYFORGE_WEB[{key!r}] must be {requirement}.", key)
    # Tuples: a list of the project that changes later changes nothing here.
    for key in ("PRECOMPILE", "PUBLIC_FIELDS", "SENSITIVE_FIELDS"):
        merged[key] = merged[key] if isinstance(merged[key], str) else tuple(merged[key])
    merged["SERVER_TIMING"] = _import_function("SERVER_TIMING", merged["SERVER_TIMING"])
    if merged["KEYS"] != "camel":
        merged["KEYS"] = _import_function("KEYS", merged["KEYS"])
    merged["PANEL"] = _panel(merged["PANEL"])
    return cast(Settings, merged)


def check_limit(name: str, most: Any, least: int = 0) -> int | None:
    """Return an argument that limits something; None is no limit.

    Raises `TypeError` for anything but a whole number, and `ValueError` below `least`.
    """
    if most is not None and type(most) is not int:  # True is an int in Python, and never a number here
        raise with_docs(TypeError(f"{name}= must be a whole number, not {most!r}"), "argument")
    if most is not None and most < least:
        raise with_docs(ValueError(f"{name}= must be {least} or more, not {most}"), "argument")
    return None if most is None else min(most, maxsize)


def refuse_setting(message: str, key: str = "") -> ImproperlyConfigured:
    """Return the error for the setting, with the address of the section about a key."""
    address = docs_url("settings", f"setting-{key.lower().replace('_', '-')}" if key else "")
    return ImproperlyConfigured(f"{message} See {address}" if address else message)


def _is_editor_url(value: object) -> bool:
    """Return whether a value has places for a file and a line, and no others."""
    try:
        return isinstance(value, str) and (not value or "/f:7" in value.format(file="/f", line=7) or "{file}" in value)
    except (IndexError, KeyError, ValueError):
        return False


def _is_of_types(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def _are_names(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(isinstance(name, str) for name in value)


def _is_check_interval(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_public_fields(value: Any) -> bool:
    return _are_names(value) and all(path.count(".") == 2 for path in value)


# What the value of a key must be: a test, and the words for the error. `PANEL`, `SERVER_TIMING` and `KEYS` have
# functions.
_REQUIREMENTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "DATES": (lambda value: value in ("django", "iso", "local"), "'django', 'iso' or 'local'"),
    "DJANGO_BYTES": (lambda value: isinstance(value, bool), "True or False"),
    "DOCS_URL": (lambda value: isinstance(value, str), "the base address of the documentation, or ''"),
    "EDITOR_URL": (_is_editor_url, "'', or an address like 'vscode://file{file}:{line}'"),
    "NAN": (lambda value: value in ("raise", "null"), "'raise' or 'null'"),
    "NATIVE": (lambda value: isinstance(value, bool), "True or False"),
    "PRECOMPILE": (
        lambda value: value in ("all", "off") or _are_names(value),
        "'all', 'off', or a list like ['app.Model']",
    ),
    "PUBLIC_FIELDS": (_is_public_fields, "a list like ['app.Model.field']"),
    "REST_FRAMEWORK": (lambda value: isinstance(value, bool), "True or False"),
    "SENSITIVE_FIELDS": (_are_names, "a list of field names"),
    "SQL_CACHE": (lambda value: isinstance(value, bool), "True or False"),
    "SQL_CACHE_CHECK": (_is_check_interval, "a whole number, 1 or more"),
    "TYPES": (_is_of_types, "a dict like {'phonenumber_field.phonenumber.PhoneNumber': 'str'}"),
}


def _panel(given: Any) -> dict[str, int]:
    """The numbers of `PANEL`, over the defaults."""
    defaults = cast(dict[str, int], DEFAULTS["PANEL"])
    if not isinstance(given, dict) or set(given) - set(defaults):
        raise refuse_setting(f"PYFORGE_WEB['PANEL'] must be a dict of {', '.join(map(repr, defaults))}.", "PANEL")
    for key, number in given.items():
        # True is an int in Python, and never a number here.
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise refuse_setting(f"PYFORGE_WEB['PANEL'][{key!r}] must be a whole number, 0 or more.", "PANEL")
    return {**defaults, **given}


def _import_function(key: str, given: Any) -> Any:
    """Return the function behind a setting, which may be its dotted path; None for none."""
    try:
        function = import_string(given) if isinstance(given, str) else given
    except ImportError as error:
        raise refuse_setting(f"PYFORGE_WEB[{key!r}]: {error}.", key) from error
    # They are called by synchronous code, where a coroutine would never be awaited.
    if function is not None and (not callable(function) or iscoroutinefunction(function)):
        needs, style = ("that is given the request", "") if key == "SERVER_TIMING" else ("of a name", "'camel', ")
        raise refuse_setting(
            f"PYFORGE_WEB[{key!r}] must be None, {style}a function {needs}, or its dotted path; "
            "not a coroutine function.",
            key,
        )
    return function


def apply_native() -> None:
    """Tell native code what `NATIVE` says: `dumps` is a native function, and reads no settings.

    Settings that cannot be read change nothing: who reads them is told, and so is who runs the checks.
    """
    with suppress(ImproperlyConfigured):
        set_native(get_settings()["NATIVE"])


def follow_settings(*, setting: str, **kwargs: object) -> None:
    """Receive `setting_changed`, which `override_settings` sends."""
    if setting == "PYFORGE_WEB":
        get_settings.cache_clear()
        apply_native()


setting_changed.connect(follow_settings, dispatch_uid="pyforge_web.conf")
