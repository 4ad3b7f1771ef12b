"""Bodies of any length: each chunk of rows is written when it is asked for, so that memory does not grow with them.

A chunk of a QuerySet is one fetch of the driver's raw rows. What goes wrong in a row ends the body in a form that a
reader can tell from a complete one, and is logged with the number of the row; the rows before it are written.
"""

import codecs
import logging
from collections.abc import AsyncGenerator, Generator, Iterator
from itertools import chain, repeat
from time import monotonic
from typing import Any, Literal, NamedTuple

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation

from .bridge import Rows, dump_chunk, dumps
from .conf import Nan
from .sources import Reader, find_source

Format = Literal["ndjson", "array"]
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
    """How a body is spelled; `charset` is None for UTF-8."""

    format: str = "ndjson"
    django_bytes: bool = False
    nan: Nan = "raise"
    charset: str | None = None


Body = Generator[bytes] | AsyncGenerator[bytes]


def body(data: Any, text: Text, fields: object = None, chunk_size: int = CHUNK) -> Body:
    """The chunks of the body of a QuerySet, an iterable or an async iterable; asynchronous for the last.

    Raises as `find_source`, and `ValueError` for a format that does not exist. What a row raises is in the body.
    """
    if text.format not in MEDIA_TYPES:
        raise ValueError(f"format must be 'ndjson' or 'array', not {text.format!r}")
    source = find_source(data, fields, chunk_size)
    writer = Writer(text, chunk_size)
    if isinstance(source, AsyncGenerator):
        return _async_chunks(source, writer, _sizes(chunk_size))
    return _chunks(source, writer, _sizes(chunk_size))


def _sizes(chunk_size: int) -> Iterator[int]:
    return chain((min(_FIRST, chunk_size),), repeat(chunk_size))


class Writer:
    """Writes one body, chunk after chunk, and its end."""

    def __init__(self, text: Text, chunk_size: int = CHUNK) -> None:
        self.ended = False
        self.rows = 0
        self._sizes = _sizes(chunk_size)
        self._array = text.format == "array"
        self._nan = text.nan
        self._django_bytes = text.django_bytes
        self._encoder = None if text.charset is None else codecs.getincrementalencoder(text.charset)()

    def write(self, source: Rows | Iterator[Any]) -> bytes:
        """The next rows, or the end; what is raised by a row, or by the database, is the end too."""
        rows, count, error = dump_chunk(
            source,
            self.rows,
            next(self._sizes),
            between=(", " if self._django_bytes else ",") if self._array else "",
            after="" if self._array else "\n",
            form="django" if self._django_bytes else "ascii" if self._encoder else "compact",
            nan=self._nan,
        )
        begun = self._array and self.rows == 0 and count > 0
        self.rows += count
        text = self._encoded(b"[" + rows if begun else rows)
        if error is not None:
            return text + self.fail(error)
        return text if count else self.end()

    def end(self) -> bytes:
        """What stands behind the last row."""
        self.ended = True
        if not self._array:
            return b""
        return self._encoded(b"]" if self.rows else b"[]")

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
        if self._array:  # nothing closes the bracket
            return b"" if self.rows else self._encoded(b"[")
        problem: dict[str, Any] = {"row": self.rows, "message": "This row could not be written; the stream ends here."}
        if settings.DEBUG:
            problem["exception"] = f"{type(error).__name__}: {error}"
        line = dumps({"pyforge_error": problem}, django_bytes=self._django_bytes, ensure_ascii=True)
        return self._encoded(line + b"\n")

    def _encoded(self, text: bytes) -> bytes:
        return text if self._encoder is None else self._encoder.encode(text.decode("ascii"))


def _chunks(read: Reader, writer: Writer, sizes: Iterator[int]) -> Generator[bytes]:
    source = None
    try:
        source = read(sizes)
        while not writer.ended:
            if text := writer.write(source):
                yield text
    except Exception as error:
        yield writer.fail(error)
    finally:
        # Reached too when nobody reads on: the cursor goes, and a generator runs its own `finally`.
        if (close := getattr(source, "close", None)) is not None:
            close()


async def _async_chunks(values: AsyncGenerator[Any], writer: Writer, sizes: Iterator[int]) -> AsyncGenerator[bytes]:
    parts: list[bytes] = []
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
