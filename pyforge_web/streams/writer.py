"""Bodies of streaming responses, written chunk by chunk: memory does not grow with the number of rows.

A chunk of a QuerySet is one fetch of the driver's raw rows. If a row fails, the body ends in a form that a reader can
tell from a complete body, and the error is logged with the number of the row. The rows before it are written.
"""

import codecs
import logging
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import nullcontext
from itertools import chain, islice, repeat
from time import monotonic
from typing import Any, Literal, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.utils import timezone

from pyforge_web import metering
from pyforge_web._native import NestedRows, QueryRows, dump_chunk
from pyforge_web.conf import Dates, Nan, with_docs
from pyforge_web.description.rows import OutputRows
from pyforge_web.encoders import write_by_django
from pyforge_web.output.options import NO_OPTIONS, OutputOptions, output_as, refuse_length
from pyforge_web.stock import why_not_native
from pyforge_web.streams.sources import OpenSource, find_source

ValueForm = Literal["compact", "ascii", "django", "fixture"]
SourceRows = QueryRows | NestedRows | Iterator[Any]
BodyChunks = Generator[bytes] | AsyncGenerator[bytes]

MEDIA_TYPES: dict[str, str] = {"ndjson": "application/x-ndjson", "array": "application/json"}
# Chunks of 100 to 500 rows take the same time (benchmarks/suites/streams.py), and 500 rows do not need much memory.
CHUNK_SIZE = 500
# The first chunk is smaller: the client waits for its first byte.
_FIRST_CHUNK_SIZE = 50
# An asynchronous source gives one value at a time. Values are collected for this many seconds and bytes at most:
# each part of a body is a call of the server's `send`, and one call a row would cost more than the row.
_MAX_DELAY = 0.1
_MAX_DELAYED_BYTES = 1 << 18
# What `str.splitlines()` takes for the end of a line and JSON does not escape.
_LINE_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}

logger = logging.getLogger("pyforge_web.streams")


class StreamFormat(NamedTuple):
    """What a body has around its rows, and how native code writes their values."""

    begin: bytes
    between: str
    after: str
    end: bytes
    form: ValueForm = "compact"
    nan: Nan = "raise"
    charset: str | None = None
    dates: Dates = "django"


def find_media_type(name: str) -> str:
    """Return the media type of a format. Raises `ValueError` where there is no such format."""
    # The names and their media types are one table: a new format is one row.
    if not isinstance(name, str) or name not in MEDIA_TYPES:
        raise with_docs(ValueError(f"format must be 'ndjson' or 'array', not {name!r}"), "argument")
    return MEDIA_TYPES[name]


def find_format(
    name: str,
    django_bytes: bool = False,
    nan: Nan = "raise",
    charset: str | None = None,
    dates: Dates = "django",
) -> StreamFormat:
    """Return the format "ndjson" or "array"; `charset` is None for UTF-8. Raises `ValueError` for others."""
    find_media_type(name)
    if nan not in ("raise", "null"):  # before the first row, whatever its values are
        raise with_docs(ValueError(f'nan must be "raise" or "null", not {nan!r}'), "argument")
    form: ValueForm = "django" if django_bytes else "compact" if charset is None else "ascii"
    if name == "ndjson":
        return StreamFormat(b"", "", "\n", b"", form, nan, charset, dates)
    return StreamFormat(b"[", ", " if django_bytes else ",", "", b"]", form, nan, charset, dates)


def make_body(
    data: Any,
    stream_format: StreamFormat,
    fields: object = None,
    chunk_size: int = CHUNK_SIZE,
    *,
    fetch: bool = False,
    options: OutputOptions = NO_OPTIONS,
) -> BodyChunks:
    """Return the chunks of a body; an asynchronous generator if `data` is an async iterable.

    Raises as `find_source`. The error of a row is not raised: it is written into the body.
    """
    source = find_source(data, fields, chunk_size, fetch)
    if isinstance(data, OutputRows) and data.max_bytes is not None:
        options = options._replace(max_bytes=data.max_bytes)
    writer = StreamWriter(stream_format, chunk_size, about=(data, fields), options=options)
    return write_async_chunks(source, writer) if isinstance(source, AsyncGenerator) else write_chunks(source, writer)


