"""`PyForgeCursorPagination`: the page is a QuerySet, and its links are made from the rows that the serializer reads.

DRF makes an instance of each row, and reads the ordering column of some. Here the one column is read from the rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rest_framework
from django.db.models.query import ModelIterable
from rest_framework.pagination import CursorPagination, _reverse_ordering

from pyforge_web.output.lazy_values import is_queryset
from pyforge_web.rest_framework.model_attributes import FILE_DESCRIPTORS, own_column
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.pagination import PageWindow, as_page, has_own_page
from pyforge_web.stock import find_function, find_stock

STANDARD_CURSORS = find_stock(CursorPagination, "paginate_queryset", rest_framework)
_STANDARD_POSITION = CursorPagination._get_position_from_instance


def _of_window(name: str, find: Callable[[Any, PageWindow], Any]) -> Any:
    """Return a property whose value is known once the page's rows are read; DRF's own code may set it."""

    def get(self: Any) -> Any:
        window = self.__dict__.get("_window")
        return self.__dict__.get(name, getattr(CursorPagination, name, None)) if window is None else find(self, window)

    return property(get, lambda self, value: self.__dict__.__setitem__(name, value))


class PyForgeCursorPagination(CursorPagination):
    """DRF's `CursorPagination`, whose page is a QuerySet.

    Its links are read from the rows. Where the ordering is not a column of the model, the page is DRF's list.
    """

    has_next = _of_window("has_next", lambda self, window: window.has_more if window.is_forward else self._is_inside)
    has_previous = _of_window(
        "has_previous", lambda self, window: self._is_inside if window.is_forward else window.has_more
    )
    next_position = _of_window(
        "next_position", lambda self, window: self._following if window.is_forward else self._current_position
    )
    previous_position = _of_window(
        "previous_position", lambda self, window: self._current_position if window.is_forward else self._following
    )
    display_page_controls = _of_window(
        "display_page_controls",
        lambda self, window: (self.has_previous or self.has_next) and self.template is not None,
    )

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        """Return the page, or None where the view is not paginated. As DRF 3.18, without its `list()`."""
        self._window = None
        if find_function(super().paginate_queryset) is not STANDARD_CURSORS:  # a class behind this one has its own
            return super().paginate_queryset(queryset, request, view)
        self.request = request
        self.page_size = self.get_page_size(request)
        if not self.page_size:
            return None
        self.ordering = self.get_ordering(request, queryset, view)
        name = None if self._is_own(queryset) else column_of_ordering(queryset, self.ordering)
        if name is None:
            return super().paginate_queryset(queryset, request, view)
        self.base_url = request.build_absolute_uri()
        self.cursor = self.decode_cursor(request)
        offset, reverse, position = (0, False, None) if self.cursor is None else self.cursor
        queryset = queryset.order_by(*(_reverse_ordering(self.ordering) if reverse else self.ordering))
        if position is not None:
            # As DRF: against the direction of the ordering where the page is read backwards.
            lookup = "lt" if reverse != self.ordering[0].startswith("-") else "gt"
            queryset = queryset.filter(**{f"{self.ordering[0].lstrip('-')}__{lookup}": position})
        self._is_inside, self._current_position = position is not None or offset > 0, position
        self._window = PageWindow(self.page_size, name, is_forward=not reverse)
        # One more row than the page has, as DRF reads it: it tells whether there is a next page.
        self.page = as_page(queryset[offset : offset + self.page_size + 1], is_new=True, window=self._window)
        return self.page

    def get_next_link(self) -> Any:
        """Return the address of the next page; None on the last."""
        with self._with_positions():
            return super().get_next_link()

    def get_previous_link(self) -> Any:
        """Return the address of the page before; None on the first."""
        with self._with_positions():
            return super().get_previous_link()

    def _is_own(self, queryset: Any) -> bool:
        return (
            not is_queryset(queryset)
            or type(self)._get_position_from_instance is not _STANDARD_POSITION
            or has_own_page(type(queryset))
        )

    @property
    def _following(self) -> Any:
        """The position of the row behind the page, where there is one."""
        window: Any = self._window
        return self._get_position_from_instance(window.following, self.ordering) if window.has_more else None

    @contextmanager
    def _with_positions(self) -> Iterator[None]:
        """The page as DRF's links read it: the values of the ordering column alone, where the rows are read already."""
        page, window = self.page, self._window
        if window is not None and window.positions is not None:
            self.page = window.positions
        try:
            yield
        finally:
            self.page = page


def column_of_ordering(queryset: Any, ordering: Any) -> str | None:
    """Return the attribute of the column by which pages are told apart; None where it is not the model's own."""
    name = ordering[0].lstrip("-")
    query = queryset.query
    if name in query.annotations or name in query.extra or query.combinator or queryset._result_cache is not None:
        return None
    if queryset._iterable_class is not ModelIterable:
        return None
    try:
        column, descriptor = own_column(queryset.model, name)
    except FallbackError:
        return None
    return name if column.attname == name and type(descriptor) not in FILE_DESCRIPTORS else None
