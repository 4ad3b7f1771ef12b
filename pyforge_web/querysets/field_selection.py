"""The grammar of `fields=`: names of columns, and dicts that name a relation and the fields of its model."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

# What a user writes, and what it is once it is checked.
FieldNames = Sequence["str | Mapping[str, FieldNames] | NestedFields"]
Fields = tuple["str | NestedFields", ...]


class NestedFields(NamedTuple):
    """`{"author": ["id", "name"]}`: the fields of a relation."""

    name: str
    fields: Fields


def parse(fields: object) -> Fields:
    """A `fields=` argument, checked: each name once, in their order.

    Raises `TypeError` for anything but lists of names and of dicts of such lists, `ValueError` for an empty one (to
    `.values()` it would mean all columns, the secret ones included) and for a key that is named twice.
    """
    if type(fields) in (list, tuple) and all(type(item) is str for item in cast("list[object]", fields)):
        found: Fields = tuple(dict.fromkeys(cast("list[str]", fields)))
    else:
        found = tuple(_found(fields, ()).values())
    if not found:
        raise ValueError("fields is empty: name the columns to write, or leave it out")
    return found


def read_fields(text: str) -> Fields:
    """The same from a command line: `id,title`, or a JSON array.

    Raises as `parse` does, and `ValueError` for what is no JSON.
    """
    if text.lstrip().startswith("["):
        return parse(json.loads(text))
    return parse([name.strip() for name in text.split(",")])


def is_flat(fields: Fields) -> bool:
    """Whether only columns are named, no relation."""
    return not any(isinstance(item, NestedFields) for item in fields)


def _found(fields: object, path: tuple[str, ...]) -> dict[str, str | NestedFields]:
    place = f"fields of {'.'.join(path)}" if path else "fields"
    if not isinstance(fields, list | tuple):
        raise TypeError(f'{place} must be a list of field names like ["id", "title"], not {fields!r}')
    found: dict[str, str | NestedFields] = {}
    for part in fields:
        for item in _items(part, path, place):
            name = item if isinstance(item, str) else item.name
            if name in found and found[name] != item:
                raise ValueError(f"{place} has {name!r} twice, and an object has each key once: write one of them")
            found[name] = item
    return found


def _items(part: object, path: tuple[str, ...], place: str) -> Iterator[str | NestedFields]:
    """What one item of a list names: a column, or the relations of a dict."""
    if isinstance(part, str):
        yield part
        return
    relations = {part.name: part.fields} if isinstance(part, NestedFields) else part
    if not isinstance(relations, dict) or not relations or not all(isinstance(name, str) for name in relations):
        raise TypeError(
            f'{place} must be a list of field names like ["id", "title"] and of relations like '
            f'{{"author": ["id", "name"]}}, not of {part!r}'
        )
    for name, inner in relations.items():
        within = (*path, name)
        if not (fields := tuple(_found(inner, within).values())):
            raise ValueError(f"fields of {'.'.join(within)} is empty: name the columns to write of it")
        yield NestedFields(name, fields)
