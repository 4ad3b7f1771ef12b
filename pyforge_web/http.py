"""The responses: `return PyForgeJsonResponse(obj)`, `return PyForgeStreamingResponse(queryset)`."""

import json
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Literal, Self, TypedDict, Unpack, cast

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from pyforge_web._native import dumps_response
from pyforge_web.conf import Dates, Nan, check_limit, get_settings, with_docs
from pyforge_web.description.allowed import choose_fields
from pyforge_web.description.describe import is_model_data
from pyforge_web.description.rows import OutputRows
from pyforge_web.encoders import model_encoder, to_plain
from pyforge_web.output.date_formats import check_dates
from pyforge_web.output.grammar import Fields, parse_fields
from pyforge_web.output.json_forms import ASCII_FORMS, find_native_form, is_utf8_charset
from pyforge_web.output.key_names import KeyStyle, find_key_style
from pyforge_web.output.options import NO_OPTIONS, OutputOptions, output_as, output_options
from pyforge_web.output.refusals import has_hint, refuse_value
from pyforge_web.output.resolve import resolve_fields, resolve_model_fields
from pyforge_web.stock import find_stock
from pyforge_web.streams import writer as streams
from pyforge_web.streams.sync_async import SyncAsyncIterator, close_chunks
from pyforge_web.validation.error_formats import as_problem

_CHARSET = find_stock(HttpResponse, "charset")


class ResponseOptions(TypedDict, total=False):
    """What Django's `HttpResponse` takes besides the content."""

    content_type: str | None
    status: int | None
    reason: str | None
    charset: str | None
    headers: Mapping[str, str] | None


