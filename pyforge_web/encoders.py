"""`dumps`, and what native code asks for a value, or a key, that has no kind.

Native code writes every value that has one. The rest comes here, one call for each: what Django's own encoder takes
goes through Django's own `default`; models become rows; the few supersets become plain values; all else is refused.
"""

import datetime
import enum
import ipaddress
import json
import re
import types
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.db.models.query import RawQuerySet
from django.http import HttpRequest
from django.utils.duration import duration_string
from django.utils.functional import LazyObject

from pyforge_web._native import dumps, dumps_natively, dumps_within
from pyforge_web.conf import Dates, Nan, check_limit, with_docs
from pyforge_web.description.allowed import choose_fields
from pyforge_web.description.describe import describe_data
from pyforge_web.description.descriptions import Description
from pyforge_web.description.rows import OutputRows
from pyforge_web.output.date_formats import DateValue, format_drf, format_iso, format_local
from pyforge_web.output.grammar import Fields
from pyforge_web.output.key_names import KeyStyle, find_key_style
from pyforge_web.output.lazy_values import unwrap_lazy
from pyforge_web.output.options import OutputOptions, output_as
from pyforge_web.output.own_types import find_converter
from pyforge_web.output.refusals import Refusal, refuse_secrets, refuse_value
from pyforge_web.output.text_keys import DJANGO_TYPES, convert_key, distinct_keys, django_default, with_text_keys
from pyforge_web.querysets.instances import write_bare
from pyforge_web.stock import find_changed_encoder

__all__ = [
    "Refusal",
    "adumps",
    "convert_key",
    "convert_value",
    "describe_value",
    "dump_with_options",
    "dumps",
    "model_encoder",
    "select_fields",
    "to_plain",
]

_MODEL_VALUES = (Model, QuerySet, RawQuerySet, Page, OutputRows)
# `json.dumps` refuses them; who returns `d.values()` means the list of them.
_DICT_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
# Django's encoder refuses them; a `GenericIPAddressField` has the same text.
_ADDRESSES = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


async def adumps(
    obj: Any,
    *,
    fields: Fields | None = None,
    exclude: Iterable[str] | None = None,
    allowed: Fields | None = None,
    max_depth: int | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Nan = "raise",
    dates: Dates = "django",
    keys: KeyStyle | None = None,
    request: HttpRequest | None = None,
    default: Callable[[Any], Any] | None = None,
    max_bytes: int | None = None,
) -> bytes:
    """Return what `dumps` returns, for asynchronous code.

    A value for which no Python code has to run is written at once. All others, the models among them, are one call in
    the thread in which Django's database connections of this task are. The arguments, and what is raised, are those
    of `dumps`.
    """
    chosen, options = (exclude, allowed, max_depth), (keys, request, default, max_bytes)
    if fields is None and dates == "django" and not any(option is not None for option in (*chosen, *options)):
        # It ends before the first line of Python code: a property or a query would block the event loop.
        written = dumps_natively(obj, django_bytes, ensure_ascii, nan)
        if written is not None:
            return written
    native = {
        "fetch": fetch, "django_bytes": django_bytes, "ensure_ascii": ensure_ascii, "nan": nan, "dates": dates,
    }  # fmt: skip
    return await sync_to_async(dump_with_options)(obj, fields, chosen, options, native)


def dump_with_options(obj: Any, fields: Any, chosen: Sequence[Any], options: Sequence[Any], native: Any) -> bytes:
    """Return what `dumps` returns, which calls this for the arguments that Python code reads.

    `chosen` are `exclude=`, `allowed=` and `max_depth=`, `options` are `keys=`, `request=`, `default=` and
    `max_bytes=`.
    """
    exclude, allowed, max_depth = chosen
    keys, request, default, max_bytes = options
    fields = choose_fields(obj, fields, exclude or (), allowed, max_depth)
    own = OutputOptions(request, find_key_style(keys), None, default, check_limit("max_bytes", max_bytes, 1))
    with output_as(own):
        written = dumps_within(obj, fields=fields, **native)
    own.check_length(len(written))
    return written


def convert_value(value: Any) -> Any:
    """Return what to write in place of `value`, or a `Refusal` that says why nothing can be."""
    kind = type(value)  # isinstance would believe a `__class__` that lies; Django's own types it does believe
    if issubclass(kind, OutputRows):  # before Page, which is an abstract class: 1 us
        described = value.describe_data()
        return described.refuse() or described.write()
    # `request.user` is one, see `django.contrib.auth.middleware`: it is written as what it wraps.
    if issubclass(kind, LazyObject):
        return unwrap_lazy(value)
    if isinstance(value, DJANGO_TYPES):
        return django_default(value)
    if issubclass(kind, Model):
        return refuse_secrets(kind) or write_bare(value)
    if issubclass(kind, (QuerySet, RawQuerySet, Page)):
        described = describe_value(value)
        return list(value) if described is None else described.refuse() or described.write()
    # From here on Django's encoder would raise: each is written in the one way that it can mean.
    if issubclass(kind, (range, *_DICT_VIEWS)):
        return list(value)
    if issubclass(kind, types.MappingProxyType):
        return dict(value)
    if issubclass(kind, enum.Enum):
        return value.value
    if issubclass(kind, _ADDRESSES):
        return str(value)
    own = find_converter(kind)
    return refuse_value(value) if own is None else own(value)


