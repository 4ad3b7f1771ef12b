"""Where the values of a function's QuerySet come from: a constant of its code, or somewhere else.

A constant is recognised by what happens when it is another one: the function is called with a changed copy of its code,
and the values that change with it come from there. All others (`timezone.now()`, a closure, the tenant of the moment)
are of the moment at which the function was called.
"""

import builtins
import dis
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import django
from django.db.models import Model, QuerySet
from django.db.models.expressions import BaseExpression
from django.db.models.manager import BaseManager
from django.db.utils import ConnectionRouter

from pyforge_web._native import ClassVersions
from pyforge_web.stock import is_own_function

_ROUTER_FILE = ConnectionRouter.db_for_read.__code__.co_filename
_LIBRARIES = frozenset({"asgiref", "pyforge_web", *sys.stdlib_module_names})
_STEP = 7919
_LAST_PLACE = 255
# What makes the QuerySet of a manager.
_OF_MANAGERS = ("get_queryset", "_queryset_class", "_db")
_UNKNOWN = object()
_LOADS_OF_CELLS = frozenset({"LOAD_CLASSDEREF", "LOAD_DEREF", "LOAD_FROM_DICT_OR_DEREF"})
# What a function may ask about an argument that stands for another: the answer is another one for a value.
_COMPARISONS = frozenset({"COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT"})
_QUESTIONS = frozenset({"callable", "id", "isinstance", "issubclass", "type"})
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
        if step.opname in _COMPARISONS or (step.opname == "LOAD_GLOBAL" and step.argval in _QUESTIONS):
            return "it compares, or asks for a type"
    return None


class ReadNames:
    """What a function reads by names, as it was: classes, managers, and functions whose calls are watched.

    Names of columns and flags leave no value in the query. So `changing` is the first name that may be something else
    the next time; None where there is none.
    """

    def __init__(self, function: FunctionType, queryset: Any) -> None:
        self.changing: str | None = None
        # Functions that read a name again, and what it was.
        self._known: list[tuple[Callable[[], Any], Any]] = []
        self._read(function)
        self._versions = ClassVersions([type(queryset)])

    @property
    def members(self) -> list[Enum]:
        """The members of enums among them."""
        return [known for _, known in self._known if isinstance(known, Enum)]

    def are_same(self) -> bool:
        """Return whether all names are what they were, and the class of the QuerySet has the same methods."""
        for read, known in self._known:
            found = read()
            if found is not known and not (type(found) is MethodType and found == known):
                return False
        return self._versions.are_unchanged()

    def _read(self, function: FunctionType) -> None:
        path, found = "", _UNKNOWN
        for step in [*dis.get_instructions(function.__code__), None]:
            name = "" if step is None else step.opname
            if step is not None and name in ("LOAD_ATTR", "LOAD_METHOD"):
                if found is not _UNKNOWN:
                    path = f"{path}.{step.argval}"
                    found = self._keep(partial(getattr, found, step.argval, None))
                elif name == "LOAD_ATTR" and "NULL" not in step.argrepr:  # it is not called
                    self.changing = self.changing or str(step.argval)
                continue
            if found is not _UNKNOWN and not _is_settled(found):
                self.changing = self.changing or path
            found = _UNKNOWN
            if step is not None and (name.startswith("LOAD_GLOBAL") or name in _LOADS_OF_CELLS):
                path = str(step.argval)
                found = self._keep(partial(_find_name, function, path))

    def _keep(self, read: Callable[[], Any]) -> Any:
        found = read()
        self._known.append((read, found))
        if isinstance(found, BaseManager):
            # Each by itself: Django counts managers on their class, so that its version changes all the time.
            for name in _OF_MANAGERS:
                self._known.append((partial(getattr, found, name), getattr(found, name)))
        return found


