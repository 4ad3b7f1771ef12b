"""The options of output: the request it is for, the names of its keys, the format of its dates, its own types.

They hold for all that is written below the call that has them, whichever code writes it: each thread and each task of
asyncio has its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from pyforge_web.conf import Dates


class OutputOptions(NamedTuple):
    """What a call says of its output; None to take it from the output around.

    `dates` is the format of `rows()` alone: that of a whole response is an argument of the native call.
    """

    request: Any = None
    make_key: Callable[[str], str] | None = None
    dates: Dates | None = None
    default: Callable[[Any], Any] | None = None
    # How long the text of rows may get.
    max_bytes: int | None = None

    def add_to(self, around: "OutputOptions") -> "OutputOptions":
        """Return these options, with those of the output around where they say nothing."""
        return OutputOptions(*(own if own is not None else other for own, other in zip(self, around, strict=True)))


NO_OPTIONS = OutputOptions()
output_options: ContextVar[OutputOptions] = ContextVar("pyforge_web_output_options", default=NO_OPTIONS)


@contextmanager
def output_with(options: OutputOptions) -> Iterator[None]:
    """Write output with these options, over those of the output around it."""
    if options == NO_OPTIONS:
        yield
        return
    token = output_options.set(options.add_to(output_options.get()))
    try:
        yield
    finally:
        output_options.reset(token)
