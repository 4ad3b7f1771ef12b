"""`rows(queryset, fields)`: rows and their output fields as a value, which can stand anywhere in other data."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, cast

from django.db.models import QuerySet

from pyforge_web._native import NestedRows, QueryRows
from pyforge_web.conf import Dates, check_limit, with_docs
from pyforge_web.description.allowed import choose_fields
from pyforge_web.description.describe import describe_data
from pyforge_web.description.descriptions import Description
from pyforge_web.output.date_formats import check_dates
from pyforge_web.output.grammar import Fields, parse_fields, read_exclude
from pyforge_web.output.key_names import KeyStyle, find_key_style
from pyforge_web.output.options import NO_OPTIONS, OutputOptions, output_with
from pyforge_web.output.refusals import Refusal


class OptionedRows:
    """A description that is written with options of its own: for a request, with other keys and dates."""

    __slots__ = ("_described", "_options")

    def __init__(self, described: Description, options: OutputOptions) -> None:
        self._described = described
        self._options = options

    def refuse(self) -> Refusal | None:
        """Return what the description says."""
        return self._described.refuse()

    def write(self) -> Any:
        """Return what the description gives native code."""
        with output_with(self._options):
            return self._described.write()

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Any:
        """Return what the description gives a stream."""
        with output_with(self._options):
            written = self._described.write_chunks(sizes, chunk_size)
        if isinstance(written, QueryRows | NestedRows):
            return written
        return self._iterate_rows(iter(written))

    def _iterate_rows(self, rows: Iterator[Any]) -> Iterator[Any]:
        """Yield rows that Python code reads, each with the options."""
        # Not None, which a row may be.
        end = object()
        try:
            while True:
                with output_with(self._options):
                    row = next(rows, end)
                if row is end:
                    return
                yield row
        finally:
            if (close := getattr(rows, "close", None)) is not None:
                close()

    def to_plain(self) -> Any:
        """Return the dicts and lists of the description."""
        with output_with(self._options):
            return self._described.to_plain()


class OutputRows:
    """Rows that are read when they are written, anew each time: `{"count": n, "results": rows(page, fields)}`.

    Any encoder that asks `tolist()` or iterates takes them too, such as that of Django REST framework.
    """

    __slots__ = ("_data", "_exclude", "_fetch", "_fields", "_options")

    def __init__(
        self,
        data: Any,
        fields: Fields | None,
        exclude: Iterable[str] = (),
        fetch: bool = False,
        options: OutputOptions = NO_OPTIONS,
    ) -> None:
        self._data = data
        self._options = options
        self._exclude = read_exclude(exclude)
        self._fields = parse_fields(fields, self._exclude) if fields is not None or self._exclude else None
        self._fetch = fetch
        if isinstance(data, QuerySet):
            self.describe_data()  # a name that does not exist is told here, where the fields stand

    def describe_data(self) -> Description:
        """Return what the rows mean now."""
        described = describe_data(self._data, self._fields, fetch=self._fetch)
        # Without options of their own the rows have those of the response.
        return described if self._options == NO_OPTIONS else OptionedRows(described, self._options)

    @property
    def data(self) -> Any:
        """Return what the rows are read from."""
        return self._data

    def renew(self, change: Callable[[Any], Any]) -> "OutputRows":
        """Return the same rows of what `change` makes of the data."""
        renewed = object.__new__(OutputRows)  # `__init__` would parse the fields again
        for name in OutputRows.__slots__:
            setattr(renewed, name, getattr(self, name))
        renewed._data = change(self._data)
        return renewed

    @property
    def dates(self) -> Dates | None:
        """Return the format of dates of the rows; None for that of the whole output."""
        return self._options.dates

    @property
    def max_bytes(self) -> int | None:
        """Return how long the text of the rows may get."""
        return self._options.max_bytes

    def tolist(self) -> Any:
        """Return the rows as dicts and lists of Python values; an instance as a dict."""
        described = self.describe_data()
        # Here, because an encoder that asks `tolist()` takes whatever it gets.
        if refusal := described.refuse():
            raise refusal.make_error()
        return described.to_plain()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def resolve_expression(self, *args: Any, **options: Any) -> NoReturn:
        """Raise `TypeError`: Django asks this of a value in `filter()` or `annotate()`."""
        raise with_docs(
            TypeError(f"{self!r} are rows to write and cannot stand in a query: use {self._name_queryset()}"), "rows"
        )

    def _name_queryset(self) -> str:
        return "the QuerySet itself"

    def __repr__(self) -> str:
        return f"rows({type(self._data).__name__}, {self._fields!r})"

    def __reduce__(self) -> Any:
        raise with_docs(
            TypeError("rows() is read when it is written and cannot be pickled: keep the bytes, dumps(rows(...))"),
            "rows",
        )


def rows(
    data: Any,
    fields: Fields | None = None,
    *,
    exclude: Iterable[str] = (),
    allowed: Fields | None = None,
    max_depth: int | None = None,
    fetch: bool = False,
    request: Any = None,
    keys: KeyStyle | None = None,
    dates: Dates | None = None,
    max_bytes: int | None = None,
) -> OutputRows:
    """Return a value that stands for the rows of `data` with these output fields, wherever it is written.

    `data` is a QuerySet, a page, an instance or a list of instances. `fields="*"` are all public columns, and
    `exclude=` takes some of them out. `fetch=True` loads what instances in memory lack. For fields that come from a
    request, `allowed` are those that a client may ask for, `max_depth` is how deep they may nest, and `max_bytes` how
    long the text of these rows may get.

    `request` makes the URLs of `FileUrl` and `Link` absolute. `keys="camel"`, or a function, writes other names than
    those of the fields. `dates` is the format of datetimes and times: `"iso"`, `"local"` or `"django"`. Each of them
    counts before that of the response.

    Raises `FieldError` for a name that the model does not have, as soon as the model is known, and `BadRequest` for one
    that is not allowed; also when rows are written that are too long.
    """
    if allowed is not None or max_depth is not None:
        fields, exclude = cast(Fields, choose_fields(data, fields, exclude, allowed, max_depth)), ()
    options = OutputOptions(
        request, find_key_style(keys), check_dates(dates), None, check_limit("max_bytes", max_bytes, 1)
    )
    return OutputRows(data, fields, exclude, fetch, options)
