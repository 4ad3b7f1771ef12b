"""The classes of output fields: what `{"status": Display("status")}` writes under its key."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partialmethod
from typing import Any, NamedTuple

from django.db.models import Field, FileField, Model, Value
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils.encoding import force_str
from django.utils.hashable import make_hashable

from pyforge_web.output.lean_instances import make_instance, read_attribute

# The request for which output is written: it makes URLs absolute.
output_request: ContextVar[Any] = ContextVar("pyforge_web_output_request", default=None)


@contextmanager
def output_for(request: Any) -> Iterator[None]:
    """Write output for a request; without one, for that of the output around it."""
    token = None if request is None else output_request.set(request)
    try:
        yield
    finally:
        if token is not None:
            output_request.reset(token)


class Source(NamedTuple):
    """A column that an output field reads: its field, None for what a query adds, and the model that has it."""

    name: str
    field: "Field[Any, Any] | None"
    model: type[Model]


class OutputField:
    """What makes a value of named columns. `names` are paths of fields: `status`, `author__status`."""

    names: tuple[str, ...] = ()
    # Whether the values may be those of a secret column under another name.
    shows_values = True

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Callable[[tuple[Any, ...]], Any]:
        """Return the function from the values of the columns to what is written; asked anew for each call."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), self.names))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.names))})"


class Display(OutputField):
    """The label of a choice, as `get_status_display()` gives it, in the active language: `Display("status")`."""

    def __init__(self, name: str) -> None:
        self.names = (name,)

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Callable[[tuple[Any, ...]], Any]:
        (source,) = sources
        field, model = source.field, source.model
        if field is None or field.choices is None:
            raise ValueError(f"Display({source.name!r}): {source.name} is no field with choices")
        method_name = f"get_{field.name}_display"
        method = next((vars(base)[method_name] for base in model.__mro__ if method_name in vars(base)), None)
        own = not isinstance(method, partialmethod) or method.func is not Model._get_FIELD_display
        if own:
            return lambda values: getattr(
                make_instance(model, {field.attname: values[0]}, using, repr(self)), method_name
            )()
        # The labels may be lazy: what they say is read once for each call, in its language.
        labels = dict(make_hashable(field.flatchoices))
        texts: dict[Any, Any] = {}

        def label(values: tuple[Any, ...]) -> Any:
            value = make_hashable(values[0])
            if value not in texts:
                texts[value] = force_str(labels.get(value, values[0]), strings_only=True)
            return texts[value]

        return label


class FileUrl(OutputField):
    """The URL of a file as its storage gives it, null for none, absolute with a request: `FileUrl("cover")`."""

    def __init__(self, name: str) -> None:
        self.names = (name,)

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Callable[[tuple[Any, ...]], Any]:
        (source,) = sources
        field, model = source.field, source.model
        if not isinstance(field, FileField):
            raise ValueError(f"FileUrl({source.name!r}): {source.name} is no file field")

        def url(values: tuple[Any, ...]) -> Any:
            name = values[0].name if isinstance(values[0], FieldFile) else values[0]
            if not name:
                return None
            if field.attr_class.url is FieldFile.url:
                found = field.storage.url(name)
            else:  # a class of its own may ask the instance
                instance = make_instance(model, {field.attname: name}, using, repr(self))
                found = field.attr_class(instance, field, name).url
            return found if request is None else request.build_absolute_uri(found)

        return url


class Link(OutputField):
    """The URL of a view, as `reverse()` gives it: `Link("article-detail", pk="id")`; null where a value is null.

    The arguments are paths of fields, or `Value()` for what is the same in all rows.
    """

    def __init__(self, view_name: str, *args: "str | Value", **kwargs: "str | Value") -> None:
        self.view_name = view_name
        self.args = args
        self.kwargs = kwargs
        self.names = tuple(name for name in (*args, *kwargs.values()) if isinstance(name, str))

    def __repr__(self) -> str:
        return f"Link({self.view_name!r}, {', '.join(map(repr, self.names))})"

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Callable[[tuple[Any, ...]], Any]:
        urls: dict[Any, str] = {}

        def url(values: tuple[Any, ...]) -> Any:
            if None in values:
                return None
            key = tuple((type(value), value) for value in values)
            if key not in urls:
                rest = iter(values)
                args = [next(rest) if isinstance(name, str) else name.value for name in self.args]
                kwargs = {key: next(rest) if isinstance(name, str) else name.value for key, name in self.kwargs.items()}
                found = reverse(self.view_name, args=args or None, kwargs=kwargs or None)
                urls[key] = found if request is None else request.build_absolute_uri(found)
            return urls[key]

        return url


class Computed(OutputField):
    """What a function makes of named columns: `Computed(make_excerpt, "body", "lang")`. No instance is made."""

    def __init__(self, function: Callable[..., Any], *names: str) -> None:
        if not callable(function):
            raise TypeError(f"Computed() needs a function first, not {function!r}")
        self.function = function
        self.names = names

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Callable[[tuple[Any, ...]], Any]:
        function = self.function
        return lambda values: function(*values)


class Attribute(OutputField):
    """A property or method of the model, on an instance that has the columns it reads.

    `Attribute("short", reads=["title"])`: what is not named raises, and is never queried for.
    """

    def __init__(self, name: str, *, reads: Sequence[str] = ()) -> None:
        if isinstance(reads, str):
            raise TypeError(f'reads= must be a list of field names like ["title"], not {reads!r}')
        self.name = name
        self.names = tuple(reads)

    def __repr__(self) -> str:
        return f"Attribute({self.name!r}, reads={list(self.names)!r})"

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Callable[[tuple[Any, ...]], Any]:
        raise TypeError("an attribute is read of an instance")

    def bind_instance(
        self, model: type[Model], sources: Sequence[Source], using: str
    ) -> Callable[[tuple[Any, ...]], Any]:
        """Return the function from the values of the columns to the attribute of an instance that has them."""
        columns = [source.name if source.field is None else _column_path(source) for source in sources]
        return lambda values: read_attribute(
            make_instance(model, dict(zip(columns, values, strict=True)), using, repr(self)), self.name, repr(self)
        )


def _column_path(source: Source) -> str:
    *path, last = source.name.split("__")
    return "__".join([*path, source.field.attname if source.field is not None else last])


class Flat(OutputField):
    """One column of the rows of a relation to many, as a flat list: `Flat("tags", "name")`."""

    def __init__(self, relation: str, name: str) -> None:
        self.relation = relation
        self.name = name
        self.names = (f"{relation}__{name}",)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.relation!r}, {self.name!r})"


class Keys(Flat):
    """The keys of the rows of a relation to many, as a flat list: `Keys("editors")`."""

    def __init__(self, relation: str) -> None:
        super().__init__(relation, "pk")

    def __repr__(self) -> str:
        return f"Keys({self.relation!r})"