def describe_value(value: Any, fields: object = None, fetch: bool = False) -> Description | None:
    """Return what a value of models means; None for a page of other values.

    Raises `TypeError` for fields of data that has none, and as `describe` does.
    """
    if isinstance(value, OutputRows):
        if fields is not None:
            raise with_docs(TypeError("rows() has its own fields: give them there, not as fields= beside it"), "rows")
        return value.describe_data()
    if isinstance(value, QuerySet):
        return describe_data(value, fields, fetch=fetch)
    # A page may be of anything, of dicts for example: then it is a list like any other.
    kinds = (QuerySet, RawQuerySet, OutputRows)
    if isinstance(value, Page) and fields is None and not isinstance(value.object_list, kinds):
        rows = list(value)
        if not rows or not all(isinstance(row, Model) for row in rows):
            return None
    return describe_data(value, fields, fetch=fetch)


def select_fields(data: Any, fields: object, fetch: bool = False) -> Any:
    """Return what native code writes for data with a `fields=` argument."""
    described = cast(Description, describe_value(data, fields, fetch))
    return described.write()


def to_plain(data: Any, fields: object = None, fetch: bool = False) -> Any:
    """Return data of models as the dicts and lists that any JSON encoder takes.

    Raises as `describe` does, and `TypeError` for a bare model with secret columns.
    """
    described = describe_value(data, fields, fetch)
    if described is None:
        return list(data)
    if refusal := described.refuse():
        raise refusal.make_error()
    return described.to_plain()


def model_encoder(encoder: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return what makes an encoder as `json.dumps(cls=encoder)` does, which takes models anywhere in the data besides.

    `encoder` is what `json.dumps` takes: a class, any function that makes an encoder, or None.
    """

    def make_encoder(*args: Any, **options: Any) -> Any:
        made: Any = (encoder or json.JSONEncoder)(*args, **options)
        # That of the encoder itself: what `json.dumps` was given for `default` comes before the method of its class.
        if (own := getattr(made, "default", None)) is not None:
            made.default = partial(_write_own_or_model, own)
        return made

    return make_encoder


def _write_own_or_model(own: Callable[[Any], Any], value: Any) -> Any:
    """Return what an encoder makes of a value; the user's own form of a model comes first."""
    try:
        return own(value)
    except TypeError:
        if not isinstance(value, _MODEL_VALUES):
            raise
        return to_plain(value)


class _ModelEncoder(DjangoJSONEncoder):
    """Django's encoder, with what the product takes besides."""

    def default(self, value: Any) -> Any:
        if find_changed_encoder() is not None:
            with suppress(TypeError):
                return super().default(value)  # first: what a project has made of Django's encoder is what it means
        if isinstance(value, _MODEL_VALUES):
            return with_text_keys(to_plain(value))
        converted = convert_value(value)
        if isinstance(converted, Refusal):
            raise converted.make_error()
        return with_text_keys(converted)


class _IsoEncoder(_ModelEncoder):
    """The same with `isoformat()` for datetimes and times."""

    format_date = staticmethod(format_iso)

    def default(self, value: Any) -> Any:
        return self.format_date(value) if isinstance(value, DateValue) else super().default(value)


class _LocalEncoder(_IsoEncoder):
    """The same in Django's current time zone."""

    format_date = staticmethod(format_local)


class _DrfEncoder(_IsoEncoder):
    """The same as Django REST framework: `Z` for UTC, `str()` of a duration."""

    format_date = staticmethod(format_drf)

    def default(self, value: Any) -> Any:
        return duration_string(value) if isinstance(value, datetime.timedelta) else super().default(value)


_DATE_ENCODERS = {"iso": _IsoEncoder, "local": _LocalEncoder, "drf": _DrfEncoder}


def write_by_django(value: Any, fields: object, fetch: bool, form: str, nan: Nan, dates: str = "django") -> bytes:
    """Return the JSON of a value by Django's own encoder, where native code is off; it calls this."""
    plain = with_text_keys(value if fields is None else to_plain(value, fields, fetch))
    encoder = _ModelEncoder if dates == "django" else _DATE_ENCODERS[dates]
    # The standard library has no null for NaN: the text is read again, where each constant becomes None.
    if nan == "null":
        plain = json.loads(
            json.dumps(plain, cls=encoder), parse_constant=lambda name: None, object_pairs_hook=distinct_keys
        )
    spaced, is_ascii = form in ("django", "django_text"), form in ("ascii", "django", "html")
    separators = None if spaced else (",", ":")
    text = json.dumps(plain, cls=encoder, ensure_ascii=is_ascii, separators=separators, allow_nan=False)
    if form == "html":
        text = text.translate(_HTML_ESCAPES)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


# Those of `django.utils.html.json_script`, and the quote of an attribute.
_HTML_ESCAPES = {ord(char): f"\\u{ord(char):04X}" for char in "<>&'"}
# UTF-8 has no form for half of a pair: it stays an escape, as `ensure_ascii=True` writes it.
_SURROGATE = re.compile("[\ud800-\udfff]")
