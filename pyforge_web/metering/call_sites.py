"""Whose line of code makes a native call."""

from contextvars import ContextVar
from types import FrameType
from typing import NamedTuple

_DEPTH = 20  # frames of a stack
# Not whose line a developer would change; compiled Jinja2 templates have no name.
_HIDDEN = frozenset(
    ("", "asgiref", "asyncio", "concurrent", "contextlib", "contextvars", "debug_toolbar", "django", "jinja2",
     "pyforge_web", "threading")
)  # fmt: skip
_HANDLER = "django.core.handlers.base"  # calls the view; beyond it is the server


class CallSite(NamedTuple):
    """A place in the code: a function's line, or a template's."""

    file: str
    line: int
    name: str

    @classmethod
    def of(cls, frame: FrameType) -> "CallSite":
        """Where a frame is now."""
        return cls(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


# The tag that makes the call; `metering.at` sets it.
place: ContextVar[CallSite | None] = ContextVar("pyforge_web_place", default=None)
# The line that made the stream of which a part is written, long after it has returned; `metering.from_origin` sets it.
origin: ContextVar[CallSite | None] = ContextVar("pyforge_web_origin", default=None)


class _Hidden(dict[str, bool]):
    """Whether a module's frames are passed over, remembered by its name."""

    def __missing__(self, module: str) -> bool:
        self[module] = hidden = module.partition(".")[0] in _HIDDEN
        return hidden


_hidden = _Hidden()


def standing(frame: FrameType) -> int:
    """Whose code a frame runs: 0 the site's own, 1 a framework's or a server's, 2 ours, 3 what calls the view."""
    module = frame.f_globals.get("__name__", "")
    if module == _HANDLER:
        return 3
    return (2 if module.startswith("pyforge_web") else 1) if _hidden[module] else 0


def caller(frame: FrameType | None) -> FrameType | None:
    """The nearest frame of the site's own code; without one, the nearest that is not ours."""
    nearest = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not _hidden[module]:
            return frame
        if module == _HANDLER:
            break
        if nearest is None and not module.startswith("pyforge_web"):
            nearest = frame
        frame = frame.f_back
    return nearest


def stack(frame: FrameType | None) -> tuple[CallSite, ...]:
    """The frames of the site's own code, the innermost first."""
    found: list[CallSite] = []
    while frame is not None and len(found) < _DEPTH:
        module = frame.f_globals.get("__name__", "")
        if module == _HANDLER:
            break
        if not _hidden[module]:
            found.append(CallSite.of(frame))
        frame = frame.f_back
    return tuple(found)
