"""The parser: the data of DRF's `JSONParser`, and its errors."""

import codecs
from typing import Any

import rest_framework
from django.conf import settings
from rest_framework import parsers

from pyforge_web._native import BodyFallback, read_body
from pyforge_web.stock import find_function, find_stock

_drf_parse = find_stock(parsers.JSONParser, "parse", rest_framework)
# Deeper bodies are read by `json`, which has a limit of its own.
_MAX_DEPTH = 200


class PyForgeJSONParser(parsers.JSONParser):
    """Return what DRF's `JSONParser` returns: `parser_classes = [PyForgeJSONParser]`.

    A body that the native reader does not accept is parsed by DRF, whose `ParseError` then says what is wrong.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the JSON of a stream as Python data.

        Raises `ParseError` for what is not JSON.
        """
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        if not _is_utf8(encoding) or find_function(super().parse) is not _drf_parse:
            return super().parse(stream, media_type, parser_context)
        body = stream.read()
        if type(body) is bytes and not body.startswith(codecs.BOM_UTF8):
            value = read_body(body, _MAX_DEPTH)
            if type(value) is not BodyFallback:
                return value
        return super().parse(_ReadStream(body), media_type, parser_context)


class _ReadStream:
    """A stream whose content has been read already."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> Any:
        """Return what is left of the content."""
        end = len(self._body) if size is None or size < 0 else size
        part, self._body = self._body[:end], self._body[end:]
        return part


def _is_utf8(encoding: object) -> bool:
    try:
        return isinstance(encoding, str) and codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
