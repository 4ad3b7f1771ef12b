"""Pagination classes that hand on the page's QuerySet in place of a list of instances.

In a list view 39 % of the time goes into those instances. A compiled serializer does not need them; everybody else who
reads the page gets them, at the first item, length or loop.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, SupportsIndex, cast

import django
import rest_framework
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Count, QuerySet
from django.db.models.sql import Query
from rest_framework.exceptions import NotFound
from rest_framework.pagination import LimitOffsetPagination, PageNumberPagination

from pyforge_web.output.lazy_values import is_queryset
from pyforge_web.stock import StockMethods, find_stock

_COUNT, _VALIDATE_NUMBER = find_stock(Paginator, "count"), find_stock(Paginator, "validate_number")
_GET_COUNT = find_stock(LimitOffsetPagination, "get_count", rest_framework)
_find_items = attrgetter("__getitem__", "__iter__", "__len__")
_STOCK_ITEMS = find_stock(Page, "__getitem__"), Sequence.__iter__, find_stock(Page, "__len__")
_PAGINATOR_METHODS = StockMethods(Paginator, ["page", "_get_page"], django)

# The methods that are replaced, by identity: a paginator with its own method keeps it.
STANDARD_PAGES = PageNumberPagination.paginate_queryset
STANDARD_LIMITS = LimitOffsetPagination.paginate_queryset


class PageWindow:
    """A page of a cursor: it asks for one row more, which tells whether there is another page, and where it begins.

    `following` and `positions` are instances, or dicts that have the attribute `name` alone; None before rows are read.
    """

    def __init__(self, size: int, name: str, *, is_forward: bool) -> None:
        self.size, self.name, self.is_forward = size, name, is_forward
        self.following: Any = None
        self.positions: list[Any] | None = None
        self._page: Any = None
        self._has_more: bool | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is a row behind the page. Its instances are made where nobody has read the rows."""
        if self._has_more is None:
            len(self._page)
        return bool(self._has_more)

    def of_page(self, page: Any) -> None:
        """Keep the QuerySet whose rows these are."""
        self._page = page

    def cut(self, rows: list[Any], positions: list[Any]) -> list[Any]:
        """Return the rows of the page, in its order, without the one behind it. Each row has an item of `positions`."""
        self._has_more = len(rows) > self.size
        self.following = positions[self.size] if self._has_more else None
        step = 1 if self.is_forward else -1
        self.positions = positions[: self.size][::step]
        return rows[: self.size][::step]


class PageQuerySet:
    """Mixed into the class of a page's QuerySet: it behaves as the list that DRF's paginators return.

    The first `[]`, `len` or loop evaluates it as a whole, and gives the same instances again: `page[0].x = 1` is kept.
    Methods that change a list change the instances that the serializer then writes.
    """

    _pyforge_window: PageWindow | None = None

    def _instances(self: Any) -> list[Any]:
        if self._result_cache is None:
            self._fetch_all()
        return cast("list[Any]", self._result_cache)

    def _fetch_all(self: Any) -> None:
        is_new = self._result_cache is None
        super()._fetch_all()  # type: ignore[misc]
        if is_new and self._pyforge_window is not None:
            self._result_cache = self._pyforge_window.cut(self._result_cache, self._result_cache)

    def __getitem__(self, key: Any) -> Any:
        return self._instances()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._instances()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._instances()[key]

    def __add__(self, other: Any) -> list[Any]:
        return self._instances() + list(other)

    def __radd__(self, other: Any) -> list[Any]:
        return list(other) + self._instances()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PageQuerySet):
            return self._instances() == other._instances()
        return self._instances() == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return list, (self._instances(),)

    def append(self, value: Any) -> None:
        """As `list.append`."""
        self._instances().append(value)

    def extend(self, values: Iterable[Any]) -> None:
        """As `list.extend`."""
        self._instances().extend(values)

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """As `list.insert`."""
        self._instances().insert(index, value)

    def pop(self, index: SupportsIndex = -1) -> Any:
        """As `list.pop`."""
        return self._instances().pop(index)

    def remove(self, value: Any) -> None:
        """As `list.remove`."""
        self._instances().remove(value)

    def clear(self) -> None:
        """As `list.clear`."""
        self._instances().clear()

    def index(self, *arguments: Any) -> int:
        """As `list.index`."""
        return self._instances().index(*arguments)

    def sort(self, **options: Any) -> None:
        """As `list.sort`."""
        self._instances().sort(**options)

    def reverse(self) -> None:
        """As `list.reverse`: in place, not a new QuerySet."""
        self._instances().reverse()

    def copy(self) -> list[Any]:
        """As `list.copy`."""
        return self._instances().copy()

    def count(self, *values: Any) -> int:
        """As `list.count` with a value, as `QuerySet.count` without."""
        return self._instances().count(*values) if values else len(self._instances())


_page_classes: dict[type, type] = {}
_kinds: dict[type, type] = {}  # and back


def has_own_page(kind: type[Any]) -> bool:
    """Return whether a class of QuerySets slices, iterates or fetches in its own way."""
    return any(getattr(kind, name) is not getattr(QuerySet, name) for name in ("__getitem__", "__iter__", "_fetch_all"))


