"""The responses: `return PyForgeJsonResponse(obj)`, `return PyForgeStreamingResponse(queryset)`."""

import codecs
import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Literal, Self, cast

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.core.paginator import Page
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.db.models.query import RawQuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from pyforge_web._native import dumps_response
from pyforge_web.conf import Nan, get_settings
from pyforge_web.description.allowed import allow_fields
from pyforge_web.description.describe import is_model_data
from pyforge_web.description.rows import OutputRows
from pyforge_web.encoders import model_encoder, to_plain
from pyforge_web.output.fields import output_for
from pyforge_web.output.grammar import Fields, parse_fields
from pyforge_web.output.key_names import KeyStyle, find_key_style, output_with_keys
from pyforge_web.output.own_types import output_with_default
from pyforge_web.output.refusals import has_hint, refuse
from pyforge_web.output.resolve import resolve_fields, resolve_model_fields
from pyforge_web.streams import writer as streams
from pyforge_web.streams.sync_async import SyncAsyncIterator, close_chunks
from pyforge_web.validation.error_formats import as_problem

# How datetimes and times are written: as Django, as `isoformat()`, or so in the current time zone.
Dates = Literal["django", "iso", "local"]


class PyForgeJsonResponse(JsonResponse):
    """A `JsonResponse` whose bytes are written by Rust.

    `data` is what a view has: a dict, a QuerySet, an instance, a list of instances, a page, what `rows()` gives; with
    `safe=False` any value. Models may stand anywhere in it.
    `fields` are the output fields of a model, in their order, and nest by dicts: `["id", {"author": ["name"]}]`;
    `fetch=True` loads what instances in memory lack of that. For fields that come from a request, `allowed` are those
    that a client may ask for, and `max_depth` is how deep they may nest. `django_bytes` gives `JsonResponse`'s very
    bytes, `nan="null"` writes null for NaN and the infinities; both default to the settings. A custom `encoder`, and
    `json_dumps_params` other than `ensure_ascii` and `separators`, are handed to the standard library.

    Raises `TypeError` and `ValueError` as `JsonResponse` does, with the place of the value in the message.
    """

    @staticmethod
    def fields(source: "type[Model] | str | QuerySet[Any, Any]", fields: Fields, /) -> Any:
        """Return fields for `fields=`, checked: a constant of a module of views or of an app that is loaded.

        `source` is the model, its label ("app.Model"), or a QuerySet that adds annotations or a `to_attr`.

        Raises `FieldError` for a name that the model does not have, and as `fields=` does.
        """
        parsed = parse_fields(fields)
        if isinstance(source, QuerySet):
            resolve_fields(source, parsed)
        else:
            resolve_model_fields(apps.get_model(source) if isinstance(source, str) else source, parsed)
        return parsed

    def __init__(
        self,
        data: Any,
        encoder: type[json.JSONEncoder] = DjangoJSONEncoder,
        safe: bool = True,
        json_dumps_params: dict[str, Any] | None = None,
        *,
        fields: Fields | None = None,
        allowed: Fields | None = None,
        max_depth: int | None = None,
        fetch: bool = False,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        request: HttpRequest | None = None,
        keys: KeyStyle | None = None,
        dates: Dates | None = None,
        default: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if allowed is not None or max_depth is not None:
            fields = allow_fields(data, fields, allowed, max_depth)
        if safe and not (isinstance(data, dict) or fields is not None or is_safe(data)):
            if has_hint(data):  # to be told of safe= would lead nowhere
                raise TypeError("{}; {}".format(*refuse(data)))
            raise TypeError("In order to allow non-dict objects to be serialized set the safe parameter to False.")
        form = None
        if encoder is not DjangoJSONEncoder or json_dumps_params:
            if django_bytes is not None or nan is not None:
                raise TypeError("django_bytes= and nan= have no effect beside a custom encoder or json_dumps_params")
            form = _find_native_form(encoder, json_dumps_params or {})
            if form is None:
                if dates is not None or default is not None:
                    raise TypeError(
                        "dates= and default= have no effect beside a custom encoder or such json_dumps_params"
                    )
                with output_for(request), output_with_keys(find_key_style(keys)):
                    plain = data if fields is None else to_plain(data, fields, fetch)
                    params = _with_models(json_dumps_params)
                    super().__init__(plain, model_encoder(cast(Any, encoder)), False, params, **kwargs)
                return
        django_bytes, nan = _preset(django_bytes, nan)
        form = form or ("django" if django_bytes else "compact")
        write = partial(_write_body, data, fields, fetch, form, nan, dates or "django")
        if request is not None or keys is not None or default is not None:
            write = partial(_write_with_options, write, request, find_key_style(keys), default)
        if "content_type" in kwargs or "charset" in kwargs or type(self).charset is not HttpResponse.charset:
            kwargs.setdefault("content_type", "application/json")
            HttpResponse.__init__(self, b"", **kwargs)
            self.content = write(self.charset)
        else:  # to look for a charset where none is given costs as much as all the rest
            HttpResponse.__init__(self, write(settings.DEFAULT_CHARSET), "application/json", **kwargs)

    @classmethod
    async def afrom(cls, data: Any, *args: Any, **kwargs: Any) -> Self:
        """Return the response, for an asynchronous view: `return await PyForgeJsonResponse.afrom(queryset)`.

        There is one hop to the thread in which Django's database connections of this request are. The arguments, and
        what is raised, are those of the class.
        """
        return await sync_to_async(partial(cls, data, *args, **kwargs))()


def is_safe(data: object) -> bool:
    """Return whether data needs no `safe=False` although it is no dict: models, and lists of them or of nothing."""
    return isinstance(data, OutputRows) or is_model_data(data)


def _find_native_form(encoder: type[json.JSONEncoder], params: dict[str, Any]) -> str | None:
    """Return the native form of what `json.dumps` would write; None for what it alone can."""
    if encoder is not DjangoJSONEncoder or not params.keys() <= {"ensure_ascii", "separators", "sort_keys"}:
        return None
    if params.get("sort_keys", False) is not False or type(params.get("ensure_ascii", True)) is not bool:
        return None
    separators = params.get("separators")
    is_compact = separators is not None and tuple(separators) == (",", ":")
    if separators is not None and tuple(separators) not in ((",", ":"), (", ", ": ")):
        return None
    if params.get("ensure_ascii", True):
        return "ascii" if is_compact else "django"
    return "compact" if is_compact else "django_text"


def _with_models(params: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the arguments of `json.dumps` with a `default` of the user's that leaves models to us."""
    given = (params or {}).get("default")
    if given is None:
        return params

    def default(value: Any) -> Any:
        try:
            return given(value)
        except TypeError:
            if is_safe(value):
                return to_plain(value)
            raise

    return {**(params or {}), "default": default}


class PyForgeStreamingResponse(StreamingHttpResponse):
    """Rows of any number as newline-delimited JSON, or as an array; served by WSGI and by ASGI in bounded memory.

    `source` is a QuerySet, whose rows are fetched `chunk_size` at a time from a cursor as `QuerySet.iterator()` has it,
    or an iterable or async iterable of any values. `fields`, `allowed`, `max_depth`, `django_bytes` and
    `nan` are those of `PyForgeJsonResponse`; the rest goes to Django's `StreamingHttpResponse`.

    Raises `TypeError`, `ValueError` and `FieldError` for arguments that cannot be. What goes wrong in a row is logged,
    and ends the body: NDJSON with a line `{"pyforge_error":{"row":7,...}}`, an array without its closing bracket.
    """

    def __init__(
        self,
        source: Any,
        format: str = "ndjson",  # noqa: A002
        *,
        fields: Fields | None = None,
        allowed: Fields | None = None,
        max_depth: int | None = None,
        chunk_size: int = streams.CHUNK_SIZE,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        request: HttpRequest | None = None,
        keys: KeyStyle | None = None,
        **kwargs: Any,
    ) -> None:
        if allowed is not None or max_depth is not None:
            fields = allow_fields(source, fields, allowed, max_depth)
        if (request is not None or keys is not None) and isinstance(source, QuerySet | RawQuerySet | Page):
            source, fields = OutputRows(source, fields, request=request, keys=keys), None
        kwargs.setdefault("content_type", streams.MEDIA_TYPES.get(format))
        super().__init__(**kwargs)
        charset = None if _is_utf8(self.charset) else self.charset
        stream_format = streams.find_format(format, *_preset(django_bytes, nan), charset)
        self._body = self.streaming_content = streams.make_body(source, stream_format, fields, chunk_size)

    @property
    def streaming_content(self) -> SyncAsyncIterator:
        """The chunks, for `for` and for `async for`."""
        return SyncAsyncIterator(cast(Any, self)._iterator, self.charset)

    @streaming_content.setter
    def streaming_content(self, value: Any) -> None:
        if isinstance(value, SyncAsyncIterator):  # has both kinds of iteration; Django chooses by the first one
            value = value.chunks
        self._content = value
        cast(Any, self)._set_streaming_content(value)

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self.streaming_content)
        if isinstance(chunks, Generator):
            # An async source under WSGI. Django closes what it finds in this list, and goes on if a generator is
            # running: the test client closes the response in a `finally` of the content itself.
            cast(Any, self)._resource_closers.append(chunks.close)
        return chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.streaming_content:
                yield chunk
        except BaseException:
            # The client has left, or the server has failed and may not close the response. What a middleware has
            # wrapped around the body is closed first, and its errors do not keep the body open.
            for content in dict.fromkeys((self._content, self._body)):
                with suppress(Exception):  # as HttpResponse.close()
                    await close_chunks(content)
            raise


def _write_with_options(
    write: Callable[[str], bytes], request: Any, make_key: Any, default: Any, charset: str
) -> bytes:
    """Return a body whose output fields are written for a request, with keys of their own."""
    with output_for(request), output_with_keys(make_key), output_with_default(default):
        return write(charset)


# The forms of ASCII alone, for a charset that is not UTF-8.
_ASCII_FORMS = {"compact": "ascii", "django_text": "django"}


def _write_body(
    data: Any, fields: Fields | None, fetch: bool, form: Any, nan: Nan, dates: Dates, charset: str
) -> bytes:
    if _is_utf8(charset):
        return dumps_response(data, fields=fields, fetch=fetch, form=form, nan=nan, dates=dates)
    form = _ASCII_FORMS.get(form, form)
    body = dumps_response(data, fields=fields, fetch=fetch, form=form, nan=nan, dates=dates)
    return body.decode("ascii").encode(charset)


def _preset(django_bytes: bool | None, nan: Nan | None) -> tuple[bool, Nan]:
    """What an argument says, or else the settings."""
    preset = get_settings()
    return (
        preset["DJANGO_BYTES"] if django_bytes is None else django_bytes,
        preset["NAN"] if nan is None else nan,
    )


class PyForgeProblemResponse(PyForgeJsonResponse):
    """Errors as problem details (`application/problem+json`): `return PyForgeProblemResponse(error)`.

    `errors` and the further arguments are those of `pyforge_web.as_problem`, the rest those of the response.

    Source: RFC 9457.
    """

    def __init__(
        self,
        errors: Any,
        *,
        status: int = 400,
        type: str = "about:blank",  # noqa: A002 - the standard's word
        title: str | None = None,
        detail: str | None = None,
        at: str = "",
        **kwargs: Any,
    ) -> None:
        data = as_problem(errors, status=status, type=type, title=title, detail=detail, at=at)
        kwargs.setdefault("content_type", "application/problem+json")
        super().__init__(data, status=status, **kwargs)


def _is_utf8(charset: str) -> bool:
    return charset == "utf-8" or codecs.lookup(charset).name == "utf-8"
