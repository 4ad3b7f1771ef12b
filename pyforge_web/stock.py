"""Whether a function is still the library's own: classes are patched in place by tools and by projects.

What is compared at each query is the identity of functions that were verified here, once, at import. A function that
was replaced before that is not the library's either: its code stands in another file.
"""

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import _lru_cache_wrapper, cached_property, partialmethod
from operator import attrgetter
from pathlib import Path
from types import MethodDescriptorType, MethodType, ModuleType
from typing import Any

import django
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.functional import cached_property as django_cached_property
from django.utils.functional import classproperty

from pyforge_web._native import AttributeWatch, watch_encoder
from pyforge_web.conf import get_settings

# Added to Django's classes by django-stubs-ext, for annotations.
_HARMLESS_NAMES = frozenset({"__class_getitem__"})
_DJANGO_FOLDER = f"{Path(django.__file__).parent}{os.sep}"
_OUR_FOLDER = f"{Path(__file__).parent}{os.sep}"


def is_own_function(function: object, package: ModuleType) -> bool:
    """Return whether a function was written in a package, and is not somebody's wrapper around it."""
    if isinstance(function, MethodDescriptorType):  # of a class written in C, which nobody can patch
        return True
    code: Any = getattr(function, "__code__", None)
    module = getattr(function, "__module__", None)
    if code is None or not isinstance(module, str):
        return False
    # `functools.wraps` copies the name of the module, but not the file of the code; a decorator of the library
    # (Django's `async_unsafe`) has the library's file, but copies the name of the user's module.
    folder = os.path.dirname(str(package.__file__)) + os.sep  # noqa: PTH120
    root = sys.modules.get(module.partition(".")[0])  # PyMySQL's modules may be called MySQLdb
    return code.co_filename.startswith(folder) and root is package


def is_django_function(function: Any) -> bool:
    """Return whether a function or method was written in Django: a project may have put its own in the place of one."""
    code = getattr(function, "__code__", None)
    # Both, as in `is_own_function`: `functools.wraps` copies the name of the module, and a decorator has its own file.
    return (
        code is not None
        and code.co_filename.startswith(_DJANGO_FOLDER)
        and str(getattr(function, "__module__", "")).startswith("django.")
    )


class StockMethods:
    """Methods of a class as its library wrote them, to be compared with those of a class that is met later."""

    def __init__(self, owner: type, names: Iterable[str], package: ModuleType) -> None:
        self.owner = owner
        self.names = tuple(names)
        getter = attrgetter(*self.names)
        # `attrgetter` gives no tuple for one name.
        self.find: Callable[[Any], tuple[Any, ...]] = getter if len(self.names) > 1 else lambda kind: (getter(kind),)
        functions = {name: getattr(owner, name) for name in self.names}
        # An object that nothing is identical to stands for a method that was replaced before.
        self.functions = {
            name: function if is_own_function(function, package) else object() for name, function in functions.items()
        }
        self._expected = tuple(self.functions.values())

    def are_methods_of(self, kind: type) -> bool:
        """Return whether a class has these methods, by identity."""
        try:
            return bool(self.find(kind) == self._expected)
        except AttributeError:
            return False

    def find_replaced(self, kind: type) -> str | None:
        """Return the first method of a class that is another one; None where all are stock."""
        if self.are_methods_of(kind):
            return None
        for name, function in self.functions.items():
            if getattr(kind, name, None) is not function:
                return f"{kind.__name__}.{name}"
        return None


def find_stock(owner: type, name: str, package: ModuleType = django) -> Any:
    """Return an attribute of a class as its library wrote it; an object that nothing is, for one that was replaced.

    Asked once, when a module is imported: what a class has later may be somebody's patch.
    """
    found: Any = inspect.getattr_static(owner, name)
    function = found.fget if isinstance(found, property) else _find_wrapped(found) or found
    stock = getattr(owner, name) if is_own_function(function, package) else object()
    return find_function(stock)


def find_function(method: object) -> object:
    """Return the function under a bound method; any other callable as it is."""
    return method.__func__ if isinstance(method, MethodType) else method


