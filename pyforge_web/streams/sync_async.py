"""The parts of a body for `for` and for `async for`, in whichever way they are made: WSGI takes one, ASGI the other."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections


class SyncAsyncIterator:
    """The parts of an iterator or of an asynchronous iterator, never more than one in memory."""

    def __init__(self, parts: Iterator[bytes] | AsyncIterator[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return in_turn(self._parts) if isinstance(self._parts, AsyncIterator) else self._parts

    def __next__(self) -> bytes:
        return next(self._parts)  # type: ignore[arg-type]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts if isinstance(self._parts, AsyncIterator) else in_thread(self._parts)

    async def __anext__(self) -> bytes:
        return await anext(self._parts)  # type: ignore[arg-type]


async def in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each part made in the thread of this task's database connections: one hop for a part, none for a row."""
    step = sync_to_async(partial(next, parts, None))
    while (part := await step()) is not None:
        yield part


def in_turn(parts: AsyncIterator[bytes]) -> Generator[bytes]:
    """Each part awaited on an event loop of its own, which runs only while one is.

    Django's database calls in it go to a thread of its own, with connections that are closed at the end.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        thread: Any = ThreadSensitiveContext()
        runner.run(thread.__aenter__())
        try:
            while (part := runner.run(_next(parts))) is not None:
                yield part
        finally:
            runner.run(_leave(parts, thread))


async def _next(parts: AsyncIterator[bytes]) -> bytes | None:
    return await anext(parts, None)


async def _leave(parts: AsyncIterator[bytes], thread: Any) -> None:
    try:
        await aclose(parts)
    finally:
        await sync_to_async(connections.close_all)()
        await thread.__aexit__(None, None, None)


async def aclose(parts: Any) -> None:
    """Ends an iterator of either sort, also one that nobody reads to its end."""
    if (close := getattr(parts, "aclose", None)) is not None:
        await close()
    elif (close := getattr(parts, "close", None)) is not None:
        await sync_to_async(close)()
