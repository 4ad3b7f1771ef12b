"""Lists of output fields that were read before: a view gives the same list at each call, and reading it costs 20 us.

A list is known by what it says, not by the object that it is: it may be changed between two calls.
"""

from collections.abc import Callable
from copy import copy
from functools import update_wrapper
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any, Generic, TypeVar

from django.db.models import F

from pyforge_web._native import are_same_fields
from pyforge_web.output.fields import Attribute, Computed, Display, Flat, Keys
from pyforge_web.output.file_urls import FileUrl
from pyforge_web.output.links import Link

Result = TypeVar("Result")

# What says all that it means by its attributes. Other expressions may hold a query, a value, or a model.
_COMPARED = (F, Attribute, Computed, Display, FileUrl, Flat, Keys, Link)
# A client may choose the names, and names that no model has are kept, too: they are known here before the model is.
_MOST_ALIKE, _MOST_LISTS = 8, 256
_LONGEST_LIST, _LONGEST_OF_ALL = 5_000, 500_000  # characters of their names
_MOST_RESULTS = 1024  # of one function


class KeptFields(tuple[Any, ...]):
    """Fields as they were parsed: the same object for all lists that say the same."""

    _hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = super().__hash__()
        return self._hash


class KeptNames(dict[Any, Result]):
    """What is kept by names. When the entries are too many, or their names too long together, all is forgotten."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._length = 0  # of all names since it was last cleared

    def keep(self, key: Any, value: Result, length: int) -> None:
        """Keep a value for names with so many characters."""
        if len(self) >= self._most or self._length > _LONGEST_OF_ALL:
            self.clear()
        self._length += length
        self[key] = value

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._length = 0


# By the length of a list and its first name.
_kept_lists: KeptNames[list[tuple[Any, KeptFields]]] = KeptNames(_MOST_LISTS)


def keep_parsed(fields: list[Any] | tuple[Any, ...], parse: Callable[[Any], tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return what `parse` makes of a list, which it is asked for once for all lists that say the same."""
    key = _find_key(fields)
    if key is None:
        return parse(fields)
    alike = _kept_lists.get(key, ())
    for before, kept in alike:
        if are_same_fields(fields, before, _COMPARED):
            return kept
    parsed = parse(fields)
    before = _copy_plain(fields)
    if before is None or (length := count_characters(before)) > _LONGEST_LIST:
        return parsed
    kept = KeptFields(parse(before))  # of the copy, which nobody changes
    _kept_lists.keep(key, [*alike[1 - _MOST_ALIKE :], (before, kept)], length)
    return kept


def count_characters(part: Any) -> int:
    """Return how long the names of a list are together; each other thing in it counts as one character."""
    length, work = 0, [part]
    while work:
        part = work.pop()
        if isinstance(part, str):
            length += len(part)
        elif isinstance(part, dict):
            work += (*part, *part.values())
        elif isinstance(part, list | tuple):
            length += len(part)
            work += part
        else:
            length += 1
    return length


def is_long(fields: Any) -> bool:
    """Return whether fields are longer than any that a view names, so that nothing is kept of them."""
    return count_characters(fields) > _LONGEST_LIST


class KeptResults(Generic[Result]):
    """A function that gives the same result for the same names; nothing is kept of names that are long.

    A client may choose them: `values("data__" + key)`. Their characters count, as those of lists do.
    """

    def __init__(self, function: Callable[..., Result]) -> None:
        self._function = function
        self._results: KeptNames[Result] = KeptNames(_MOST_RESULTS)
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Result:
        """Return what the function returns, which is never None."""
        result = self._results.get(arguments)
        if result is None:
            result = self._function(*arguments)
            if (length := count_characters(arguments)) <= _LONGEST_LIST:
                self._results.keep(arguments, result, length)
        return result

    def clear(self) -> None:
        """Forget all results."""
        self._results.clear()


def _find_key(fields: list[Any] | tuple[Any, ...]) -> tuple[int, str] | None:
    first = fields[0] if fields else None
    if type(first) is dict:
        first = next(iter(first), None)
    return (len(fields), first) if type(first) is str else None


def _copy_plain(part: Any) -> Any:
    """Return a copy of a list that says all by its names and attributes; None for any other one."""
    kind = type(part)
    if kind is str:
        return part
    if kind in (list, tuple):
        items = [_copy_plain(item) for item in part]
        return None if None in items else kind(items)
    if kind is dict:
        values = [_copy_plain(value) for value in part.values()]
        is_plain = None not in values and all(type(key) is str for key in part)
        return dict(zip(part, values, strict=True)) if is_plain else None
    if kind in _COMPARED:
        return copy(part) if all(map(_is_plain_attribute, vars(part).values())) else None
    return None


def _is_plain_attribute(value: Any) -> bool:
    """Return whether an attribute of an expression holds nothing but names, and functions of a module."""
    kind = type(value)
    if kind is dict:
        return all(map(_is_plain_attribute, (*value, *value.values())))
    if kind is tuple:
        return all(map(_is_plain_attribute, value))
    if kind is FunctionType:
        return value.__closure__ is None
    if kind is BuiltinFunctionType:
        return isinstance(value.__self__, ModuleType)
    return kind is str or kind is MethodDescriptorType