def describe_callable(function: Any) -> str:
    """Return the name of a function or a class for a reason."""
    return str(getattr(function, "__qualname__", repr(function)))


def find_foreign(kind: type) -> str | None:
    """Return the first attribute of a class, or of one of its bases, that others than Django wrote; None for none."""
    for base in kind.__mro__:
        if base.__module__ == "builtins":
            continue
        for name, value in vars(base).items():
            if name not in _HARMLESS_NAMES and not is_own_attribute(value):
                return f"{base.__name__}.{name} is not Django's"
    return None


def is_own_attribute(value: Any) -> bool:
    """Return whether an attribute of a class is plain data, or a function of Django's or ours."""
    if isinstance(value, property):
        return all(map(is_own_attribute, (value.fget, value.fset, value.fdel)))
    if type(value).__name__ == "class_or_instance_method":
        return is_own_attribute(value.class_method) and is_own_attribute(value.instance_method)
    while (inner := _find_wrapped(value)) is not None:
        value = inner
    if isinstance(value, type):
        return True
    if not callable(value):
        return type(value).__module__ == "builtins" or not hasattr(type(value), "__get__")
    if type(value).__name__ in _C_FUNCTIONS or type(value).__module__ == "operator":
        return True
    return is_own_function(value, django) or _is_ours(value)


def _find_wrapped(value: Any) -> Any:
    """Return the function under Python's and Django's own decorators."""
    if isinstance(value, django_cached_property | cached_property | partialmethod):
        return value.func
    if isinstance(value, classmethod | staticmethod):
        return value.__func__
    if isinstance(value, classproperty):
        return value.fget
    return value.__wrapped__ if isinstance(value, _lru_cache_wrapper) else None


def _is_ours(function: Any) -> bool:
    code: Any = getattr(function, "__code__", None)
    return code is not None and code.co_filename.startswith(_OUR_FOLDER)


_C_FUNCTIONS = frozenset({"builtin_function_or_method", "method_descriptor", "wrapper_descriptor"})


# Django's encoder as it is now: a project, or a tool, may change its methods for the whole process.
_ENCODING = ("__init__", "default", "encode", "iterencode")
find_encoding = attrgetter(*_ENCODING)  # what decides the bytes of an encoder
_ENCODERS: dict[type, ModuleType] = {DjangoJSONEncoder: django, json.JSONEncoder: json}


def _find_changed_at_import() -> str | None:
    """Return the first method of Django's encoder, or of its base, that its library did not write."""
    for encoder, library in _ENCODERS.items():
        for name in _ENCODING:
            package = library if name in vars(encoder) else json
            if not is_own_function(getattr(encoder, name), package):
                return f"{encoder.__name__}.{name}"
    return None


_CHANGED_AT_IMPORT = _find_changed_at_import()
_DJANGOS_ENCODING = {encoder: find_encoding(encoder) for encoder in _ENCODERS}
_ENCODER_WATCH = AttributeWatch([(encoder, _ENCODING, False) for encoder in _ENCODERS])
watch_encoder(DjangoJSONEncoder, None if _CHANGED_AT_IMPORT else _ENCODER_WATCH)


def find_changed_encoder() -> str | None:
    """Return which method of Django's encoder is another one than its library's; None where it is as it should be."""
    if _CHANGED_AT_IMPORT is not None or _ENCODER_WATCH.holds():
        return _CHANGED_AT_IMPORT
    for encoder, stock in _DJANGOS_ENCODING.items():
        methods = find_encoding(encoder)
        if methods != stock:
            name = next(name for name, one, other in zip(_ENCODING, methods, stock, strict=True) if one is not other)
            return f"{encoder.__name__}.{name}"
    return None


def why_not_native() -> str | None:
    """Return why Django's encoder writes every value; None where native code does."""
    if not get_settings()["NATIVE"]:
        return "the setting NATIVE is off"
    changed = find_changed_encoder()
    return None if changed is None else f"{changed} was changed"
