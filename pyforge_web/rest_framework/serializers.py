"""`CompiledSerializerMixin`: `.data` is what DRF gives, made from raw rows where that is certain to be the same."""

import json
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, cast

from django.db.models import QuerySet
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable
from rest_framework import serializers

from pyforge_web import metering
from pyforge_web._native import serialize_rows
from pyforge_web.metering.row_traces import trace_rows
from pyforge_web.output.lazy_values import is_queryset
from pyforge_web.rest_framework.bulk_lookups import lookups_of
from pyforge_web.rest_framework.compiled import find_plan
from pyforge_web.rest_framework.level_rows import LevelRows, StreamedError
from pyforge_web.rest_framework.live import LiveFields
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.pagination import without_page
from pyforge_web.rest_framework.prefetches import find_prefetches
from pyforge_web.rest_framework.queries import PlanRun, why_not_read, why_other_rows
from pyforge_web.rest_framework.recognition import STANDARD_LISTS, has_standard_list, standard_list
from pyforge_web.rest_framework.renderers import escape_line_separators
from pyforge_web.rest_framework.rows_data import RowsData

MakeList = Callable[[Any], list[Any]]
CountedRows = tuple[Any, int, bytes | None]
"""Rows, their number, and their JSON where it is written already."""
_standard_data = serializers.ListSerializer.data


def list_of(serializer: Any, data: Any, standard: MakeList) -> list[Any]:
    """Return the list of a list serializer: from raw rows, or what `standard` makes of it, as DRF.

    Collectors see it as one call.
    """
    if serializer.parent is not None:
        return standard(data)
    if "_notes_inner_list" in vars(serializer):
        # A list serializer of somebody's own has called its `super()`: both are one call.
        serializer._notes_inner_list = True
        inner: list[Any] = _make_list(serializer, data, standard)[0]
        return inner
    made: list[Any] = _count_call(serializer, partial(_make_list, serializer, data, standard))
    return made


def _count_call(serializer: Any, make: Callable[[], CountedRows]) -> Any:
    """Return the rows that `make` gives with their number and their JSON, which collectors see as one call."""
    return serialize_rows(serializer, make) if metering.active_collectors.get() else make()[0]


def _make_list(serializer: Any, data: Any, standard: MakeList) -> CountedRows:
    try:
        rows = rows_of(serializer, data)
        items = [] if rows is None else rows.objects()
    except FallbackError as error:
        why = str(error)
    else:
        return items, len(items), None
    items = _list_by_drf(serializer, data, standard, why)
    return items, len(items), None


def _make_own_list(serializer: Any, data: Any, own: MakeList) -> CountedRows:
    """Return what a list serializer with its own `to_representation` makes, and note that it has one."""
    own_state = vars(serializer)
    own_state["_notes_inner_list"] = False
    try:
        items = own(data)
    finally:
        is_noted = own_state.pop("_notes_inner_list")
    count = len(items) if isinstance(items, list) else 0  # it may return anything
    if not is_noted:
        _note_fallback(serializer, data, f"{type(serializer).__name__} has its own to_representation()", count)
    return items, count, None


def _list_by_drf(serializer: Any, data: Any, standard: MakeList, why: str) -> list[Any]:
    """Return what DRF makes of a list, and note why it does."""
    items = standard(data)
    _note_fallback(serializer, data, why, len(items))
    return items


def _note_fallback(serializer: Any, data: Any, why: str, count: int) -> None:
    is_query = isinstance(data, QuerySet | BaseManager)
    model = data.model if is_query else getattr(getattr(serializer.child, "Meta", None), "model", None)
    if model is None:
        return
    trace = trace_rows(model, "django" if is_query else "instance", why)
    if is_query:
        metering.count_django_rows(count)
        if trace is not None:
            trace.rows = count
            trace.take_first_query()


def rows_data(serializer: Any) -> RowsData:
    """Return the rows of a list serializer as `RowsData`: JSON bytes where that is certain to be what DRF writes.

    The query runs here, and so do method fields: what they raise goes through DRF's handler. A list serializer with its
    own `to_representation` decides what the list is. One that has been given data shows what DRF makes of that, and one
    whose `.data` has been read shows that. Collectors see it as one call.
    """
    if serializer.instance is None or hasattr(serializer, "initial_data") or hasattr(serializer, "_data"):
        return RowsData(None, None, list(serializer.data), serializer)
    if not has_standard_list(serializer):
        return RowsData(None, None, list(serializer.to_representation(serializer.instance)), serializer)
    made: RowsData = _count_call(serializer, partial(_make_rows, serializer))
    return made


