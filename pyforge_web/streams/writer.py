"""Bodies of any length: each chunk of rows is written when it is asked for, so that memory does not grow with them.

A chunk of a QuerySet is one fetch of the driver's raw rows. What goes wrong in a row ends the body in a form that a
reader can tell from a complete one, and is logged with the number of the row; the rows before it are written.
"""

import codecs
import logging
from collections.abc import AsyncGenerator, Generator, Iterator
from itertools import chain, islice, repeat
from time import monotonic
from typing import Any, Literal, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation

from pyforge_web import metering
from pyforge_web._native import NestedRows, QueryRows, dump_chunk
from pyforge_web.conf import Nan, get_settings
from pyforge_web.encoders import write_by_django
from pyforge_web.streams.sources import Reader, find_source

Form = Literal["compact", "ascii", "django", "fixture"]
MEDIA_TYPES: dict[str, str] = {"ndjson": "application/x-ndjson", "array": "application/json"}
# Rows of a chunk: 100 to 500 are alike (benchmarks/suites/streams.py), and 500 are not much memory yet.
CHUNK = 500
# Of the first one: somebody waits for it.
_FIRST = 50
# What an asynchronous source has given is kept back for this many seconds, and this many bytes.
_LONGEST = 0.1
_LARGEST = 1 << 18

logger = logging.getLogger("pyforge_web.streams")


class Text(NamedTuple):
    """How a body is spelled: what stands around its rows, and native code's name for the form of their values."""

    begin: bytes
    between: str
    after: str
    end: bytes
    form: Form = "compact"
    nan: Nan = "raise"
    charset: str | None = None


def find_text(format: str, django_bytes: bool = False, nan: Nan = "raise", charset: str | None = None) -> Text:  # noqa: A002
    """The text of a format; `charset` is None for UTF-8. Raises `ValueError` for a format that does not exist."""
    if format not in MEDIA_TYPES:
        raise ValueError(f"format must be 'ndjson' or 'array', not {format!r}")
    form: Form = "django" if django_bytes else "compact" if charset is None else "ascii"
    if format == "ndjson":
        return Text(b"", "", "\n", b"", form, nan, charset)
    return Text(b"[", ", " if django_bytes else ",", "", b"]", form, nan, charset)


Body = Generator[bytes] | AsyncGenerator[bytes]


def body(data: Any, text: Text, fields: object = None, chunk_size: int = CHUNK) -> Body:
    """The chunks of the body of a QuerySet, an iterable or an async iterable; asynchronous for the last.

    Raises as `find_source`. What a row raises is in the body.
    """
    source = find_source(data, fields, chunk_size)
    writer = Writer(text, chunk_size, about=(data, fields))
    return async_chunks(source, writer) if isinstance(source, AsyncGenerator) else chunks(source, writer)


def _sizes(chunk_size: int) -> Iterator[int]:
    return chain((min(_FIRST, chunk_size),), repeat(chunk_size))


