"""`dumps`, and what native code asks for a value, or a key, that has no kind.

Native code writes every value that has one. The rest comes here, one call for each: what Django's own encoder takes
goes through Django's own `default`; models become rows; the few supersets become plain values; all else is refused.
"""

import datetime
import decimal
import enum
import ipaddress
import json
import re
import types
import uuid
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.utils.functional import LazyObject, Promise, empty

from pyforge_web._native import dumps
from pyforge_web.conf import Nan
from pyforge_web.querysets.field_selection import FieldNames, Fields, is_flat, parse
from pyforge_web.querysets.instances import bare, chosen, chosen_list, plain
from pyforge_web.querysets.relations.rows import is_of_own_models, nested, plain_nested
from pyforge_web.querysets.rows import choose, rows
from pyforge_web.refusals import Refusal, refuse, refuse_key, refuse_secrets

__all__ = ["Refusal", "adumps", "convert", "convert_key", "dumps", "plain_data", "refuse_bare", "select"]

_django_default = DjangoJSONEncoder().default
# The classes of DjangoJSONEncoder.default, in its order.
_DJANGO = (
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    uuid.UUID,
    Promise,
)
_DICT_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
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
    fields: FieldNames | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Nan = "raise",
) -> bytes:
    """`dumps`, for asynchronous code: one hop to the thread in which Django's database connections of this task are.

    The arguments, the bytes and what is raised are those of `dumps`.
    """
    return await sync_to_async(dumps)(
        obj, fields=fields, fetch=fetch, django_bytes=django_bytes, ensure_ascii=ensure_ascii, nan=nan
    )


def convert(value: Any) -> Any:
    """What to write in place of `value`, or a `Refusal` that says why nothing can be."""
    kind = type(value)  # isinstance would believe a `__class__` that lies; Django's own types it does believe
    if issubclass(kind, LazyObject):
        return _unwrap(value)
    if isinstance(value, _DJANGO):
        return _django_default(value)
    if issubclass(kind, Model):
        return refuse_secrets(kind) or bare(value)
    if issubclass(kind, QuerySet):
        return refuse_bare(value) or rows(value)
    if issubclass(kind, (Page, range, *_DICT_VIEWS)):
        return list(value)
    if issubclass(kind, types.MappingProxyType):
        return dict(value)
    if issubclass(kind, enum.Enum):
        return value.value
    if issubclass(kind, _ADDRESSES):
        return str(value)
    return refuse(value)


def convert_key(key: Any) -> str | Refusal:
    """The text of a key that JSON has no own spelling for, or a `Refusal`."""
    if isinstance(key, _DJANGO):
        text = _django_default(key)
        return text if isinstance(text, str) else str(text)
    if isinstance(key, enum.Enum):
        value = key.value
        if isinstance(value, str | int | float | None):
            return str(next(iter(json.loads(json.dumps({value: None})))))
        return convert_key(value)
    return refuse_key(key)


def select(data: Any, fields: object, fetch: bool = False) -> Any:
    """What `fields=` chooses of a QuerySet, an instance, a page, or a list of instances.

    `fetch` loads the relations and columns of instances in memory that are not loaded yet. Raises `FieldError` for a
    name that the model does not have, `TypeError` for data that has no columns, `ValueError` for what is not loaded.
    """
    chosen_fields = parse(fields)
    if isinstance(data, Page):
        data = data.object_list
    if isinstance(data, list | tuple):
        data = list(data)
    if not isinstance(data, Model | QuerySet | list) or (
        isinstance(data, list) and not all(isinstance(item, Model) for item in data)
    ):
        raise TypeError(
            f"fields= chooses columns of a QuerySet, an instance, a page or a list of instances, "
            f"not of {type(data).__name__}"
        )
    if _takes_instances(data, chosen_fields, fetch):
        return nested(data, chosen_fields, fetch)
    names = cast("tuple[str, ...]", chosen_fields)
    if isinstance(data, Model):
        return chosen(data, names)
    return choose(data, names) if isinstance(data, QuerySet) else chosen_list(data, names)


