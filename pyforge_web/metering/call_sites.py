"""Call sites: the line of the project's own code that made a native call."""

import re
import sys
from contextvars import ContextVar
from linecache import getlines
from types import FrameType
from typing import NamedTuple

_MAX_FRAMES = 20  # of one stack
# Packages whose lines a developer would not change. A compiled Jinja2 template has no module name.
_FRAMEWORKS = frozenset(
    ("", "asgiref", "asyncio", "concurrent", "contextlib", "contextvars", "debug_toolbar", "django", "jinja2", "ninja",
     "pyforge_web", "rest_framework", "threading")
)  # fmt: skip
_REQUEST_HANDLER = "django.core.handlers.base"  # calls the view; the frames outside of it are the server's


class CallSite(NamedTuple):
    """A place in the code: a line of a function, or of a template."""

    file: str
    line: int
    name: str

    @classmethod
    def of(cls, frame: FrameType) -> "CallSite":
        """Return the line that a frame is at."""
        # `co_qualname` came with Python 3.11: it names the class, too.
        return cls(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)

    @classmethod
    def of_project(cls, frame: FrameType) -> "CallSite":
        """Return the line that a frame is at; for a framework's line the class of the project that it works for.

        A generic view of DRF has no line in the project but that of its class.
        """
        outer: FrameType | None = frame
        while outer is not None and frame_owner(outer) in (1, 2):
            kind = type(outer.f_locals.get("self"))
            if not _is_framework[kind.__module__] and (found := _find_class(kind)) is not None:
                return found
            outer = outer.f_back
        return cls.of(frame)


def _find_class(kind: type) -> CallSite | None:
    """Return the first line of a class. `inspect` parses the whole file for that, which takes milliseconds."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    start = re.compile(rf"\s*class {re.escape(kind.__name__)}\b")
    lines = enumerate(getlines(file), 1) if file else ()
    return next((CallSite(str(file), number, kind.__qualname__) for number, line in lines if start.match(line)), None)


# The template tag that makes the call; `call_from_template` sets it.
template_site: ContextVar[CallSite | None] = ContextVar("pyforge_web_template_site", default=None)
# The line that created the stream. Its parts are written after that line has returned; `call_from_stream` sets it.
stream_origin: ContextVar[CallSite | None] = ContextVar("pyforge_web_stream_origin", default=None)


class _FrameworkModules(dict[str, bool]):
    """Whether a module belongs to a framework, remembered by the name of the module."""

    def __missing__(self, module: str) -> bool:
        self[module] = is_framework = module.partition(".")[0] in _FRAMEWORKS
        return is_framework


_is_framework = _FrameworkModules()


def frame_owner(frame: FrameType) -> int:
    """Return whose code a frame runs: 0 the project's, 1 a framework's, 2 ours, 3 Django's request handler."""
    module = frame.f_globals.get("__name__", "")
    if module == _REQUEST_HANDLER:
        return 3
    return (2 if module.startswith("pyforge_web") else 1) if _is_framework[module] else 0


def find_calling_frame(frame: FrameType | None) -> FrameType | None:
    """Return the nearest frame of the project's own code, or else the nearest that is not ours."""
    nearest = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not _is_framework[module]:
            return frame
        if module == _REQUEST_HANDLER:
            break
        # Without a line of the project, as in a management command of Django's, a framework's line says more than
        # none.
        if nearest is None and not module.startswith("pyforge_web"):
            nearest = frame
        frame = frame.f_back
    return nearest


def read_stack(frame: FrameType | None) -> tuple[CallSite, ...]:
    """Return the frames of the project's own code, the innermost first."""
    sites: list[CallSite] = []
    while frame is not None and len(sites) < _MAX_FRAMES:
        module = frame.f_globals.get("__name__", "")
        if module == _REQUEST_HANDLER:
            break
        if not _is_framework[module]:
            sites.append(CallSite.of(frame))
        frame = frame.f_back
    return tuple(sites)