class Writer:
    """Writes one body, chunk after chunk, and its end."""

    def __init__(self, text: Text, chunk_size: int = CHUNK, about: tuple[Any, object] | None = None) -> None:
        self.ended = False
        self.rows = 0
        self.chunk_size = chunk_size
        self._text = text
        self._begin = text.begin
        # What collectors hear of: what was given, with which `fields=`, by which line.
        self._about = about
        self._origin = metering.find_stream_origin()
        self._sizes = _sizes(chunk_size)
        self._encoder = None if text.charset is None else codecs.getincrementalencoder(text.charset)()

    def write(self, source: "QueryRows | NestedRows | Iterator[Any] | Opening") -> bytes:
        """The next rows, or the end; what is raised by a row, or by the database, is the end too."""
        _, between, after, _, form, nan, _ = self._text
        rows, count, error = self._dump(source, next(self._sizes), between=between, after=after, form=form, nan=nan)
        self.rows += count
        text = self._spelled(rows)
        if error is not None:
            return text + self.fail(error)
        return text if count else text + self.end()

    def end(self) -> bytes:
        """What stands behind the last row."""
        self.ended = True
        return self._spelled(self._text.end)

    def fail(self, error: BaseException) -> bytes:
        """What stands in the place of a row that could not be written, after which there is nothing.

        Raises what is no fault of a row: `KeyboardInterrupt` and its like, and a query from an event loop.
        """
        self.ended = True
        if not isinstance(error, Exception) or isinstance(error, SynchronousOnlyOperation):
            raise error
        logger.error(
            "Row %d of a stream could not be written, and the stream ends there: %s",
            self.rows,
            "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]),
            exc_info=error,
            extra={"row": self.rows},
        )
        if self._text.end:  # nothing closes the bracket
            return self._spelled(b"")
        problem: dict[str, Any] = {"row": self.rows, "message": "This row could not be written; the stream ends here."}
        if settings.DEBUG:
            problem["exception"] = f"{type(error).__name__}: {error}"
        form: Form = "django" if self._text.form == "django" else "ascii"
        return self._spelled(self._dump(iter(({"pyforge_error": problem},)), 1, after="\n", form=form)[0])

    def _dump(self, source: Any, limit: int, **spelling: Any) -> tuple[bytes, int, BaseException | None]:
        """A native call, of which the collectors hear for which stream it is."""
        opens = type(source) is Opening
        if not get_settings()["NATIVE"]:
            return _dump_by_django(source, limit, self.rows, **spelling)
        about, origin = self._about, self._origin
        return metering.call_from_stream(
            origin, dump_chunk, source, self.rows, limit, about=about, opens=opens, **spelling
        )

    def _spelled(self, text: bytes) -> bytes:
        """The text, behind the beginning of the body where it is the first, in the charset."""
        if self._begin:
            text, self._begin = self._begin + text, b""
        return text if self._encoder is None else self._encoder.encode(text.decode("ascii"))


# What `str.splitlines()` takes for the end of a line and JSON does not escape.
_LINE_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def _dump_by_django(
    source: Any,
    limit: int,
    start: int,
    *,
    between: str = "",
    after: str = "",
    form: Form = "compact",
    nan: Nan = "raise",
) -> tuple[bytes, int, BaseException | None]:
    """Return what `dump_chunk` returns, written by Django's own encoder: where the setting `NATIVE` is off."""
    parts: list[bytes] = []
    try:
        rows = cast(Iterator[Any], source() if type(source) is Opening else source)
        for row in islice(rows, limit):
            before = between if start + len(parts) else ""
            written = write_by_django(row, None, False, form, nan)
            if after == "\n":  # a line for every reader, as native code writes it
                written = written.decode().translate(_LINE_BREAKS).encode()
            parts.append(b"".join((before.encode(), written, after.encode())))
    except BaseException as error:
        return b"".join(parts), len(parts), error
    return b"".join(parts), len(parts), None


class Opening:
    """The source of a body, opened by the native call that writes its first rows: its query is metered with them."""

    __slots__ = ("_read", "_sizes", "source")

    def __init__(self, read: Reader, sizes: Iterator[int]) -> None:
        self.source: QueryRows | NestedRows | Iterator[Any] | None = None
        self._read = read
        self._sizes = sizes

    def __call__(self) -> QueryRows | NestedRows | Iterator[Any]:
        """Opens it."""
        self.source = self._read(self._sizes)
        return self.source


def chunks(read: Reader, writer: Writer) -> Generator[bytes]:
    """The body, in parts that are made as they are asked for."""
    opening = Opening(read, _sizes(writer.chunk_size))
    try:
        while not writer.ended:
            if text := writer.write(opening if opening.source is None else opening.source):
                yield text
    except Exception as error:
        yield writer.fail(error)
    finally:
        # Reached too when nobody reads on: the cursor goes, and a generator runs its own `finally`.
        if (close := getattr(opening.source, "close", None)) is not None:
            close()


async def async_chunks(values: AsyncGenerator[Any], writer: Writer) -> AsyncGenerator[bytes]:
    """The same of values that are awaited."""
    parts: list[bytes] = []
    sizes = _sizes(writer.chunk_size)
    size, due, limit = 0, monotonic() + _LONGEST, next(sizes)
    try:
        async for value in values:
            # At once: the source may give the same object again, with other content.
            parts.append(writer.write(iter((value,))))
            size += len(parts[-1])
            if writer.ended:
                break
            if len(parts) >= limit or size >= _LARGEST or monotonic() >= due:
                yield b"".join(parts)
                parts.clear()
                size, due, limit = 0, monotonic() + _LONGEST, next(sizes)
        if not writer.ended:
            parts.append(writer.end())
    except Exception as error:
        parts.append(writer.fail(error))
    finally:
        await values.aclose()
    if text := b"".join(parts):
        yield text
