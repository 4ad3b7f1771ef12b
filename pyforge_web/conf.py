"""The settings: one dict, `PYFORGE_WEB`, in which every key has a default."""

from collections.abc import Callable
from functools import cache
from inspect import iscoroutinefunction
from typing import Any, Literal, TypedDict, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

Nan = Literal["raise", "null"]


class Panel(TypedDict):
    """Every key of `PYFORGE_WEB["PANEL"]`: from which number on the panel warns, and what it keeps."""

    SIMILAR_CALLS: int
    CALLBACKS: int
    INLINE_BYTES: int
    COMPARE_BYTES: int


class Settings(TypedDict):
    """Every key of `PYFORGE_WEB`; `docs/settings.md` has a row for each."""

    DJANGO_BYTES: bool
    NAN: Nan
    PANEL: Panel
    PRECOMPILE: Literal["all", "off"] | tuple[str, ...]
    PUBLIC_FIELDS: tuple[str, ...]
    SENSITIVE_FIELDS: tuple[str, ...]
    SERVER_TIMING: Callable[[HttpRequest], object] | None


DEFAULTS: Settings = {
    "DJANGO_BYTES": False,
    "NAN": "raise",
    "PANEL": {"SIMILAR_CALLS": 10, "CALLBACKS": 50, "INLINE_BYTES": 100_000, "COMPARE_BYTES": 1_000_000},
    "PRECOMPILE": "all",
    "PUBLIC_FIELDS": (),
    "SENSITIVE_FIELDS": (),
    "SERVER_TIMING": None,
}


@cache
def get_settings() -> Settings:
    """What the project says in `PYFORGE_WEB`, over the defaults.

    Raises `ImproperlyConfigured` for a key that does not exist and for a value of the wrong type.
    """
    given: Any = getattr(settings, "PYFORGE_WEB", {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured(
            f"PYFORGE_WEB must be a dict such as {{'NAN': 'null'}}, not {type(given).__name__}; "
            "leave the setting out to keep every default."
        )
    if unknown := sorted(set(given) - set(DEFAULTS), key=str):
        raise ImproperlyConfigured(
            f"PYFORGE_WEB has no key {', '.join(map(repr, unknown))}; it has {', '.join(map(repr, DEFAULTS))}."
        )
    merged = {**DEFAULTS, **given}
    if not isinstance(merged["DJANGO_BYTES"], bool):
        raise ImproperlyConfigured("PYFORGE_WEB['DJANGO_BYTES'] must be True or False.")
    if merged["NAN"] not in ("raise", "null"):
        raise ImproperlyConfigured("PYFORGE_WEB['NAN'] must be 'raise' or 'null'.")
    if not _are_names(merged["SENSITIVE_FIELDS"]):
        raise ImproperlyConfigured("PYFORGE_WEB['SENSITIVE_FIELDS'] must be a list of field names.")
    if not _are_names(merged["PUBLIC_FIELDS"]) or not all(path.count(".") == 2 for path in merged["PUBLIC_FIELDS"]):
        raise ImproperlyConfigured("PYFORGE_WEB['PUBLIC_FIELDS'] must be a list like ['app.Model.field'].")
    if merged["PRECOMPILE"] not in ("all", "off"):
        if not _are_names(merged["PRECOMPILE"]):
            raise ImproperlyConfigured("PYFORGE_WEB['PRECOMPILE'] must be 'all', 'off', or a list like ['app.Model'].")
        merged["PRECOMPILE"] = tuple(merged["PRECOMPILE"])
    merged["PUBLIC_FIELDS"] = tuple(merged["PUBLIC_FIELDS"])
    merged["SENSITIVE_FIELDS"] = tuple(merged["SENSITIVE_FIELDS"])
    merged["SERVER_TIMING"] = _function(merged["SERVER_TIMING"])
    merged["PANEL"] = _panel(merged["PANEL"])
    return cast(Settings, merged)


def _are_names(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(isinstance(name, str) for name in value)


def _panel(given: Any) -> dict[str, int]:
    """The numbers of `PANEL`, over the defaults."""
    defaults = cast(dict[str, int], DEFAULTS["PANEL"])
    if not isinstance(given, dict) or set(given) - set(defaults):
        raise ImproperlyConfigured(f"PYFORGE_WEB['PANEL'] must be a dict of {', '.join(map(repr, defaults))}.")
    for key, number in given.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise ImproperlyConfigured(f"PYFORGE_WEB['PANEL'][{key!r}] must be a whole number, 0 or more.")
    return {**defaults, **given}


def _function(given: Any) -> Any:
    """The function behind `SERVER_TIMING`, or None."""
    try:
        function = import_string(given) if isinstance(given, str) else given
    except ImportError as error:
        raise ImproperlyConfigured(f"PYFORGE_WEB['SERVER_TIMING']: {error}") from error
    if function is not None and (not callable(function) or iscoroutinefunction(function)):
        raise ImproperlyConfigured(
            "PYFORGE_WEB['SERVER_TIMING'] must be None, a function that is given the request, or its dotted path; "
            "not a coroutine function."
        )
    return function


def _reset(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        get_settings.cache_clear()


setting_changed.connect(_reset, dispatch_uid="pyforge_web.conf")
