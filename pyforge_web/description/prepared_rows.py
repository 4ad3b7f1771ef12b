"""`@prepared(fields=...)`: a function that returns a QuerySet, compiled once with parameters."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial, update_wrapper
from inspect import BoundArguments, Parameter, Signature, signature
from operator import index
from types import FunctionType
from typing import Any

from django.db.models import QuerySet
from django.db.models.sql import Query

from pyforge_web.conf import with_docs
from pyforge_web.description.describe import describe_data
from pyforge_web.description.descriptions import Description
from pyforge_web.description.rows import OutputRows
from pyforge_web.output.grammar import Fields, ParsedFields, parse_fields
from pyforge_web.output.options import NO_OPTIONS
from pyforge_web.output.refusals import Refusal
from pyforge_web.output.resolve import resolve_fields
from pyforge_web.querysets.prepared_queries import (
    ForeignValueError,
    PreparedTemplate,
    check_function,
    check_queryset,
    make_template,
)
from pyforge_web.querysets.relations.columns import select_tree
from pyforge_web.querysets.relations.remembered_pages import PageRows, keep_page
from pyforge_web.querysets.relations.rows import open_compiled, write_page
from pyforge_web.querysets.sql_cache.remembered import compare_compiled, compile_prepared, is_check_due

__all__ = ["ForeignValueError", "PreparedFunction", "PreparedRows", "prepared"]

logger = logging.getLogger("pyforge_web.prepared")


class PreparedFunction:
    """A function that returns a QuerySet; called, it returns its rows. `why_not` says why it runs at each call."""

    def __init__(self, function: Callable[..., "QuerySet[Any, Any]"], fields: ParsedFields) -> None:
        check_function(function)
        update_wrapper(self, function)
        self.function = function
        self.fields = fields
        self.why_not: str | None = None
        self.calls = 0
        self._signature: Signature = signature(function)
        self._names = self._signature.parameters.keys()
        kinds = {parameter.kind for parameter in self._signature.parameters.values()}
        self._takes_names = kinds <= {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
        self._template: PreparedTemplate | None = None
        self._is_made = False

    def __call__(self, *args: Any, **kwargs: Any) -> "PreparedRows":
        self.find_template()
        # `Signature.bind` is a large part of a small page: a call with every argument by name does without.
        if args or kwargs.keys() != self._names or not self._takes_names:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            kwargs = bound.arguments
        return PreparedRows(self, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Return the prepared function of an instance where it stands in a class: as a method, it runs at each call."""
        return self if instance is None else partial(self, instance)

    def make_queryset(self, values: Mapping[str, Any]) -> "QuerySet[Any, Any]":
        """Return what the function returns for the values of its parameters.

        Raises `TypeError` where that is not a QuerySet.
        """
        bound = BoundArguments(self._signature, OrderedDict(values))
        queryset = self.function(**values) if self._takes_names else self.function(*bound.args, **bound.kwargs)
        check_queryset(self.function, queryset)
        return queryset

    def find_template(self) -> PreparedTemplate | None:
        """Return what was compiled of the function; None where it has to run at each call.

        Raises `ForeignValueError` for a value that is neither a parameter nor a constant of the function.
        """
        if not self._is_made:
            self._make_template()
        return self._template

    def _make_template(self) -> None:
        # A class or a callable object has no code that could be read for the constants of its query.
        if type(self.function) is not FunctionType or not self._takes_names:
            self.why_not = "it is not a function with named parameters"
        else:
            template = make_template(self.function, list(self._signature.parameters))
            self.why_not = template.why_not
            if template.why_not is None:
                tree = resolve_fields(template.queryset, self.fields)
                self._template = PreparedTemplate(template.queryset, tree, template.names)
        # Also where it cannot be prepared: the reason is found once.
        self._is_made = True

    def turn_off(self, difference: str) -> None:
        """Run the function at each call from now on."""
        self.why_not, self._template = difference, None
        logger.error(
            "PyForge's prepared function %s differs from what it returns: %s It runs at each call from now on. Please "
            "report it with the models and the function.",
            self.function.__qualname__,
            difference,
        )