def _find_name(function: FunctionType, name: str) -> Any:
    """Return what a function finds under the name of a variable around it, of its module, or of Python's own."""
    found = function.__globals__.get(name, _UNKNOWN)
    if name in function.__code__.co_freevars:
        return (function.__closure__ or ())[function.__code__.co_freevars.index(name)].cell_contents
    return getattr(builtins, name, None) if found is _UNKNOWN else found


def _is_settled(found: Any) -> bool:
    """Return whether something that code reads is the same each time, or what comes of its calls is noticed."""
    if isinstance(found, MethodType):
        return isinstance(found.__self__, BaseManager | type)
    if isinstance(found, FunctionType):
        return found.__module__.partition(".")[0] not in _LIBRARIES and not found.__module__.startswith("django.")
    if isinstance(found, type):
        root = found.__module__.partition(".")[0]
        return root in ("django", *_LIBRARIES) or issubclass(found, (Model, QuerySet, BaseManager, BaseExpression))
    return isinstance(found, BaseManager | Enum | ModuleType)


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
    # The collector of garbage may call functions of tools at any moment, which the function does not call.
    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(listen)
    try:
        yield codes
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
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


def change_constants(function: FunctionType, members: list[Enum]) -> Iterator[tuple[Any, Any, Callable[..., Any]]]:
    """Yield each constant of a function's code, another one, and the function with that in its place.

    The members of enums that the code reads by their names, as `Article.Status.LIVE`, are constants too.
    """
    code = write_constants(function.__code__)
    names = _name_tuples(code)
    for index, constant in enumerate(code.co_consts):
        if index in names:
            continue
        for value, changed, replaced in _change(constant):
            constants = (*code.co_consts[:index], replaced, *code.co_consts[index + 1 :])
            yield value, changed, _copy_function(function, code.replace(co_consts=constants))
    for member in members:
        other = next((each for each in type(member) if each is not member), None)
        if other is not None:
            renamed = tuple([other.name if name == member.name else name for name in code.co_names])
            yield member, other, _copy_function(function, code.replace(co_names=renamed))


def write_constants(code: CodeType) -> CodeType:
    """Return the same code with all its constants where a code has them: in `co_consts`.

    From Python 3.14 on integers from 0 to 255 stand in an instruction of their own, from 3.15 on None, the bools, -1
    and the empty text, too.
    """
    constants, text = list(code.co_consts), bytearray(code.co_code)
    places: dict[Any, int] = {}
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_SMALL_INT" or (step.opname == "LOAD_COMMON_CONSTANT" and _is_common_value(step.argval)):
            # By its type, too: True is 1.
            place = places.setdefault((type(step.argval), step.argval), len(constants))
            if place == len(constants):
                constants.append(step.argval)
            if place > _LAST_PLACE:  # it takes two instructions
                return code
            text[step.offset : step.offset + 2] = dis.opmap["LOAD_CONST"], place
    return code.replace(co_code=bytes(text), co_consts=tuple(constants)) if places else code


def _is_common_value(constant: Any) -> bool:
    """Return whether a common constant is a value, and not a class or a function."""
    return constant is None or type(constant) in (bool, int, str)


def _copy_function(function: FunctionType, code: CodeType) -> FunctionType:
    copy = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


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
    if type(constant) is slice:  # a constant from Python 3.14 on
        marks: list[Any] = [constant.start, constant.stop, constant.step]
        for index, mark in enumerate(marks):
            for value, changed, replaced in () if mark is None else _change(mark):
                yield value, changed, slice(*[*marks[:index], replaced, *marks[index + 1 :]])
        return
    if type(constant) is int and constant > 0:  # the start of a slice may not be behind its end
        yield constant, constant - 1, constant - 1
    changed = _find_other(constant)
    if changed is not None:
        yield constant, changed, changed


def _find_other(constant: Any) -> Any:
    if type(constant) is bool:
        return not constant
    if constant is None or type(constant) in (int, float):
        return (constant or 0) + _STEP
    return f"{constant}{_STEP}" if type(constant) is str else None