class PyForgeJsonResponse(JsonResponse):
    """A `JsonResponse` whose bytes are written by Rust.

    `data` is what a view has: a dict, a QuerySet, an instance, a list of instances, a page, what `rows()` gives; with
    `safe=False` any value. Models may stand anywhere in it.
    `fields` are the output fields of a model, in their order, and nest by dicts: `["id", {"author": ["name"]}]`;
    `fetch=True` loads what instances in memory lack of that. For fields that come from a request, `allowed` are those
    that a client may ask for, `max_depth` is how deep they may nest, and `max_bytes` how long the rows may get.
    `exclude` leaves columns out of `"*"`. `django_bytes` gives `JsonResponse`'s very bytes, `nan="null"` writes null
    for NaN and the infinities. `keys="camel"` (or a function) makes the keys of output fields, `dates="iso"` and
    `"local"` write what `isoformat()` gives. These four default to the settings. `request` makes URLs absolute, and
    `default` is a function for values of your own types. A custom `encoder`, and `json_dumps_params` other than
    `ensure_ascii` and `separators`, are handed to the standard library.

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
        exclude: Iterable[str] | None = None,
        allowed: Fields | None = None,
        max_depth: int | None = None,
        fetch: bool = False,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        request: HttpRequest | None = None,
        keys: KeyStyle | None = None,
        dates: Dates | None = None,
        default: Callable[[Any], Any] | None = None,
        max_bytes: int | None = None,
        **kwargs: Unpack[ResponseOptions],
    ) -> None:
        if exclude or allowed is not None or max_depth is not None:
            fields = choose_fields(data, fields, exclude, allowed, max_depth)
        # `JsonResponse` wants `safe=False` for everything but dicts. Rows of models need none: nobody writes them by
        # mistake.
        if safe and not (isinstance(data, dict) or fields is not None or is_safe(data)):
            raise _refuse_unsafe(data)
        preset = get_settings()
        form = "django" if (preset["DJANGO_BYTES"] if django_bytes is None else django_bytes) else "compact"
        keys = preset["KEYS"] if keys is None else keys
        options = NO_OPTIONS
        if not (request is None and keys is None and default is None and max_bytes is None):
            options = OutputOptions(
                request, find_key_style(keys), None, default, check_limit("max_bytes", max_bytes, 1)
            )
        if encoder is not DjangoJSONEncoder or json_dumps_params:
            if django_bytes is not None or nan is not None:
                raise with_docs(
                    TypeError("django_bytes= and nan= have no effect beside a custom encoder or json_dumps_params"),
                    "argument",
                )
            # `ensure_ascii` and `separators` of Django's own encoder have a native form; all else is for the standard
            # library.
            native_form = find_native_form(encoder, json_dumps_params or {})
            if native_form is None:
                if dates is not None or default is not None:
                    raise with_docs(
                        TypeError(
                            "dates= and default= have no effect beside a custom encoder or such json_dumps_params"
                        ),
                        "argument",
                    )
                with output_as(options):
                    plain = data if fields is None else to_plain(data, fields, fetch)
                    # False: `safe=` was checked above, of the data as the caller gave it.
                    super().__init__(plain, cast(Any, model_encoder(encoder)), False, json_dumps_params, **kwargs)
                options.check_length(len(self.content))
                return
            form = native_form
        nan = preset["NAN"] if nan is None else nan
        dates = preset["DATES"] if dates is None else dates
        write = partial(_write_body, data, fields, fetch, form, nan, dates)
        if options is not NO_OPTIONS or output_options.get() is not NO_OPTIONS:
            write = partial(_write_with_options, options, write)
        # `HttpResponse` finds the charset in these three. Where one of them is given, it must be read before the
        # body.
        if "content_type" in kwargs or "charset" in kwargs or type(self).charset is not _CHARSET:
            kwargs.setdefault("content_type", "application/json")
            HttpResponse.__init__(self, b"", **kwargs)
            self.content = write(self.charset)
        else:  # to look for a charset where none is given costs as much as all the rest
            HttpResponse.__init__(self, write(settings.DEFAULT_CHARSET), "application/json", **kwargs)

    @classmethod
    async def afrom(cls, data: Any, *args: Any, **kwargs: Any) -> Self:
        """Return the response, for an asynchronous view: `return await PyForgeJsonResponse.afrom(queryset)`.

        The work is one call in the thread in which Django's database connections of this request are. The arguments,
        and what is raised, are those of the class.
        """
        return await sync_to_async(partial(cls, data, *args, **kwargs))()


def _refuse_unsafe(data: Any) -> TypeError:
    """Return the error for data that needs `safe=False`, or that is no JSON either way."""
    if has_hint(data):
        return refuse_value(data).make_error()
    return with_docs(
        TypeError("In order to allow non-dict objects to be serialized set the safe parameter to False."), "safe"
    )


def is_safe(data: object) -> bool:
    """Return whether data needs no `safe=False` although it is no dict: models, and lists of them or of nothing."""
    return isinstance(data, OutputRows) or is_model_data(data)


class PyForgeStreamingResponse(StreamingHttpResponse):
    """Rows of any number as newline-delimited JSON, or as an array; served by WSGI and by ASGI in bounded memory.

    `source` is a QuerySet, whose rows are fetched `chunk_size` at a time from a cursor as `QuerySet.iterator()` has it,
    or an iterable or async iterable of any values. `fields` and the arguments about it, `django_bytes`, `nan`,
    `request`, `keys`, `dates` and `default` are those of `PyForgeJsonResponse`, `max_bytes` is how long the body may
    get; the rest goes to Django's `StreamingHttpResponse`.

    Raises `TypeError`, `ValueError` and `FieldError` for arguments that cannot be. What goes wrong in a row is logged,
    and ends the body: NDJSON with a line `{"pyforge_error":{"row":7,...}}`, an array without its closing bracket.
    """

    def __init__(
        self,
        source: Any,
        format: Literal["ndjson", "array"] = "ndjson",  # noqa: A002
        *,
        fields: Fields | None = None,
        allowed: Fields | None = None,
        max_depth: int | None = None,
        exclude: Iterable[str] | None = None,
        fetch: bool = False,
        chunk_size: int = streams.CHUNK_SIZE,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        request: HttpRequest | None = None,
        keys: KeyStyle | None = None,
        dates: Dates | None = None,
        default: Callable[[Any], Any] | None = None,
        max_bytes: int | None = None,
        **kwargs: Unpack[ResponseOptions],
    ) -> None:
        fields = choose_fields(source, fields, exclude, allowed, max_depth)
        preset = get_settings()
        make_key = find_key_style(preset["KEYS"] if keys is None else keys)
        options = OutputOptions(request, make_key, None, default, check_limit("max_bytes", max_bytes, 1))
        kwargs.setdefault("content_type", streams.find_media_type(format))
        super().__init__(**kwargs)
        stream_format = streams.find_format(
            format,
            preset["DJANGO_BYTES"] if django_bytes is None else django_bytes,
            preset["NAN"] if nan is None else nan,
            None if is_utf8_charset(self.charset) else self.charset,
            check_dates(dates) or preset["DATES"],
        )
        self._body = self.streaming_content = streams.make_body(
            source, stream_format, fields, chunk_size, fetch=fetch, options=options
        )

    @property
    def streaming_content(self) -> SyncAsyncIterator:
        """The chunks, for `for` and for `async for`."""
        # Django's own property gives a `map`, which cannot be closed and has one kind of iteration. Source:
        # `django.http.response.StreamingHttpResponse.streaming_content`.
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


def _write_with_options(options: OutputOptions, write: Callable[[str], bytes], charset: str) -> bytes:
    """Return a body that is written for a request, with keys or types of its own."""
    with output_as(options):
        body = write(charset)
    options.check_length(len(body))
    return body


def _write_body(
    data: Any, fields: Fields | None, fetch: bool, form: Any, nan: Nan, dates: Dates, charset: str
) -> bytes:
    if is_utf8_charset(charset):
        return dumps_response(data, fields=fields, fetch=fetch, form=form, nan=nan, dates=dates)
    # Other charsets may lack a character, but all of them have ASCII: escapes stand for the rest.
    form = ASCII_FORMS.get(form, form)
    body = dumps_response(data, fields=fields, fetch=fetch, form=form, nan=nan, dates=dates)
    return body.decode("ascii").encode(charset)


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