def _chunk_sizes(chunk_size: int) -> Iterator[int]:
    # A caller's smaller size counts for the first chunk, too.
    return chain((min(_FIRST_CHUNK_SIZE, chunk_size),), repeat(chunk_size))


class StreamWriter:
    """Writes one body: chunk after chunk, and the end."""

    def __init__(
        self,
        stream_format: StreamFormat,
        chunk_size: int = CHUNK_SIZE,
        about: tuple[Any, object] | None = None,
        options: OutputOptions = NO_OPTIONS,
    ) -> None:
        self.ended = False
        self.rows = 0
        self.chunk_size = chunk_size
        self._format = stream_format
        self._begin = stream_format.begin
        # For collectors: the data and `fields=` of the view, and the line that made the response.
        self._about = about
        self._origin = metering.find_stream_origin()
        self._sizes = _chunk_sizes(chunk_size)
        self._options = options
        self._written = 0
        # The zone of the view: when the body is written, the middleware may have left its own.
        of_rows = about[0].dates if about is not None and isinstance(about[0], OutputRows) else None
        self._timezone = timezone.get_current_timezone() if "local" in (stream_format.dates, of_rows) else None
        # Incremental, because a charset such as UTF-16 begins the body with a mark, and not each part.
        charset = stream_format.charset
        self._encoder = None if charset is None else codecs.getincrementalencoder(charset)()

    def write(self, source: "SourceRows | SourceOpener") -> bytes:
        """Return the next rows, or the end of the body. An error of a row or of the database is the end too."""
        _, between, after, _, form, nan, _, dates = self._format
        text, count, error = self._dump_rows(
            source, next(self._sizes), between=between, after=after, form=form, nan=nan, dates=dates
        )
        self._written += len(text)
        most = self._options.max_bytes
        if most is not None and self._written > most:  # of a chunk that is too long nothing is written
            text, count, error = b"", 0, refuse_length(most)
        self.rows += count
        chunk = self._encode_text(text)
        if error is not None:
            return chunk + self.fail(error)
        # No rows are the end: a source without rows has a body of its beginning and its end.
        return chunk if count else chunk + self.end()

    def end(self) -> bytes:
        """Return what follows the last row."""
        self.ended = True
        return self._encode_text(self._format.end)

    def fail(self, error: BaseException) -> bytes:
        """Return what the body has in the place of a row that could not be written. Nothing follows it.

        An error that is not the row's is raised: `KeyboardInterrupt` and its like, and a query from an event loop.
        """
        self.ended = True
        # A mistake in the view, of which its developer must see the traceback at once.
        if not isinstance(error, Exception) or isinstance(error, SynchronousOnlyOperation):
            raise error
        logger.error(
            "Row %d of a stream could not be written, and the stream ends there: %s",
            self.rows,
            "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]),
            exc_info=error,
            extra={"row": self.rows},
        )
        if self._format.end:
            return self._encode_text(b"")  # without its closing bracket the array is not JSON
        problem: dict[str, Any] = {"row": self.rows, "message": "This row could not be written; the stream ends here."}
        # Its words may have the project's data in them.
        if settings.DEBUG:
            problem["exception"] = f"{type(error).__name__}: {error}"
        form: ValueForm = "django" if self._format.form == "django" else "ascii"
        line, *_ = self._dump_rows(iter(({"pyforge_error": problem},)), 1, after="\n", form=form)
        return self._encode_text(line)

    def _dump_rows(self, source: Any, limit: int, **framing: Any) -> tuple[bytes, int, BaseException | None]:
        """Return the text of the next rows, their number, and the error of the row after them."""
        zone = nullcontext() if self._timezone is None else timezone.override(self._timezone)
        with output_as(self._options), zone:
            return self._call_native(source, limit, framing)

    def _call_native(self, source: Any, limit: int, framing: dict[str, Any]) -> tuple[bytes, int, BaseException | None]:
        if why_not_native() is not None:
            return _dump_by_django(source, limit, self.rows, **framing)
        opens = type(source) is SourceOpener
        return metering.call_from_stream(
            self._origin, dump_chunk, source, self.rows, limit, about=self._about, opens=opens, **framing
        )

    def _encode_text(self, text: bytes) -> bytes:
        """Return a text in the charset. The first text of a body has the beginning of the body before it."""
        if self._begin:
            text, self._begin = self._begin + text, b""
        # Native code writes ASCII if the charset is not UTF-8. An incremental encoder writes one BOM for all parts.
        return text if self._encoder is None else self._encoder.encode(text.decode("ascii"))


