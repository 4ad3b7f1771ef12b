"""The grammar of output fields: a list of names, and dicts for what has a key of its own.

A dict's list is a relation: `{"author": ["name"]}`. A dict's expression is what `.values(key=expression)` means:
`{"headline": F("title")}`. `"*"` stands for all public columns.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, cast

from django.db.models import F
from django.utils.module_loading import import_string

from pyforge_web.conf import with_docs
from pyforge_web.output.fields import OutputField
from pyforge_web.output.kept_fields import KeptFields, keep_parsed

# What a user writes. The parser checks what stands in the list.
Fields = list[Any] | tuple[Any, ...] | Literal["*"]


# More than any endpoint has. A list that stands inside of itself never ends.
_MOST_LEVELS = 50


class NestedFields(NamedTuple):
    """`{"author": ["id", "name"]}`: the fields of a relation."""

    name: str
    fields: "ParsedFields"


class KeyedExpression(NamedTuple):
    """`{"headline": F("title")}`: a value under a key of its own."""

    name: str
    expression: Any


class AllColumns(NamedTuple):
    """`"*"`: the public columns of a model, without some of them."""

    exclude: tuple[str, ...] = ()
    name: str = "*"


ParsedItem = str | NestedFields | KeyedExpression | AllColumns
ParsedFields = tuple[ParsedItem, ...]


def parse_fields(fields: object, exclude: Iterable[str] = ()) -> ParsedFields:
    """Return a `fields=` argument, checked: each name once, in their order.

    Raises `TypeError` for anything but lists of names and of dicts, and `ValueError` for an empty list (to `.values()`
    it would mean all columns, the secret ones included) and for a key that is named twice.
    """
    if type(fields) is KeptFields and not exclude:
        return fields
    if type(fields) in (list, tuple) and not exclude:
        items = cast("list[object]", fields)
        # Most lists are names alone: they need no more than this.
        if items and all(type(item) is str and item != "*" for item in items):
            return tuple(dict.fromkeys(cast("list[str]", items)))
        return keep_parsed(items, read_list)
    parsed = read_list("*" if fields is None and exclude else fields)
    return _exclude(parsed, read_exclude(exclude)) if exclude else parsed


def read_list(fields: object) -> ParsedFields:
    """Return the same as `parse_fields`, and keep nothing of the list, which a client may have written."""
    return tuple(_read_list(fields, ()).values())


def read_fields(text: str) -> ParsedFields:
    """Return the fields of a command line: `id,title`, a JSON array, or the dotted path of a list: `shop.api.ARTICLE`.

    Raises as `parse_fields` does, and `ValueError` for what is no JSON, or no list of a module.
    """
    # A dotted path, and not the name of a column: these have no dots.
    if "." in text and "," not in text and text.replace(".", "").isidentifier():
        try:
            return parse_fields(import_string(text))
        except ImportError as error:
            raise ValueError(str(error)) from error
    if text.lstrip().startswith("["):
        return parse_fields(json.loads(text))
    return parse_fields([name.strip() for name in text.split(",")])


def has_expressions(fields: ParsedFields) -> bool:
    """Return whether the fields have expressions that may hold a query or a value, at any depth.

    Names behind `F` and output fields are compared by what they say.
    """
    if type(fields) is KeptFields:
        return False
    work = [fields]
    while work:
        for item in work.pop():
            if isinstance(item, KeyedExpression):
                if type(item.expression) is not F and not isinstance(item.expression, OutputField):
                    return True
            elif isinstance(item, NestedFields):
                work.append(item.fields)
    return False


def read_exclude(exclude: object) -> tuple[str, ...]:
    """Return the names in an `exclude=` argument; None is none. Raises `TypeError` for what is not a list of names."""
    if exclude is None or exclude == ():  # nearly always
        return ()
    names = exclude if isinstance(exclude, str) or not isinstance(exclude, Iterable) else tuple(exclude)
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise with_docs(TypeError(f'exclude= must be a list of column names like ["notes"], not {exclude!r}'), "fields")
    return names


def _exclude(parsed: ParsedFields, names: tuple[str, ...]) -> ParsedFields:
    if not any(isinstance(item, AllColumns) for item in parsed):
        raise with_docs(
            ValueError('exclude= takes columns out of "*": without "*" leave the names out of fields= itself'), "fields"
        )
    return tuple(AllColumns(names) if isinstance(item, AllColumns) else item for item in parsed)


def _read_list(fields: object, path: tuple[str, ...]) -> dict[str, ParsedItem]:
    place = f"fields of {'.'.join(path)}" if path else "fields"
    if isinstance(fields, str) and fields == "*":
        return {"*": AllColumns()}
    if fields == "__all__":
        raise with_docs(TypeError(f'{place}: write "*" for all public columns, not "__all__"'), "fields")
    if not isinstance(fields, list | tuple):
        raise with_docs(
            TypeError(f'{place} must be a list of field names like ["id", "title"], not {fields!r}'), "fields"
        )
    if len(path) > _MOST_LEVELS:
        raise with_docs(
            ValueError(
                f"fields has more than {_MOST_LEVELS} relations inside each other: {'.'.join(path[:4])}... Does a list "
                "stand inside of itself?"
            ),
            "fields",
        )
    by_key: dict[str, ParsedItem] = {}
    for part in fields:
        for item in _read_item(part, path, place):
            key = item if isinstance(item, str) else item.name
            if key in by_key and by_key[key] != item:
                raise with_docs(
                    ValueError(f"{place} has {key!r} twice, and an object has each key once: write one of them"),
                    "fields",
                )
            by_key[key] = item
    if not by_key:
        what = "name the columns to write of it" if path else "name the columns to write, or leave it out"
        raise with_docs(ValueError(f"{place} is empty: {what}"), "fields")
    return by_key


def _read_item(part: object, path: tuple[str, ...], place: str) -> Iterator[ParsedItem]:
    """Yield what one item of a list names: a column, or what the keys of a dict stand for."""
    if isinstance(part, str):
        if part == "__all__":
            raise with_docs(TypeError(f'{place}: write "*" for all public columns, not "__all__"'), "fields")
        yield AllColumns() if part == "*" else part
        return
    if isinstance(part, NestedFields | KeyedExpression | AllColumns):
        yield part
        return
    if not isinstance(part, dict) or not part or not all(isinstance(key, str) for key in part):
        raise with_docs(
            TypeError(
                f'{place} must be a list of field names like ["id", "title"], of relations like '
                f'{{"author": ["id", "name"]}} and of expressions like {{"headline": F("title")}}, not of {part!r}'
            ),
            "fields",
        )
    for key, value in part.items():
        if hasattr(value, "resolve_expression") or isinstance(value, OutputField):
            yield KeyedExpression(key, value)
        elif isinstance(value, str) and value != "*":
            raise with_docs(
                TypeError(
                    f"fields of {'.'.join((*path, key))} must be a list of field names, not {value!r}: write "
                    f"{{{key!r}: [{value!r}]}} for a relation, or {{{key!r}: F({value!r})}} for a column under this key"
                ),
                "fields",
            )
        else:
            yield NestedFields(key, tuple(_read_list(value, (*path, key)).values()))
