"""The chunks of a body for `for` and for `async for`, however they are made: WSGI takes one, ASGI the other."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections


class SyncAsyncIterator:
    """The chunks of an iterator or of an async iterator, as bytes. One chunk is in memory at a time.

    A class and not a generator: a reader may stop, and another one may go on, as with Django's own `map` object. It
    does not refer to the response, which refers to it: a cycle would keep a cursor open until the garbage collector
    runs.
    """

    def __init__(self, chunks: Iterator[Any] | AsyncIterator[Any], charset: str) -> None:
        self.chunks = chunks
        self._charset = charset

    def __iter__(self) -> Iterator[bytes]:
        return iterate_on_own_loop(self) if isinstance(self.chunks, AsyncIterator) else self

    def __next__(self) -> bytes:
        return self._make_bytes(next(self.chunks))  # type: ignore[arg-type]

    def __aiter__(self) -> AsyncIterator[bytes]:
        # Under ASGI a synchronous source must not run on the event loop: it queries the database.
        return self if isinstance(self.chunks, AsyncIterator) else iterate_in_thread(self)

    async def __anext__(self) -> bytes:
        return self._make_bytes(await anext(self.chunks))  # type: ignore[arg-type]

    async def aclose(self) -> None:
        """Close the chunks."""
        await close_chunks(self.chunks)

    def _make_bytes(self, chunk: Any) -> bytes:
        """Return a chunk as bytes; a middleware may give others. Source: `HttpResponseBase.make_bytes`."""
        if type(chunk) is bytes:
            return chunk
        # `bytes()` also of a subclass of bytes: WSGI servers want the very type.
        return bytes(chunk) if isinstance(chunk, bytes | memoryview) else str(chunk).encode(self._charset)


async def iterate_in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks that are made in the thread of this task's database connections: one call a chunk, none a row."""
    # None and not StopIteration, which asyncio does not let through a future. No chunk is None.
    step = sync_to_async(partial(next, chunks, None))
    while (chunk := await step()) is not None:
        yield chunk


def iterate_on_own_loop(chunks: AsyncIterator[bytes]) -> Generator[bytes]:
    """Yield chunks that are awaited on an event loop of their own. The loop only runs while a chunk is made.

    Django's database calls of the source run in a thread of their own. Its connections are closed at the end.
    """
    # With a loop_factory the runner leaves the current event loop of this thread alone.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        # Without it, asgiref runs the database calls of all such bodies in the one thread of the process.
        thread: Any = ThreadSensitiveContext()
        runner.run(thread.__aenter__())
        try:
            while (chunk := runner.run(_await_next(chunks))) is not None:
                yield chunk
        finally:
            runner.run(_close_thread(chunks, thread))


async def _await_next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)


async def _close_thread(chunks: AsyncIterator[bytes], thread: Any) -> None:
    try:
        await close_chunks(chunks)
    finally:
        # The thread ends here. Nobody else closes what it has opened: request_finished only asks the server's thread.
        await sync_to_async(connections.close_all)()
        # After the connections: they can only be closed in the thread that opened them.
        await thread.__aexit__(None, None, None)


async def close_chunks(chunks: Any) -> None:
    """Close an iterator or an async iterator, also one that was not read to its end."""
    if (close := getattr(chunks, "aclose", None)) is not None:
        await close()
    # In the thread of the database's connections, where the cursor was opened.
    elif (close := getattr(chunks, "close", None)) is not None:
        await sync_to_async(close)()