def plain_data(data: Any, fields: object = None, fetch: bool = False) -> Any:
    """A QuerySet, an instance, a page or a list of instances as the dicts and lists that any JSON encoder takes.

    Raises as `select` does, and `TypeError` for a bare model with secret columns.
    """
    chosen_fields = None if fields is None else parse(fields)
    if isinstance(data, Page):
        return plain_data(data.object_list, fields, fetch)
    if chosen_fields is not None and _takes_instances(data, chosen_fields, fetch):
        return plain_nested(list(data) if isinstance(data, tuple) else data, chosen_fields, fetch)
    if isinstance(data, list | tuple):
        return [plain_data(item, fields) for item in data]
    names = cast("tuple[str, ...] | None", chosen_fields)
    model = data.model if isinstance(data, QuerySet) else type(data)
    bare = names is None and (isinstance(data, Model) or data._iterable_class is ModelIterable)
    if bare and (refusal := refuse_secrets(model)):
        raise TypeError(f"{refusal.problem}; {refusal.hint}")
    if isinstance(data, Model):
        return plain(data, names)
    if names is None and data._iterable_class is not ModelIterable:
        return list(data)
    return list(data.values(*names or ()))


def _takes_instances(data: Any, fields: Fields, fetch: bool) -> bool:
    """Whether columns alone are not enough: relations are named, or instances may lack some of the columns."""
    if not is_flat(fields) or is_of_own_models(data):
        return True
    if isinstance(data, QuerySet) and (data._result_cache is None or data._iterable_class is not ModelIterable):
        return False
    return fetch


def _unwrap(value: "LazyObject[Any]") -> Any:
    """The object behind a `SimpleLazyObject`, as `request.user` is one."""
    if value._wrapped is empty:
        value._setup()
    return value._wrapped


def refuse_bare(queryset: "QuerySet[Any, Any]") -> Refusal | None:
    """The refusal of a model QuerySet with secret columns; an explicit `values()` is obeyed."""
    return refuse_secrets(queryset.model) if queryset._iterable_class is ModelIterable else None


class _ModelEncoder(DjangoJSONEncoder):
    """Django's encoder, with what the product takes besides."""

    def default(self, value: Any) -> Any:
        if isinstance(value, Model | QuerySet) or (isinstance(value, Page) and _is_of_models(value)):
            return with_text_keys(plain_data(value))
        converted = convert(value)
        if isinstance(converted, Refusal):
            raise TypeError(f"{converted.problem}; {converted.hint}")
        return with_text_keys(converted)


def write_by_django(value: Any, fields: object, fetch: bool, form: str, nan: Nan) -> bytes:
    """Return the JSON of a value by Django's own encoder, where the setting `NATIVE` is off; native code calls it."""
    plain = with_text_keys(value if fields is None else plain_data(value, fields, fetch))
    options: dict[str, Any] = {"cls": _ModelEncoder, "ensure_ascii": form in ("ascii", "django", "html")}
    if form not in ("django", "django_text"):
        options["separators"] = (",", ":")
    if nan == "null":
        plain = json.loads(json.dumps(plain, cls=_ModelEncoder), parse_constant=lambda name: None)
    text = json.dumps(plain, allow_nan=False, **options)
    if form == "html":
        text = text.translate(_HTML_ESCAPES)
    if form == "drf":
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


_HTML_ESCAPES = {ord(char): f"\\u{ord(char):04X}" for char in "<>&'"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def with_text_keys(value: Any) -> Any:
    """Return a value in which the keys that `json.dumps` does not take are text, as native code writes them."""
    if type(value) is dict:
        return {_text_key(key): with_text_keys(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [with_text_keys(item) for item in value]
    return value


def _text_key(key: Any) -> Any:
    if isinstance(key, str | int | float | None):
        return key
    converted = convert_key(key)
    if isinstance(converted, Refusal):
        raise TypeError(f"{converted.problem}; {converted.hint}")
    return converted


def _is_of_models(page: "Page[Any]") -> bool:
    return isinstance(page.object_list, QuerySet) or all(isinstance(row, Model) for row in page.object_list)
