"""`Link`: the URL of a view, reversed once, with the text of a row's values in it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import Value
from django.urls import NoReverseMatch, converters, get_resolver, get_urlconf, reverse
from django.urls.resolvers import URLResolver, get_ns_resolver

from pyforge_web._native import LinkText
from pyforge_web.output.absolute_urls import make_absolute
from pyforge_web.output.fields import Make, OutputField, Source

# Django's own path converters, of which native code knows the values that they take: the name, and a sample.
_PATH_CONVERTERS: dict[type, tuple[str, str]] = {
    converters.IntConverter: ("int", "91827364{}"),
    converters.SlugConverter: ("slug", "pyforge-slug-{}"),
    converters.StringConverter: ("str", "pyforge-text-{}"),
    converters.UUIDConverter: ("uuid", "5f3c9a4e-0b1d-4c2a-9e8f-7a6b5c4d3e2{}"),
    converters.PathConverter: ("path", "pyforge/path-{}"),
}
# Values of these types that are equal have the same text. Decimals and datetimes have not, and a list has no hash.
_SAME_TEXT = frozenset({bool, date, int, str, UUID})


class Link(OutputField):
    """The URL of a view, as `reverse()` gives it: `Link("article-detail", pk="id")`; null where a value is null.

    The arguments are paths of fields, or `Value()` for what is the same in all rows.
    """

    def __init__(self, view_name: str, *args: "str | Value", **kwargs: "str | Value") -> None:
        self.view_name = view_name
        self.args = args
        self.kwargs = kwargs
        self.names = tuple(name for name in (*args, *kwargs.values()) if isinstance(name, str))

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self._read_values() == cast(Link, other)._read_values()

    __hash__ = OutputField.__hash__

    def _read_values(self) -> list[tuple[type, str]]:
        """Return what tells values apart that are equal: `Value(1)` and `Value(True)` are other URLs."""
        values = [cast(Any, each).value for each in (*self.args, *self.kwargs.values()) if not isinstance(each, str)]
        return [(type(value), repr(value)) for value in values]

    def __repr__(self) -> str:
        return f"Link({self.view_name!r}, {', '.join(map(repr, self.names))})"

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Make:
        urls: dict[Any, str] = {}

        def url(values: tuple[Any, ...]) -> Any:
            if None in values:
                return None
            kinds = tuple(map(type, values))
            key = (kinds, values) if _SAME_TEXT.issuperset(kinds) else None
            if key is not None and key in urls:
                return urls[key]
            address = self._reverse(values)
            made = address if request is None else request.build_absolute_uri(address)
            if key is not None:
                urls[key] = made
            return made

        return url

    def bind_native(self, sources: Sequence[Source], request: Any, columns: Sequence[int]) -> LinkText | None:
        """Return the text around the values, where one route with Django's own converters answers for them."""
        route = find_route(self.view_name, len(self.args), self.kwargs)
        if route is None:
            return None
        given = dict(zip(route.names, self.args, strict=True)) if self.args else self.kwargs
        fields = [name for name, value in given.items() if isinstance(value, str)]  # as the values come
        kinds = [_PATH_CONVERTERS.get(type(route.converters.get(name))) for name in fields]
        if None in kinds or not set(fields) <= set(route.names):
            return None
        samples = {
            name: sample.format(number)
            for number, (name, (_, sample)) in enumerate(zip(fields, cast(Any, kinds), strict=True))
        }
        in_text = [name for name in route.names if name in samples]
        texts = self._cut_url(list(samples.values()), [samples[name] for name in in_text])
        start = None if texts is None else make_absolute(texts[0], request)
        if texts is None or start is None:
            return None
        values = [(columns[fields.index(name)], cast(Any, kinds[fields.index(name)])[0]) for name in in_text]
        if texts[0] == "/" and values and values[0][1] == "path":
            return None  # `reverse` escapes a second slash at the beginning
        make = self.bind(sources, request, "")

        def make_url(*values: Any) -> Any:
            by_name = dict(zip(in_text, values, strict=True))
            return make(tuple(by_name[name] for name in fields))

        return LinkText([start, *texts[1:]], values, make_url)

    def _reverse(self, values: Iterable[Any]) -> str:
        rest = iter(values)
        args = [next(rest) if isinstance(name, str) else cast(Any, name).value for name in self.args]
        kwargs = {
            key: next(rest) if isinstance(name, str) else cast(Any, name).value for key, name in self.kwargs.items()
        }
        return reverse(self.view_name, args=args or None, kwargs=kwargs or None)

    def _cut_url(self, samples: list[str], in_text: list[str]) -> list[str] | None:
        """Return the texts around the values, from a URL with samples; None where the samples are not found."""
        try:
            url = self._reverse(samples)
        except (NoReverseMatch, ValueError):  # said where a URL is written, and in an empty list nowhere
            return None
        texts = []
        for sample in in_text:
            if url.count(sample) != 1:
                return None
            before, _, url = url.partition(sample)
            texts.append(before)
        return [*texts, url]


class Route(NamedTuple):
    """The arguments of the one route that answers, in the order of its text, and their converters.

    `text` is its URL with `%(name)s` for the arguments, `pattern` the regular expression that such a URL must match.
    """

    names: Sequence[str]
    converters: dict[str, Any]
    defaults: dict[str, Any]
    text: str
    pattern: str


def find_route(view_name: str, count: int, kwargs: dict[str, Any]) -> Route | None:
    """Return the route of a view for so many arguments, or for these by name; None where there is not exactly one.

    Source: `django.urls.base.reverse` and `URLResolver._reverse_with_prefix`.
    """
    *path, name = view_name.split(":") if isinstance(view_name, str) else [view_name]
    resolver = get_resolver(get_urlconf())
    pattern, namespaced = "", {}
    for namespace in path:
        instances = resolver.app_dict.get(namespace)
        if instances and namespace not in instances:
            namespace = instances[0]
        if namespace not in resolver.namespace_dict:
            return None
        extra, resolver = resolver.namespace_dict[namespace]
        pattern += extra
        namespaced.update(resolver.pattern.converters)
    if type(resolver) is not URLResolver:
        return None
    if pattern:
        resolver = get_ns_resolver(pattern, resolver, tuple(namespaced.items()))
    routes = [
        Route(names, route_converters, defaults, text, expression)
        for possibility, expression, defaults, route_converters in resolver.reverse_dict.getlist(name)
        for text, names in possibility
        if (len(names) == count if count else not set(kwargs).symmetric_difference(names).difference(defaults))
    ]
    return routes[0] if len(routes) == 1 else None
