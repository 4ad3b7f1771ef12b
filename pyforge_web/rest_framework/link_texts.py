"""The addresses of hyperlinked fields: `reverse()` is asked once for all objects, with a sample in place of the key.

DRF asks it for each object, which takes most of the time of a field. Its own code still makes the `Hyperlink`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from django.urls import NoReverseMatch, converters, get_script_prefix
from rest_framework import relations, versioning
from rest_framework.reverse import reverse

from pyforge_web.output.links import find_route
from pyforge_web.rest_framework.model_attributes import find_own_method

FEWEST_LINKS = 3  # a sample costs as much as two of them
_standard_reverse, _standard_versioned = reverse, versioning.BaseVersioning.reverse
# Values whose text is in a URL as it is: the type, a sample. Other texts may be escaped.
_SAMPLES: dict[type, Any] = {
    int: 918273645546372819,
    str: "pyforge-sample-918273645",
    UUID: UUID("5f3c9a4e-0b1d-4c2a-9e8f-7a6b5c4d3e21"),
}
_IS_PLAIN = re.compile(r"[A-Za-z0-9_-]+").fullmatch
# Those that write a value as `str()` does; a route of a regular expression has none.
_TEXT_CONVERTERS = (
    converters.IntConverter,
    converters.SlugConverter,
    converters.StringConverter,
    converters.UUIDConverter,
    type(None),
)


@contextmanager
def reversed_once(field: Any) -> Iterator[None]:
    """Let a hyperlinked field fill its keys into one address, where DRF's `reverse` is certain to give the same."""
    kind = relations.HyperlinkedRelatedField
    if not isinstance(field, kind) or find_own_method(field, kind, "get_url") or field.reverse is not _standard_reverse:
        yield
        return
    field.reverse = _LinkReverse(field.lookup_url_kwarg)
    try:
        yield
    finally:
        field.reverse = _standard_reverse


class _LinkReverse:
    """In place of `rest_framework.reverse.reverse` for a field, as long as its values are read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._makers: dict[type, Callable[[str], str | None] | None] = {}

    def __call__(self, view_name: Any, kwargs: Any, **options: Any) -> str:
        value = kwargs[self._name]
        kind = type(value)
        if kind in _SAMPLES and len(kwargs) == 1 and options.get("format") is None:
            if kind not in self._makers:
                self._makers[kind] = self._find_maker(view_name, kind, options.get("request"))
            make = self._makers[kind]
            url = None if make is None else make(str(value))
            if url is not None:
                return url
        return cast(str, _standard_reverse(view_name, kwargs=kwargs, **options))

    def _find_maker(self, view_name: Any, kind: type, request: Any) -> Callable[[str], str | None] | None:
        """The function from a key's text to its URL; None for a text, or a route, that Django has to decide on."""
        scheme = getattr(request, "versioning_scheme", None)
        if scheme is not None and type(scheme).reverse is not _standard_versioned:
            return None
        name, sample = self._name, _SAMPLES[kind]
        route = find_route(view_name, 0, {name: None})
        if route is None or route.defaults or list(route.names) != [name]:
            return None
        if type(route.converters.get(name)) not in _TEXT_CONVERTERS:
            return None
        try:
            url = _standard_reverse(view_name, kwargs={name: sample}, request=request)
        except NoReverseMatch:
            return None
        if url.count(str(sample)) != 1:
            return None
        start, _, end = url.partition(str(sample))
        prefix = get_script_prefix()
        text = prefix.replace("%", "%%") + route.text  # as `URLResolver._reverse_with_prefix`
        is_matched = re.compile(f"^{re.escape(prefix)}{route.pattern}").search

        def make(value: str) -> str | None:
            return f"{start}{value}{end}" if _IS_PLAIN(value) and is_matched(text % {name: value}) else None

        return make