def as_page(queryset: Any, *, is_new: bool = False, window: PageWindow | None = None) -> Any:
    """Return a QuerySet that behaves as the list of its instances; a list for anything else.

    A new one, which nobody else has, is changed itself: a clone costs 10 us.
    """
    if not is_queryset(queryset) or queryset._result_cache is not None:
        return list(queryset)
    kind = type(queryset)
    if has_own_page(kind):
        return list(queryset)
    if kind not in _page_classes:
        made = _page_classes[kind] = type(kind.__name__, (PageQuerySet, kind), {"__module__": kind.__module__})
        _kinds[made] = kind
    page: Any = queryset if is_new else queryset._chain()  # type: ignore[attr-defined]
    page.__class__ = _page_classes[kind]
    if window is not None:
        window.of_page(page)
        page._pyforge_window = window
    return page


def without_page(queryset: Any) -> Any:
    """Return the QuerySet behind a page that is not evaluated; any other QuerySet as it is.

    It shares the page's query, which whoever changes it clones before.
    """
    kind = _kinds.get(type(queryset))
    if kind is None:
        return queryset
    plain: Any = object.__new__(kind)
    plain.__dict__.update(queryset.__dict__)
    return plain


class _ResolvedCount:
    """`Count("*")`, which resolves to the same expression in every query: to resolve it takes a third of a count."""

    def __init__(self) -> None:
        self._resolved: Any = None

    def resolve_expression(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """As `Count("*").resolve_expression()`."""
        if self._resolved is None:
            self._resolved = Count("*").resolve_expression(Query(query.model), *args, **kwargs)
        return self._resolved


_RESOLVED_COUNT = _ResolvedCount()
_QUERYSET_COUNT, _QUERY_METHODS = QuerySet.count, (Query.get_count, Query.get_aggregation)


def count_queryset(queryset: Any) -> int:
    """Return `queryset.count()`."""
    query = getattr(queryset, "query", None)
    kind = type(query)
    if (
        getattr(type(queryset), "count", None) is not _QUERYSET_COUNT
        or queryset._result_cache is not None
        or (getattr(kind, "get_count", None), getattr(kind, "get_aggregation", None)) != _QUERY_METHODS
    ):
        return int(queryset.count())
    # As `Query.get_count()`.
    return int(cast(Any, query).clone().get_aggregation(queryset.db, {"__count": _RESOLVED_COUNT})["__count"])


def paginate_pages(self: Any, queryset: Any, request: Any, view: Any = None) -> Any:
    """As `PageNumberPagination.paginate_queryset` of DRF 3.18, without its `list()`."""
    self.request = request
    page_size = self.get_page_size(request)
    if not page_size:
        return None
    paginator = self.django_paginator_class(queryset, page_size)
    page_number = self.get_page_number(request, paginator)
    if _counts_rows(paginator, page_number) and is_queryset(paginator.object_list):
        paginator.count = count_queryset(paginator.object_list)
    try:
        self.page = paginator.page(page_number)
    except InvalidPage as error:
        raise NotFound(self.invalid_page_message.format(page_number=page_number, message=str(error))) from error
    if paginator.num_pages > 1 and self.template is not None:
        self.display_page_controls = True
    object_list = getattr(self.page, "object_list", None)
    if not isinstance(object_list, QuerySet) or _find_items(type(self.page)) != _STOCK_ITEMS:
        return list(self.page)
    kind = type(paginator)
    page = as_page(object_list, is_new=_PAGINATOR_METHODS.are_methods_of(kind))
    self.page.object_list = page
    return page


def _counts_rows(paginator: Any, number: Any) -> bool:
    """Whether Django's paginator will count the rows for this page: the number of a page may be wrong in any case."""
    kind: Any = type(paginator)
    if getattr(kind, "count", None) is not _COUNT or kind.validate_number is not _VALIDATE_NUMBER:
        return False
    try:
        return int(number) >= 1 and "count" not in vars(paginator)
    except (TypeError, ValueError):
        return False


def paginate_limits(self: Any, queryset: Any, request: Any, view: Any = None) -> Any:
    """As `LimitOffsetPagination.paginate_queryset` of DRF 3.18, without its `list()`."""
    self.request = request
    self.limit = self.get_limit(request)
    if self.limit is None:
        return None
    is_standard = type(self).get_count is _GET_COUNT and is_queryset(queryset)
    self.count = count_queryset(queryset) if is_standard else self.get_count(queryset)
    self.offset = self.get_offset(request)
    if self.count > self.limit and self.template is not None:
        self.display_page_controls = True
    if self.count == 0 or self.offset > self.count:
        return []
    page = queryset[self.offset : self.offset + self.limit]
    return as_page(page, is_new=page is not queryset)


_PAGINATE: dict[Any, Callable[..., Any]] = {STANDARD_PAGES: paginate_pages, STANDARD_LIMITS: paginate_limits}


class QuerySetPaginationMixin:
    """Before a paginator that extends one of DRF's, so that it hands on the page's QuerySet.

    `class MyPagination(QuerySetPaginationMixin, PageNumberPagination): page_size = 25`. A paginator that has its own
    `paginate_queryset` keeps it.
    """

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        """Return the page, or None where the view is not paginated.

        Raises `NotFound` for a page that does not exist.
        """
        standard = super().paginate_queryset  # type: ignore[misc]
        paginate = _PAGINATE.get(getattr(standard, "__func__", None))
        if paginate is None:
            return standard(queryset, request, view=view)
        return paginate(self, queryset, request, view)


class PyForgePageNumberPagination(QuerySetPaginationMixin, PageNumberPagination):
    """DRF's `PageNumberPagination`, whose page is a QuerySet."""


class PyForgeLimitOffsetPagination(QuerySetPaginationMixin, LimitOffsetPagination):
    """DRF's `LimitOffsetPagination`, whose page is a QuerySet."""
