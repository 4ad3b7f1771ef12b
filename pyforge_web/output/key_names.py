"""The names of keys in the output: those of the fields, or what `keys="camel"` makes of them."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, cast

from pyforge_web.conf import with_docs
from pyforge_web.fields import to_camel
from pyforge_web.output.date_formats import format_date
from pyforge_web.output.options import output_options

KeyStyle = Literal["camel"] | Callable[[str], str]


def find_key_style(keys: Any) -> Callable[[str], str] | None:
    """Return the function behind a `keys=` argument. Raises `ValueError` for a style that does not exist."""
    if keys is None:
        return None
    if keys == "camel":
        return to_camel
    if callable(keys):
        return cast("Callable[[str], str]", keys)
    raise with_docs(ValueError(f'keys= must be "camel" or a function, not {keys!r}'), "key-names")


def make_keys(names: Iterable[str]) -> list[str]:
    """Return the keys of some names. Raises `ValueError` where two names become one key."""
    make = output_options.get().make_key
    names = list(names)
    if make is None:
        return names
    keys = [make(name) for name in names]
    for name, key in zip(names, keys, strict=True):
        if not isinstance(key, str):
            raise with_docs(TypeError(f"keys= makes {key!r} of {name!r}: a key must be a str"), "key-names")
    # A client's parser would keep the last of them, and the other value would be lost.
    if len(set(keys)) < len(set(names)):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise with_docs(ValueError(f"keys= makes {twice!r} of two names, and an object has each key once"), "key-names")
    return keys


def is_row_plain() -> bool:
    """Return whether rows are written with the names of their columns, and their dates as the whole output."""
    return output_options.get().is_row_plain


def finish_rows(rows: "list[dict[str, Any]]") -> "list[dict[str, Any]]":
    """Return rows that Python code has read, with the keys and dates that are asked for.

    What is inside of their values (stored JSON, the rows of a relation) is not looked at.
    """
    if is_row_plain():
        return rows
    return [dict(zip(make_keys(row), map(format_date, row.values()), strict=True)) for row in rows]
