"""The renderer: the bytes of DRF's `JSONRenderer`, written natively where the data is plain JSON."""

import secrets
from typing import Any, cast

import rest_framework
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

from pyforge_web._native import dumps, is_plain_json
from pyforge_web.rest_framework.rows_data import RowsData
from pyforge_web.stock import find_changed_encoder, find_encoding, find_function, find_stock

_drf_encoding = find_encoding(JSONEncoder)
_drf_render = find_stock(renderers.JSONRenderer, "render", rest_framework)
# Stands in the native output where the bytes of a `RowsData` go. A client cannot know it.
_ROWS_MARK = f"pyforge-rows:{secrets.token_hex(16)}:"


class PyForgeJSONRenderer(renderers.JSONRenderer):
    """Return the bytes of DRF's `JSONRenderer`: `renderer_classes = [PyForgeJSONRenderer]`.

    `COMPACT_JSON`, `UNICODE_JSON`, `STRICT_JSON`, `indent` and a custom `encoder_class` have the effect that they have
    in DRF. Data that is not plain JSON (a datetime from a method field, a set, NaN) is written by DRF's own encoder.
    """

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return `data` as JSON."""
        if self._is_native(accepted_media_type, renderer_context):
            if data is None:
                return b""
            body = render_natively(data, ensure_ascii=self.ensure_ascii, compact=self.compact)
            if body is not None:
                return body
        return cast(bytes, super().render(data, accepted_media_type, renderer_context))

    def writes_rows(self, accepted_media_type: str | None) -> bool:
        """Whether the bytes of `RowsData` are written as they are: compact, not ASCII, without `indent=`."""
        return self._is_native(accepted_media_type, None) and self.compact and not self.ensure_ascii

    def _is_native(self, accepted_media_type: str | None, renderer_context: Any) -> bool:
        """Whether these settings have a native form: compact, or all of `json.dumps`'s defaults."""
        encoder = self.encoder_class
        return (
            self.get_indent(accepted_media_type, renderer_context or {}) is None
            and (self.compact or self.ensure_ascii)
            and encoder is JSONEncoder
            and bool(find_encoding(encoder) == _drf_encoding)
            and find_changed_encoder() is None
            and find_function(super().render) is _drf_render  # a class behind this one may have its own
        )


def render_natively(data: Any, *, ensure_ascii: bool, compact: bool) -> bytes | None:
    """Return the bytes of plain JSON data; None where DRF's encoder has to write them.

    The native encoder writes other types as Django does, not as DRF does.
    """
    plain, fragments = _plain(data)
    if not is_plain_json(plain):
        return None
    try:
        body = dumps(plain, ensure_ascii=ensure_ascii, django_bytes=not compact)
    except (TypeError, ValueError, RecursionError):
        return None
    if not ensure_ascii:
        # A lone surrogate: DRF raises UnicodeEncodeError, the native encoder escapes it.
        if b"\\" in body and b"\\ud" in body:
            return None
        body = escape_line_separators(body)
    return _splice(body, fragments, ensure_ascii=ensure_ascii, compact=compact)


def escape_line_separators(body: bytes) -> bytes:
    """Return the bytes with U+2028 and U+2029 escaped, which JavaScript did not allow before ES2019."""
    if b"\xe2" in body and b"\xe2\x80" in body:
        return body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return body


def _plain(data: Any) -> tuple[Any, list[RowsData]]:
    """The data with DRF's containers as plain ones, at the root and one level below, and marks for `RowsData`."""
    fragments: list[RowsData] = []

    def plain(value: Any) -> Any:
        kind = type(value)
        if kind is RowsData:
            fragments.append(value)
            return f"{_ROWS_MARK}{len(fragments) - 1}"
        if kind in _COPIES:
            return _COPIES[kind](value)
        return value

    root = plain(data)
    if type(root) is dict:
        root = {key: plain(value) for key, value in root.items()}
    return root, fragments


_COPIES: dict[type, Any] = {
    renderers.serializers.ReturnList: list,
    renderers.serializers.ReturnDict: dict,
}


def _splice(body: bytes, fragments: list[RowsData], *, ensure_ascii: bool, compact: bool) -> bytes | None:
    """The body with the bytes of the rows in place of their marks; None where they are no longer only bytes."""
    for number, fragment in enumerate(fragments):
        rows_body = fragment.body if compact and not ensure_ascii else None
        parts = body.split(f'"{_ROWS_MARK}{number}"'.encode())
        if rows_body is None or len(parts) != 2:
            return None
        body = rows_body.join(parts)
    return body