class PreparedRows(OutputRows):
    """The rows of a prepared function for some values. It has slices and a count, as a QuerySet has."""

    __slots__ = ("__dict__", "_high", "_low", "_prepared", "_using", "_values")

    def __init__(
        self,
        function: PreparedFunction,
        values: Mapping[str, Any],
        using: str | None = None,
        low: int = 0,
        high: int | None = None,
    ) -> None:
        # What `OutputRows` has besides: the data is the QuerySet of the function.
        self._data, self._exclude, self._fetch, self._options = None, (), False, NO_OPTIONS
        self._fields = function.fields
        self._prepared = function
        self._values = values
        self._using = using
        self._low = low
        self._high = high

    @cached_property
    def queryset(self) -> "QuerySet[Any, Any]":
        """The QuerySet that the function returns for the values, with the slice."""
        queryset = self._prepared.make_queryset(self._values)
        if self._using is not None:
            queryset = queryset.using(self._using)
        return queryset if (self._low, self._high) == (0, None) else queryset[self._low : self._high]

    @property
    def data(self) -> "QuerySet[Any, Any]":
        """Return the QuerySet of the function."""
        return self.queryset

    def renew(self, change: Callable[[Any], Any]) -> "PreparedRows":
        """Return the same rows, which are not read yet: the values of a call are no data."""
        return self[:]  # type: ignore[no-any-return]

    @property
    def ordered(self) -> bool:
        """Whether the rows have an order."""
        template = self._prepared.find_template()
        return self.queryset.ordered if template is None else bool(template.queryset.ordered)

    def using(self, alias: str) -> "PreparedRows":
        """Return the same rows of another database."""
        return PreparedRows(self._prepared, self._values, alias, self._low, self._high)

    def count(self) -> int:
        """Return the number of rows."""
        return self.queryset.count()

    def __len__(self) -> int:
        return len(self.queryset)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, slice) or key.step is not None:
            return self.queryset[key]
        marks = tuple(None if mark is None else index(mark) for mark in (key.start, key.stop))
        # Django's words. Source: `django.db.models.query.QuerySet.__getitem__`.
        if any(mark is not None and mark < 0 for mark in marks):
            raise ValueError("Negative indexing is not supported.")
        low, high = _add_limits((self._low, self._high), (marks[0] or 0, marks[1]))
        return PreparedRows(self._prepared, self._values, self._using, low, high)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"{self._prepared.function.__qualname__}({values})"

    def __getattr__(self, name: str) -> Any:
        if hasattr(PreparedRows, name):  # the function itself has raised an AttributeError: again, as its own
            return object.__getattribute__(self, name)
        # `Subquery(...)` asks for what a query has, `Prefetch(...)` for what is private.
        if name.startswith("__") or not (hasattr(QuerySet, name) or hasattr(Query, name)):
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        raise AttributeError(f"{self!r} are rows to write and have no {name!r}: use {self._name_queryset()}")

    def _name_queryset(self) -> str:
        return f"their QuerySet, {self!r}.queryset"

    def describe_data(self) -> Description:
        """Return what the rows mean now."""
        if self._prepared.find_template() is None or (self._high is not None and self._high <= self._low):
            return describe_data(self.queryset, self._prepared.fields)
        return PreparedDescription(self)

    def read_page(self) -> PageRows | None:
        """Return all rows by the shortest way; None where they have to be opened."""
        function = self._prepared
        template = function.find_template()
        if template is None or is_check_due(function.calls + 1):  # the usual way compares
            return None
        low, high = template.limits
        limits = (
            (self._low, self._high) if (low, high) == (0, None) else _add_limits((low, high), (self._low, self._high))
        )
        using = self._using or template.queryset.db
        page = template.read_page(self._values, using, limits, lambda: self._prepare(template, using))
        if page is not None:
            function.calls += 1
        return page

    def open(self, *, chunked: bool) -> Any:
        """Return the executed query; None where the function's own QuerySet has to be written."""
        function = self._prepared
        template = function.find_template()
        if template is None:
            return None
        using = self._using or template.queryset.db
        limits = _add_limits(template.limits, (self._low, self._high))
        made = template.compile(self._values, using, limits, lambda: self._prepare(template, using))
        if isinstance(made, str):
            function.why_not = template.why_not
            return None
        plan, compiled = made
        function.calls += 1
        # A prepared function that is wrong once is turned off for good: its SQL is remembered like that of the cache.
        if is_check_due(function.calls):
            real, names = compile_prepared(lambda: self._prepare(template, using))
            if difference := compare_compiled(compiled, real, plan.names, names):
                function.turn_off(difference)
                return None
        opened = open_compiled(plan, compiled, chunked=chunked)
        if isinstance(opened, str):
            return None
        if template.tree.is_kept and not chunked:
            keep_page(template.find_queryset(using), template.tree, opened)
        return opened

    def _prepare(self, template: PreparedTemplate, using: str) -> tuple[Any, Any]:
        """Return the function's own QuerySet: it is made to compare, or where a value needs other SQL."""
        return select_tree(self.queryset.using(using), template.tree).prepare()


