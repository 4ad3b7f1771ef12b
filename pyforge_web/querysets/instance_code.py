"""Code of a project that runs for each new instance: whether it may change a column.

An `__init__` and a receiver are read in their bytecode, once for each code. What is not known to be harmless may change
a column, and the rows are then read by Django.
"""

import dis
import inspect
import sys
from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from types import CodeType
from typing import Any

from django.db.models import Model
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor, ForwardOneToOneDescriptor

from pyforge_web.fields import find_attribute
from pyforge_web.output.model_names import STOCK_DESCRIPTORS, is_set_by_class
from pyforge_web.stock import find_stock

_DJANGOS_PK = find_stock(Model, "pk")
# What a function may call that is known to leave the columns of an instance alone.
_HARMLESS_CALLS = frozenset(
    """
    __init__ abs all any bool copy deepcopy dict enumerate float frozenset get int isinstance items keys len list max
    min range reversed set sorted str sum super tuple type values zip
    """.split()  # noqa: SIM905
)
_HARMLESS_MODULES = ("builtins", "copy")
# Reading these attributes of an instance runs Django's code alone, and changes no column.
_HARMLESS_DESCRIPTORS = {*STOCK_DESCRIPTORS, ForwardManyToOneDescriptor, ForwardOneToOneDescriptor}
# Receivers of other packages that leave the columns of an instance alone, by their module, class and name.
_HARMLESS_RECEIVERS = (
    # Connected for every model of a project. It only sets `_ik` on the instances of models with image fields.
    ("imagekit.specs.sourcegroups", "ModelSignalRouter", "post_init_receiver"),
)
# A code with these names may store any attribute.
_STORING_NAMES = {"__dict__", "setattr", "vars"}
# What a code does to call with `*args, **kwargs` of its own, and that it takes both.
_PASSING_STEPS = {"BUILD_MAP", "DICT_MERGE", "PRECALL", "PUSH_NULL"}
_TAKES_ALL = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def why_changed(model: Any, function: Any) -> str | None:
    """Return why a function that runs for each new instance may change a column of it."""
    if _is_harmless_receiver(function):
        return None
    inner = getattr(function, "__func__", function)
    code = getattr(inner, "__code__", None)
    name = getattr(function, "__qualname__", type(function).__name__)
    stored = None if code is None or not _calls_builtins(inner) else _stored_names(code)
    if code is None or stored is None or any(_runs_code(model, each) for each in code.co_names):
        return f"{name} runs for each {model.__name__}, and may change it"
    columns = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    if stored & {"__class__", *columns} or any(is_set_by_class(model, name) for name in stored):
        return f"{name} changes columns of {model.__name__}"
    return None


def _is_harmless_receiver(function: Any) -> bool:
    for module, class_name, name in _HARMLESS_RECEIVERS:
        owner = getattr(sys.modules.get(module), class_name, None)
        if owner is not None and type(getattr(function, "__self__", None)) is owner:
            return function.__func__ is vars(owner).get(name)
    return False


def _calls_builtins(function: Any) -> bool:
    """Return whether the names of harmless calls mean what they say in the module of a function."""
    names = _HARMLESS_CALLS.intersection(function.__code__.co_names) & function.__globals__.keys()
    return all(getattr(function.__globals__[name], "__module__", None) in _HARMLESS_MODULES for name in names)


def _runs_code(model: Any, name: str) -> bool:
    """Return whether a model's attribute of this name is code of others: a property, a method, a descriptor."""
    found = find_attribute(model, name)
    if found is None:  # an attribute of the instance, or one that `__getattr__` gives
        return name not in _HARMLESS_CALLS and hasattr(model, "__getattr__")
    is_harmless = type(found) in _HARMLESS_DESCRIPTORS or found is _DJANGOS_PK or found is vars(object).get(name)
    return name != "__init__" and not is_harmless and hasattr(type(found), "__get__")


@lru_cache(maxsize=1024)
def _stored_names(code: CodeType) -> frozenset[str] | None:
    """Return the attributes that a function's code stores; None where it may store any: it runs code of others."""
    stored: set[str] = set()
    steps = list(dis.get_instructions(code))
    for place, step in enumerate(steps):
        name = step.opname
        if name == "STORE_ATTR":
            stored.add(step.argval)
        elif step.argval == "__init__" and not _hands_all_on(code, steps, place):
            return None
        elif name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_METHOD"):
            if step.argval not in _HARMLESS_CALLS:
                return None
        elif name == "LOAD_ATTR" and "NULL" in step.argrepr and step.argval not in _HARMLESS_CALLS:
            return None  # a method that is called, from Python 3.12 on
        elif (
            (name in ("LOAD_SUPER_ATTR", "LOAD_SUPER_METHOD") and step.argval != "__init__")
            or (name in ("LOAD_DEREF", "LOAD_CLASSDEREF") and step.argval != "__class__")
            or name.startswith(("STORE_SUBSCR", "DELETE_", "IMPORT_", "STORE_GLOBAL", "STORE_DEREF", "MAKE_FUNCTION"))
        ):
            return None
    return None if _STORING_NAMES & set(code.co_names) else frozenset(stored)


def _hands_all_on(code: CodeType, steps: Sequence[dis.Instruction], place: int) -> bool:
    """Return whether the `__init__` that the step at `place` finds is called with the function's `*args, **kwargs`."""
    takes = code.co_flags & _TAKES_ALL == _TAKES_ALL and code.co_argcount == 1 and code.co_kwonlyargcount == 0
    taken, given = code.co_varnames[1:3], list[str]()
    for step in takewhile(lambda step: step.opname != "CALL_FUNCTION_EX", steps[place + 1 :]):
        if step.opname.startswith("LOAD_FAST"):
            given += _locals_of(step)
        elif step.opname not in _PASSING_STEPS:
            return False
    stored = {name for step in steps if step.opname.startswith("STORE_FAST") for name in _locals_of(step)}
    return takes and given == [*taken] and stored.isdisjoint(taken)


def _locals_of(step: dis.Instruction) -> tuple[str, ...]:
    """Return the local names of a step; from Python 3.13 on a step may have two."""
    return step.argval if isinstance(step.argval, tuple) else (step.argval,)
