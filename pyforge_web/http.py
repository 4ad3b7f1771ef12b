"""The responses: `return PyForgeJsonResponse(obj)`, `return PyForgeStreamingResponse(queryset)`."""

import codecs
import json
from collections.abc import AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any, Self, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.cache import get_conditional_response, set_response_etag

from pyforge_web._native import dumps_response
from pyforge_web.conf import Nan, get_settings
from pyforge_web.encoders import plain_data
from pyforge_web.querysets.field_selection import FieldNames
from pyforge_web.querysets.relations.declared import DeclaredFields, Source
from pyforge_web.querysets.rows import is_model_data
from pyforge_web.streams import writer as streams
from pyforge_web.streams.sync_async import SyncAsyncIterator, aclose
from pyforge_web.validation.error_formats import as_problem


class PyForgeJsonResponse(JsonResponse):
    """A `JsonResponse` whose bytes are written by Rust.

    `data` is what a view has: a dict, a QuerySet, an instance, a list of instances, a page; with `safe=False` any
    value.
    `fields` names the columns of a model to write, in their order, and nests by dicts: `["id", {"author": ["name"]}]`;
    `fetch=True` loads what instances in memory lack of that. `django_bytes` gives `JsonResponse`'s very bytes,
    `nan="null"` writes null for NaN and the infinities; both default to the settings. A custom `encoder` and
    `json_dumps_params` are handed to the standard library, as `JsonResponse` does.

    `etag=True` adds the strong entity tag that Django computes of the body. A client that has this very body is then
    answered with 304 by `ConditionalGetMiddleware`; without that middleware, give the `request` too, and this response
    is what Django's `get_conditional_response` makes of it.

    Raises `TypeError` and `ValueError` as `JsonResponse` does, with the place of the value in the message.
    """

    @staticmethod
    def fields(source: Source, fields: FieldNames, /) -> DeclaredFields:
        """Declares fields for `fields=`, as a constant of a module: `manage.py check` finds names that do not exist.

        `source` is the model, its label ("app.Model"), or a QuerySet that adds annotations or a `to_attr`.
        """
        return DeclaredFields.at(source, fields, 1)

    def __init__(
        self,
        data: Any,
        encoder: type[json.JSONEncoder] = DjangoJSONEncoder,
        safe: bool = True,
        json_dumps_params: dict[str, Any] | None = None,
        *,
        fields: FieldNames | None = None,
        fetch: bool = False,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        etag: bool = False,
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        if request is not None and not etag:
            raise TypeError("request= has no effect without etag=True")
        ours = fields is not None or is_model_data(data)
        if encoder is not DjangoJSONEncoder or json_dumps_params:
            if django_bytes is not None or nan is not None:
                raise TypeError("django_bytes= and nan= have no effect beside a custom encoder or json_dumps_params")
            plain = plain_data(data, fields, fetch) if ours else data
            super().__init__(plain, encoder, safe and not ours, json_dumps_params, **kwargs)
        else:
            if safe and not ours and not isinstance(data, dict):
                raise TypeError("In order to allow non-dict objects to be serialized set the safe parameter to False.")
            write = partial(_body, data, fields, fetch, *_preset(django_bytes, nan))
            if "content_type" in kwargs or "charset" in kwargs or type(self).charset is not HttpResponse.charset:
                kwargs.setdefault("content_type", "application/json")
                HttpResponse.__init__(self, b"", **kwargs)
                self.content = write(self.charset)
            else:  # to look for a charset where none is given costs as much as all the rest
                HttpResponse.__init__(self, write(settings.DEFAULT_CHARSET), "application/json", **kwargs)
        if etag:
            set_response_etag(self)
            if request is not None and request.method in ("GET", "HEAD"):
                self._answer(request)

    @classmethod
    async def afrom(cls, data: Any, *args: Any, **kwargs: Any) -> Self:
        """The response, for an asynchronous view: `return await PyForgeJsonResponse.afrom(queryset)`.

        One hop to the thread in which Django's database connections of this request are. The arguments, and what is
        raised, are those of the class.
        """
        return await sync_to_async(partial(cls, data, *args, **kwargs))()

    def _answer(self, request: HttpRequest) -> None:
        """Becomes the 304 or 412 that the request's conditions ask for."""
        answer = get_conditional_response(request, etag=self["ETag"], response=self)
        if answer is not None and answer is not self:
            self.status_code, self.reason_phrase = answer.status_code, answer.reason_phrase
            self.headers, self.content = answer.headers, answer.content


class PyForgeStreamingResponse(StreamingHttpResponse):
    """Rows of any number as newline-delimited JSON, or as an array; served by WSGI and by ASGI in bounded memory.

    `source` is a QuerySet, whose rows are fetched `chunk_size` at a time from a cursor as `QuerySet.iterator()` has it,
    or an iterable or async iterable of any values. `fields`, `django_bytes` and `nan` are those of
    `PyForgeJsonResponse`; the rest goes to Django's `StreamingHttpResponse`.

    Raises `TypeError`, `ValueError` and `FieldError` for arguments that cannot be. What goes wrong in a row is logged,
    and ends the body: NDJSON with a line `{"pyforge_error":{"row":7,...}}`, an array without its closing bracket.
    """

    def __init__(
        self,
        source: Any,
        format: str = "ndjson",  # noqa: A002
        *,
        fields: FieldNames | None = None,
        chunk_size: int = streams.CHUNK,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("content_type", streams.MEDIA_TYPES.get(format))
        super().__init__(**kwargs)
        charset = None if _is_utf8(self.charset) else self.charset
        text = streams.find_text(format, *_preset(django_bytes, nan), charset)
        self._parts: Iterator[bytes] = iter(())
        self._body = self.streaming_content = streams.body(source, text, fields, chunk_size)

    @property
    def streaming_content(self) -> SyncAsyncIterator:
        """The chunks, for `for` and for `async for`."""
        return SyncAsyncIterator(super().streaming_content)

    @streaming_content.setter
    def streaming_content(self, value: Any) -> None:
        self._content = value
        cast(Any, self)._set_streaming_content(value)

    def __iter__(self) -> Iterator[bytes]:
        self._parts = iter(self.streaming_content)
        return self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self.streaming_content:
                yield part
        except BaseException:
            # The client has left, or the server has failed, which may not close the response. What a middleware has
            # wrapped around the body comes first.
            for content in dict.fromkeys((self._content, self._body)):
                await aclose(content)
            raise

    def close(self) -> None:
        """Ends the body, its query included, and tells Django that the request is over."""
        if isinstance(self._parts, Generator):
            self._parts.close()
        super().close()


def _body(data: Any, fields: FieldNames | None, fetch: bool, django_bytes: bool, nan: Nan, charset: str) -> bytes:
    utf8 = _is_utf8(charset)
    body = dumps_response(data, fields=fields, fetch=fetch, django_bytes=django_bytes, ensure_ascii=not utf8, nan=nan)
    return body if utf8 else body.decode("ascii").encode(charset)


def _preset(django_bytes: bool | None, nan: Nan | None) -> tuple[bool, Nan]:
    """What an argument says, or else the settings."""
    preset = get_settings()
    return (
        preset["DJANGO_BYTES"] if django_bytes is None else django_bytes,
        preset["NAN"] if nan is None else nan,
    )


class PyForgeProblemResponse(PyForgeJsonResponse):
    """Errors as problem details (`application/problem+json`): `return PyForgeProblemResponse(error)`.

    `errors` and the further arguments are those of `pyforge_web.problems.as_problem`, the rest those of the response.

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
