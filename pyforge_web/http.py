"""The response: `return PyForgeJsonResponse(obj)`."""

import codecs
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, JsonResponse

from .bridge import dumps_response
from .conf import Nan, get_settings
from .encoders import plain_data
from .problems import as_problem
from .querysets import is_model_data


class PyForgeJsonResponse(JsonResponse):
    """A `JsonResponse` whose bytes are written by Rust.

    `data` is what a view has: a dict, a QuerySet, an instance, a list of instances, a page; with `safe=False` any
    value.
    `fields` names the columns of a model to write, in their order. `django_bytes` gives `JsonResponse`'s very bytes,
    `nan="null"` writes null for NaN and the infinities; both default to the settings. A custom `encoder` and
    `json_dumps_params` are handed to the standard library, as `JsonResponse` does.

    Raises `TypeError` and `ValueError` as `JsonResponse` does, with the place of the value in the message.
    """

    def __init__(
        self,
        data: Any,
        encoder: type[json.JSONEncoder] = DjangoJSONEncoder,
        safe: bool = True,
        json_dumps_params: dict[str, Any] | None = None,
        *,
        fields: list[str] | tuple[str, ...] | None = None,
        django_bytes: bool | None = None,
        nan: Nan | None = None,
        **kwargs: Any,
    ) -> None:
        ours = fields is not None or is_model_data(data)
        if encoder is not DjangoJSONEncoder or json_dumps_params:
            if django_bytes is not None or nan is not None:
                raise TypeError("django_bytes= and nan= have no effect beside a custom encoder or json_dumps_params")
            plain = plain_data(data, fields) if ours else data
            super().__init__(plain, encoder, safe and not ours, json_dumps_params, **kwargs)
            return
        if safe and not ours and not isinstance(data, dict):
            raise TypeError("In order to allow non-dict objects to be serialized set the safe parameter to False.")
        settings = get_settings()
        kwargs.setdefault("content_type", "application/json")
        HttpResponse.__init__(self, b"", **kwargs)
        django_bytes = settings["DJANGO_BYTES"] if django_bytes is None else django_bytes
        nan = settings["NAN"] if nan is None else nan
        utf8 = _is_utf8(self.charset)
        body = dumps_response(data, fields=fields, django_bytes=django_bytes, ensure_ascii=not utf8, nan=nan)
        self.content = body if utf8 else body.decode("ascii").encode(self.charset)


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