def _add_limits(own: tuple[int, int | None], given: tuple[int, int | None]) -> tuple[int, int | None]:
    """Return the limits of a slice of a slice, as `Query.set_limits` makes them."""
    low, high = own[0] + given[0], own[1]
    if given[1] is not None:
        high = own[0] + given[1] if high is None else min(high, own[0] + given[1])
    return (low if high is None else min(low, high)), high


class PreparedDescription:
    """What the rows of a prepared function mean: its SQL with the values, or the function's own QuerySet."""

    __slots__ = ("_rows",)

    def __init__(self, rows: PreparedRows) -> None:
        self._rows = rows

    def refuse(self) -> Refusal | None:
        """Return None: the output fields have been named."""
        return None

    def write(self) -> Any:
        """Return what native code writes."""
        page = self._rows.read_page()
        if page is not None:
            return write_page(page)
        opened = self._rows.open(chunked=False)
        return self._describe_function().write() if opened is None else opened.rows()

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Any:
        """Return what native code writes of a stream."""
        opened = self._rows.open(chunked=True)
        if opened is None:
            return self._describe_function().write_chunks(sizes, chunk_size)
        return opened.chunks(sizes)

    def to_plain(self) -> Any:
        """Return the rows as dicts and lists."""
        return self._describe_function().to_plain()

    def _describe_function(self) -> Description:
        return describe_data(self._rows.queryset, self._rows._prepared.fields)


def prepared(fields: Fields) -> Callable[[Callable[..., "QuerySet[Any, Any]"]], PreparedFunction]:
    """Return a decorator for a function that returns a QuerySet: its SQL is compiled once, with parameters.

    ```python
    @prepared(fields=["id", "title", {"author": ["name"]}])
    def live_by(author):
        return Article.objects.filter(live=True, author=author).order_by("-published")

    return PyForgeJsonResponse(live_by(author=5)[:25])
    ```

    The function itself runs for None, lists, instances, and where it has branches. The first call raises
    `ForeignValueError` for a value of its query that is neither a parameter nor a constant of its code, such as
    `timezone.now()`.
    """
    if callable(fields):
        raise with_docs(TypeError("prepared needs the output fields: write @prepared(fields=[...])"), "prepared")
    parsed = parse_fields(fields)

    def decorate(function: Callable[..., "QuerySet[Any, Any]"]) -> PreparedFunction:
        return PreparedFunction(function, parsed)

    return decorate
