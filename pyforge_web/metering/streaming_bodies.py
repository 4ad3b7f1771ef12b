"""Streaming bodies: the collectors of a request listen while each part is made, to the end of the body.

A part is made long after the view has returned, and maybe in another task or thread. The collectors are therefore
active around each part alone, never across a `yield`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from pyforge_web.metering import Collector, active


def follow(
    response: Any,
    collectors: tuple[Collector, ...],
    done: Callable[[], object],
    adone: Callable[[], Awaitable[object]],
) -> None:
    """Has `collectors` listen to the body of a streaming response; at its end `done` or `adone` is called, once.

    `adone` comes after the last part of an asynchronous body; `done` when the response is closed without that, also
    because the client has left. Servers close every response, and Django closes what its `streaming_content` was.
    """
    parts = response.streaming_content
    if getattr(response, "is_async", False):
        response.streaming_content = _AsyncBody(parts, collectors, done, adone)
    else:
        response.streaming_content = _Body(parts, collectors, done)


class _Listening:
    """What both sorts of body have."""

    def __init__(self, collectors: tuple[Collector, ...], done: Callable[[], object]) -> None:
        self._collectors = collectors
        self._done: Callable[[], object] | None = done

    def close(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()

    def _active(self) -> tuple[Collector, ...]:
        """Ours, and those that whoever reads the body has open."""
        others = active.get()
        return (*others, *(ours for ours in self._collectors if ours not in others)) if others else self._collectors


class _Body(_Listening):
    def __init__(self, parts: Iterator[bytes], collectors: tuple[Collector, ...], done: Callable[[], object]) -> None:
        super().__init__(collectors, done)
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = active.set(self._active())
        try:
            return next(self._parts)
        finally:
            active.reset(token)


class _AsyncBody(_Listening):
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
        token = active.set(self._active())
        try:
            return await anext(self._parts)
        except StopAsyncIteration:
            pass
        finally:
            active.reset(token)
        if self._done is not None:
            self._done = None
            await self._adone()
        raise StopAsyncIteration