def _make_rows(serializer: Any) -> CountedRows:
    try:
        try:
            rows = rows_of(serializer, serializer.instance, is_streamed=True)
            body = b"[]" if rows is None else rows.array()
        except StreamedError:
            rows = rows_of(serializer, serializer.instance)
            body = b"[]" if rows is None else rows.array()
        if rows is None:
            return RowsData(b"[]", list, [], serializer), 0, b"[]"
        if body is None or (b"\\" in body and b"\\ud" in body):
            items = rows.objects() if rows.statement.is_fetched else json.loads(cast(bytes, body))
            return RowsData(None, None, items, serializer), len(items), None
        make = rows.objects if rows.statement.is_fetched else partial(json.loads, body)
        count = len(rows.statement.rows) if rows.statement.is_fetched else rows.statement.count
        body = escape_line_separators(body)
        return RowsData(body, make, [], serializer), count, body
    except FallbackError as error:
        why = str(error)
    items = _list_by_drf(serializer, serializer.instance, partial(standard_list, serializer), why)
    return RowsData(None, None, items, serializer), len(items), None


def has_standard_data(serializer: Any) -> bool:
    """Return whether `.data` of a list serializer is its list."""
    return type(serializer).data is _standard_data


def rows_of(serializer: Any, data: Any, *, is_streamed: bool = False) -> LevelRows | None:
    """Return the rows of a list serializer's QuerySet; None where there are none.

    With `is_streamed` they may not be fetched yet, and be none after all. Raises `FallbackError` with the reason where
    DRF has to serialize them.
    """
    if isinstance(data, BaseManager):
        data = data.all()
    if not is_queryset(data):
        raise FallbackError(f"{type(data).__name__} is not a QuerySet: its instances are in memory")
    if data._result_cache is not None:
        raise FallbackError("the QuerySet is evaluated: its instances are in memory")
    window = getattr(data, "_pyforge_window", None)
    data = without_page(data)
    if data._iterable_class is not ModelIterable:
        raise FallbackError(f"{data._iterable_class.__name__} makes rows in its own way")
    child = serializer.child
    why = why_other_rows(data)
    plan = None if why else find_plan(child, data)
    if plan is None or plan.level is None:
        raise FallbackError(why if plan is None else plan.why)
    why = why_not_read(data)
    if why is not None:
        raise FallbackError(why)
    if data.query.is_empty() and window is None:
        return None
    prefetches = find_prefetches(data, plan.level)
    run = PlanRun(LiveFields(child, is_kept=plan.is_kept), prefetches, is_streamed=is_streamed and window is None)
    return run.fetch(data, plan.level, window)


class CompiledRows:
    """Before a list serializer that makes its list in its own way: its list has the bytes' type, too."""

    @cached_property
    def rows(self) -> Any:
        """The rows as JSON bytes, for `Response({"articles": serializer.rows})`; a list for whoever reads them.

        A list serializer with its own `data` gives that.
        """
        return rows_data(self) if has_standard_data(self) else self.data  # type: ignore[attr-defined]

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the validated rows, after one query for each foreign key and unique column.

        Raises `ValidationError` with DRF's words and codes.
        """
        with lookups_of(self.child, data):  # type: ignore[attr-defined]
            return super().to_internal_value(data)  # type: ignore[misc, no-any-return]


class CompiledOwnList(CompiledRows):
    """Before a list serializer that has its own `to_representation`."""

    def to_representation(self, data: Any) -> Any:
        """Return what the class makes. Collectors see it as one call."""
        own: MakeList = super().to_representation  # type: ignore[misc]
        if self.parent is not None or not metering.active_collectors.get():  # type: ignore[attr-defined]
            return own(data)
        return _count_call(self, partial(_make_own_list, self, data, own))


class CompiledListSerializer(CompiledRows):
    """Before DRF's `ListSerializer`, for the lists of a serializer that has the mixin."""

    def to_representation(self, data: Any) -> list[Any]:
        """Return the list of DRF's dicts."""
        standard: MakeList = super().to_representation  # type: ignore[misc]
        if not has_standard_list(self):
            return standard(data)
        if getattr(standard, "__func__", None) in STANDARD_LISTS:  # the project's setting would try and note it again
            standard = partial(standard_list, self)
        return list_of(self, data, standard)


STANDARD_LISTS.add(CompiledListSerializer.to_representation)
_list_classes: dict[type, type] = {}


def compiled_list_class(kind: type) -> type:
    """Return the class of list serializers with a native path, or with `rows` alone where it has its own list."""
    if issubclass(kind, CompiledRows):
        return kind
    if kind not in _list_classes:
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
        mixed = CompiledListSerializer if kind.to_representation in STANDARD_LISTS else CompiledOwnList  # type: ignore[attr-defined]
        _list_classes[kind] = type(kind.__name__, (mixed, kind), names)
    return _list_classes[kind]


class CompiledSerializerMixin:
    """Before `ModelSerializer` or `Serializer`: lists of rows are made without model instances.

    `class ArticleSerializer(CompiledSerializerMixin, serializers.ModelSerializer)`. `.data` has the values, types and
    containers that DRF gives. What is not certain to be the same is DRF's: see `explain()`.
    """

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the list serializer of `many=True`."""
        serializer = super().many_init(*args, **kwargs)  # type: ignore[misc]
        kind = type(serializer)
        if isinstance(serializer, serializers.ListSerializer):
            serializer.__class__ = cast(Any, compiled_list_class(kind))
        return serializer


# drf-spectacular takes the first docstring in the order of classes for the description of a component.
CompiledSerializerMixin.__doc__ = None
