"""The names of keys in the output: those of the fields, or what `keys="camel"` makes of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, cast

from pyforge_web.fields import to_camel

KeyStyle = Literal["camel"] | Callable[[str], str]

# Makes the key of a field's name, in the output that is written now; None leaves the names as they are.
key_maker: ContextVar[Callable[[str], str] | None] = ContextVar("pyforge_web_key_maker", default=None)


def find_key_style(keys: Any) -> Callable[[str], str] | None:
    """Return the function behind a `keys=` argument. Raises `ValueError` for a style that does not exist."""
    if keys is None:
        return None
    if keys == "camel":
        return to_camel
    if callable(keys):
        return cast("Callable[[str], str]", keys)
    raise ValueError(f'keys= must be "camel" or a function, not {keys!r}')


@contextmanager
def output_with_keys(make: Callable[[str], str] | None) -> Iterator[None]:
    """Write output with such keys; without a function, with those of the output around it."""
    token = None if make is None else key_maker.set(make)
    try:
        yield
    finally:
        if token is not None:
            key_maker.reset(token)


def make_keys(names: Iterable[str]) -> list[str]:
    """Return the keys of some names. Raises `ValueError` where two names become one key."""
    make = key_maker.get()
    names = list(names)
    if make is None:
        return names
    keys = [make(name) for name in names]
    if len(set(keys)) < len(set(names)):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"keys= makes {twice!r} of two names, and an object has each key once")
    return keys
