"""Where the values of a function's QuerySet come from: a constant of its code, or somewhere else.

A constant is recognised by what happens when it is another one: the function is called with a changed copy of its code,
and the values that change with it come from there. All others (`timezone.now()`, a closure, the tenant of the moment)
are of the moment at which the function was called.
"""

import dis
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import django
from django.db.utils import ConnectionRouter

from pyforge_web.querysets.backends.stock import is_own_function

_ROUTER_FILE = ConnectionRouter.db_for_read.__code__.co_filename
_LIBRARIES = frozenset({"asgiref", "pyforge_web", *sys.stdlib_module_names})
_STEP = 7919
_NO_STRAIGHT_CODE = ("CALL_FUNCTION_EX", "DELETE_", "FOR_ITER", "IMPORT_", "MAKE_FUNCTION", "STORE_GLOBAL", "YIELD")
# Instructions that jump in straight code, too.
_HARMLESS_JUMPS = frozenset({"JUMP_BACKWARD_NO_INTERRUPT"})


def find_branch(code: CodeType) -> str | None:
    """Return what a function's code has that may make another QuerySet of it each time; None for straight code."""
    for step in dis.get_instructions(code):
        if "JUMP" in step.opname and step.opname not in _HARMLESS_JUMPS:
            return "it has branches"
        if step.opname.startswith(_NO_STRAIGHT_CODE):
            return f"it has more than calls ({step.opname})"
    return None


@contextmanager
def watch_calls(function: FunctionType) -> Iterator[list[CodeType]]:
    """Collect the code of all functions that are called and are neither Django's nor ours nor Python's."""
    called: dict[CodeType, None] = {}
    before = sys.getprofile()

    def listen(frame: Any, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code is not function.__code__ and not (_is_library(frame) or _is_of_router(frame)):
            called[code] = None

    codes: list[CodeType] = []
    sys.setprofile(listen)
    try:
        yield codes
    finally:
        sys.setprofile(before)
        codes += called


def _is_of_router(frame: Any) -> bool:
    """Return whether a router's method runs: routers are asked at each use of a prepared function, too."""
    while frame is not None:
        if frame.f_code.co_filename == _ROUTER_FILE:
            return True
        frame = frame.f_back
    return False


def _is_library(frame: Any) -> bool:
    name = frame.f_globals.get("__name__", "")
    if name.partition(".")[0] == "django":
        return is_own_function(SimpleNamespace(__code__=frame.f_code, __module__=name), django)
    # `collections.namedtuple` makes modules of these names.
    return name.startswith("namedtuple_") or name.partition(".")[0] in _LIBRARIES


def change_constants(function: FunctionType) -> Iterator[tuple[Any, Any, Callable[..., Any]]]:
    """Yield each constant of a function's code, another one, and the function with that in its place."""
    code = function.__code__
    names = _name_tuples(code)
    for index, constant in enumerate(code.co_consts):
        if index in names:
            continue
        for value, changed, replaced in _change(constant):
            constants = (*code.co_consts[:index], replaced, *code.co_consts[index + 1 :])
            copy = FunctionType(
                code.replace(co_consts=constants),
                function.__globals__,
                function.__name__,
                function.__defaults__,
                function.__closure__,
            )
            copy.__kwdefaults__ = function.__kwdefaults__
            yield value, changed, copy


def _name_tuples(code: CodeType) -> set[int]:
    """Return the constants that are names of arguments in calls."""
    found = set()
    before: Any = None
    for step in dis.get_instructions(code):
        if step.opname == "KW_NAMES":
            found.add(step.arg)
        elif step.opname == "CALL_KW" and before is not None:
            found.add(before.arg)
        before = step
    return {index for index in found if index is not None}


def _change(constant: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yield each value in a constant, another value, and the constant with that in its place."""
    if type(constant) in (tuple, frozenset):
        items = list(constant)
        for index, item in enumerate(items):
            for value, changed, replaced in _change(item):
                yield value, changed, type(constant)([*items[:index], replaced, *items[index + 1 :]])
        return
    changed = _find_other(constant)
    if changed is not None:
        yield constant, changed, changed


def _find_other(constant: Any) -> Any:
    if type(constant) is bool:
        return not constant
    if constant is None or type(constant) in (int, float):
        return (constant or 0) + _STEP
    return f"{constant}{_STEP}" if type(constant) is str else None
