"""Values of a project's own types: the setting `TYPES`, and `default=` of a response, beside the native path."""

import datetime
import decimal
import enum
import ipaddress
import os
import types
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.core.paginator import Page
from django.core.signals import setting_changed
from django.db.models import Model, QuerySet
from django.db.models.query import RawQuerySet
from django.utils.functional import LazyObject, Promise
from django.utils.module_loading import import_string

from pyforge_web.conf import get_settings, refuse_setting
from pyforge_web.output.options import output_options

# What JSON and Django's encoder know is written as Django writes it.
_DJANGOS_TYPES = (
    str, int, float, list, tuple, dict, type(None), datetime.date, datetime.time, datetime.timedelta, decimal.Decimal,
    uuid.UUID, Promise,
)  # fmt: skip
# And these have one form here, or are models, whose columns are written; `TYPES` is asked behind them.
_WRITTEN_TYPES = (
    Model, QuerySet, RawQuerySet, Page, LazyObject, enum.Enum, range, types.MappingProxyType, ipaddress.IPv4Address,
    ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network,
)  # fmt: skip


def find_converter(kind: type) -> Callable[[Any], Any] | None:
    """Return the function for values of a class: of `TYPES`, nearest base first, else the `default=` of the call."""
    # `dumps` of plain values works without settings, too.
    known = _read_types() if settings.configured or "DJANGO_SETTINGS_MODULE" in os.environ else {}
    # The nearest base first, as methods are found.
    for base in kind.__mro__:
        if base in known:
            return known[base]
    return output_options.get().default


@cache
def _read_types() -> dict[type, Callable[[Any], Any]]:
    found: dict[type, Callable[[Any], Any]] = {}
    for path, function in get_settings()["TYPES"].items():
        try:
            kind = import_string(path)
            convert = str if function == "str" else import_string(function)
        except ImportError as error:
            raise refuse_setting(f"PYFORGE_WEB['TYPES'][{path!r}]: {error}.", "TYPES") from error
        if not isinstance(kind, type) or not callable(convert):
            raise refuse_setting(f"PYFORGE_WEB['TYPES'][{path!r}] must map a class to 'str' or a function.", "TYPES")
        # Such a value never gets here, and the setting would silently do nothing.
        if issubclass(kind, _DJANGOS_TYPES):
            raise refuse_setting(f"PYFORGE_WEB['TYPES'] has {path!r}, which Django's encoder writes itself.", "TYPES")
        if issubclass(kind, _WRITTEN_TYPES):
            raise refuse_setting(f"PYFORGE_WEB['TYPES'] has {path!r}, which is written without it.", "TYPES")
        found[kind] = convert
    return found


def _forget_types(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        _read_types.cache_clear()


setting_changed.connect(_forget_types, dispatch_uid="pyforge_web.output.own_types")
