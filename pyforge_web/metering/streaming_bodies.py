"""Streaming bodies: keep a request's collectors active while each part of the body is made.

A part is made long after the view has returned, and maybe in another task or thread. The collectors are active around
each part alone, never across a `yield`, because a generator shares the context of the code that calls it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from pyforge_web.metering import Collector, active_collectors


def follow_body(
    response: Any,
    collectors: tuple[Collector, ...],
    done: Callable[[], object],
    adone: Callable[[], Awaitable[object]],
) -> None:
    """Let `collectors` count the body of a streaming response, and call `done` or `adone` once at its end.

    `adone` is called after the last part of an asynchronous body. `done` is called when the response is closed before
    that, for example because the client has left. Servers close every response, and Django closes the iterator that
    was its `streaming_content`.
    """
    # Setting `streaming_content` again is what `GZipMiddleware` does, too: Django allows to wrap it.
    parts = response.streaming_content
    if getattr(response, "is_async", False):
        response.streaming_content = _AsyncMeteredBody(parts, collectors, done, adone)
    else:
        response.streaming_content = _SyncMeteredBody(parts, collectors, done)


class _MeteredBody:
    """What the synchronous and the asynchronous body have in common."""

    def __init__(self, collectors: tuple[Collector, ...], done: Callable[[], object]) -> None:
        self._collectors = collectors
        self._done: Callable[[], object] | None = done

    def close(self) -> None:
        # At most once: a server closes the response, and Django closes each iterator that was its content.
        done, self._done = self._done, None
        if done is not None:
            done()

    def _join_collectors(self) -> tuple[Collector, ...]:
        """Return our collectors, and those that the code that reads the body has opened."""
        # A test that reads a body under collect() counts it too; nobody counts it twice.
        others = active_collectors.get()
        return (*others, *(ours for ours in self._collectors if ours not in others)) if others else self._collectors


class _SyncMeteredBody(_MeteredBody):
    def __init__(self, parts: Iterator[bytes], collectors: tuple[Collector, ...], done: Callable[[], object]) -> None:
        super().__init__(collectors, done)
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = active_collectors.set(self._join_collectors())
        try:
            return next(self._parts)
        finally:
            active_collectors.reset(token)


class _AsyncMeteredBody(_MeteredBody):
    def __init__(
        self,
        parts: AsyncIterator[bytes],
        collectors: tuple[Collector, ...],
        done: Callable[[], object],
        adone: Callable[[], Awaitable[object]],
    ) -> None:
        super().__init__(collectors, done)
        self._parts = parts
        self._adone = adone

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        token = active_collectors.set(self._join_collectors())
        try:
            return await anext(self._parts)
        except StopAsyncIteration:
            pass
        finally:
            active_collectors.reset(token)
        # Here and not in close(): a receiver of request_metered may be asynchronous, and close() is not.
        if self._done is not None:
            self._done = None
            await self._adone()
        raise StopAsyncIteration