def _dump_by_django(
    source: Any,
    limit: int,
    start: int,
    *,
    between: str = "",
    after: str = "",
    form: ValueForm = "compact",
    nan: Nan = "raise",
    dates: Dates = "django",
) -> tuple[bytes, int, BaseException | None]:
    """Return what `dump_chunk` returns, written by Django's own encoder: where native code is off."""
    parts: list[bytes] = []
    try:
        rows = cast(Iterator[Any], source() if type(source) is SourceOpener else source)
        for row in islice(rows, limit):
            # `start` counts the rows of the chunks before.
            before = between if start + len(parts) else ""
            written = write_by_django(row, None, False, form, nan, dates)
            if after == "\n":  # a line for every reader, as native code writes it
                written = written.decode().translate(_LINE_BREAKS).encode()
            parts.append(b"".join((before.encode(), written, after.encode())))
    except BaseException as error:
        return b"".join(parts), len(parts), error
    return b"".join(parts), len(parts), None


class SourceOpener:
    """A source that is opened by the native call that writes its first rows, so that its query counts for that call."""

    __slots__ = ("_open", "_sizes", "source")

    def __init__(self, open_source: OpenSource, sizes: Iterator[int]) -> None:
        self.source: SourceRows | None = None
        self._open = open_source
        self._sizes = sizes

    def __call__(self) -> SourceRows:
        """Open the source and return its rows."""
        self.source = self._open(self._sizes)
        return self.source


def write_chunks(open_source: OpenSource, writer: StreamWriter) -> Generator[bytes]:
    """Yield the chunks of a body. A chunk is made when it is asked for."""
    opener = SourceOpener(open_source, _chunk_sizes(writer.chunk_size))
    try:
        while not writer.ended:
            if chunk := writer.write(opener if opener.source is None else opener.source):
                yield chunk
    except Exception as error:
        yield writer.fail(error)
    finally:
        # Also if nobody reads on: the cursor is closed, and a generator of the project's runs its own `finally`.
        if (close := getattr(opener.source, "close", None)) is not None:
            close()


async def write_async_chunks(values: AsyncGenerator[Any], writer: StreamWriter) -> AsyncGenerator[bytes]:
    """Yield the chunks of a body whose values are awaited."""
    parts: list[bytes] = []
    sizes = _chunk_sizes(writer.chunk_size)
    size, due, limit = 0, monotonic() + _MAX_DELAY, next(sizes)
    try:
        async for value in values:
            # Written at once: the source may give the same object again with other content.
            parts.append(writer.write(iter((value,))))
            size += len(parts[-1])
            if writer.ended:
                break
            if len(parts) >= limit or size >= _MAX_DELAYED_BYTES or monotonic() >= due:
                yield b"".join(parts)
                parts.clear()
                size, due, limit = 0, monotonic() + _MAX_DELAY, next(sizes)
        if not writer.ended:
            parts.append(writer.end())
    except Exception as error:
        parts.append(writer.fail(error))
    finally:
        # An asynchronous generator that nobody closes runs its `finally` when the event loop ends, or never.
        await values.aclose()
    if chunk := b"".join(parts):
        yield chunk
