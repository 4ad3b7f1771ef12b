"""The options of output: the request it is for, the names of its keys, the format of its dates, its own types.

They hold for all that is written below the call that has them, whichever code writes it: each thread and each task of
asyncio has its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

from django.core.exceptions import BadRequest

from pyforge_web._native import count_option_scope
from pyforge_web.conf import Dates, with_docs


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

    @property
    def is_row_plain(self) -> bool:
        """Whether rows are written with the names of their columns, and their dates as the whole output."""
        return self.make_key is None and self.dates is None

    def check_length(self, length: int) -> None:
        """Raise `BadRequest` for a text that is longer than it may get."""
        if self.max_bytes is not None and length > self.max_bytes:
            raise refuse_length(self.max_bytes)


def refuse_length(most: int) -> BadRequest:
    """Return the error for a text that is longer than a client may ask for."""
    return with_docs(
        BadRequest(f"the output has more than {most} bytes, which max_bytes= does not allow: ask for less"), "too-big"
    )


NO_OPTIONS = OutputOptions()
output_options: ContextVar[OutputOptions] = ContextVar("pyforge_web_output_options", default=NO_OPTIONS)


@contextmanager
def output_with(options: OutputOptions) -> Iterator[None]:
    """Write output with these options, over those of the output around it."""
    if options == NO_OPTIONS:
        yield
        return
    with output_as(options.add_to(output_options.get())):
        yield


@contextmanager
def output_as(options: OutputOptions) -> Iterator[None]:
    """Write an output of its own: a call that the project's code makes below another one does not have its options."""
    if options == output_options.get():
        yield
        return
    token = output_options.set(options)
    count_option_scope(True)
    try:
        yield
    finally:
        count_option_scope(False)
        output_options.reset(token)


def leave_options() -> Token[OutputOptions] | None:
    """Set the options to none, for native code; return the token to reset them with, None where there are none."""
    return None if output_options.get() == NO_OPTIONS else output_options.set(NO_OPTIONS)
