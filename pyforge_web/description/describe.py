"""The one front door: what rows some data means, and which output fields of them are written.

Whatever comes in (a QuerySet, evaluated or not, a page, a list, an instance, raw SQL, what `rows()` gives) becomes one
of a few descriptions. Every way out takes a description, so that the same data gives the same rows and columns.
"""

from operator import attrgetter
from typing import Any, cast

from django.core.exceptions import FieldError
from django.core.paginator import Page
from django.db.models import Model, QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    RawQuerySet,
    ValuesIterable,
    ValuesListIterable,
)
from django.utils.functional import LazyObject

from pyforge_web.conf import with_docs
from pyforge_web.description.descriptions import (
    Description,
    InstanceRows,
    ModelRows,
    RawRows,
    ValuesRows,
    evaluated_rows,
    plain_names,
)
from pyforge_web.output.grammar import ParsedFields, parse_fields
from pyforge_web.output.lazy_values import unwrap_lazy
from pyforge_web.output.refusals import find_row_hint
from pyforge_web.output.resolve import resolve_fields
from pyforge_web.output.tree import Tree
from pyforge_web.querysets.django_path import AnyQuerySet
from pyforge_web.querysets.rows import is_values, values_names

_MODEL_DATA = (QuerySet, Model, Page, RawQuerySet)
_find_page_methods = attrgetter("__getitem__", "__iter__", "__len__")
_PAGE_METHODS = _find_page_methods(Page)
_VALUES = (ValuesIterable, ValuesListIterable, FlatValuesListIterable)


def is_model_data(data: object) -> bool:
    """Return whether this is input that `JsonResponse` does not take: it needs no `safe=False`."""
    if type(data) is dict:
        return False
    if issubclass(type(data), (list, tuple)):  # isinstance would believe a `__class__` that lies
        return all(isinstance(item, Model) for item in data)  # type: ignore[attr-defined]
    return isinstance(data, _MODEL_DATA)


def describe_data(
    data: Any, fields: object = None, *, fetch: bool = False, exclude: tuple[str, ...] = ()
) -> Description:
    """Return what data of models means.

    Raises `TypeError` for data that has no output fields, `FieldError` for a name that the model does not have, and
    `ValueError` for fields that cannot be.
    """
    parsed = None if fields is None and not exclude else parse_fields(fields, exclude)
    data, source = _unwrap(data)
    if isinstance(data, QuerySet):
        return _describe_queryset(data, parsed, fetch)
    if isinstance(data, RawQuerySet):
        return RawRows(data, parsed, fetch)
    # Written as an object and not as a list.
    if isinstance(data, Model):
        return InstanceRows([data], parsed, fetch, single=True)
    if parsed is None and hasattr(data, "describe_data"):  # the page of a prepared function
        return cast(Description, data.describe_data())
    if isinstance(data, list | tuple):
        rows = list(data)
        if isinstance(source, RawQuerySet) and all(isinstance(item, Model) for item in rows):
            return RawRows(source, parsed, fetch).with_rows(rows)
        if isinstance(source, QuerySet):  # a page whose QuerySet somebody has made a list of
            return _describe_list(source, rows, parsed, fetch)
        if parsed is None or all(isinstance(item, Model) for item in rows):
            return InstanceRows(rows, parsed, fetch)
    hint = find_row_hint(data) or "inside of other data write rows(queryset, fields=...) in their place"
    raise with_docs(
        TypeError(
            f"fields= chooses columns of a QuerySet, an instance, a page or a list of instances, not of "
            f"{type(data).__name__}; {hint}"
        ),
        "fields-data",
    )


def _unwrap(data: Any) -> tuple[Any, "AnyQuerySet | RawQuerySet[Any] | None"]:
    """Return what is behind a page or a lazy object, and the QuerySet that a page's list was made of."""
    source = None
    while True:
        # Not by isinstance(): a lazy object says that it is what it holds. Before Page, an abstract class: 1 us.
        kind = type(data)
        if issubclass(kind, QuerySet):
            return data, source
        if issubclass(kind, LazyObject):
            data = unwrap_lazy(data)
        elif isinstance(data, Page):
            # A paginator keeps what it was made of, also where its page has become a list.
            paginated = data.paginator.object_list
            source = paginated if isinstance(paginated, QuerySet | RawQuerySet) else None
            # A page is a sequence: a class of its own may leave rows out.
            data = data.object_list if _find_page_methods(kind) == _PAGE_METHODS else list(data)
        else:
            return data, source


def _describe_queryset(queryset: AnyQuerySet, parsed: ParsedFields | None, fetch: bool) -> Description:
    if issubclass(queryset._iterable_class, _VALUES):
        return ValuesRows(queryset, None if parsed is None else _choose_keys(queryset, parsed))
    # Before the rows are looked at: a wrong name is an error also where there are no rows.
    tree = _find_tree(queryset, parsed)
    if queryset._result_cache is not None:
        return evaluated_rows(queryset, list(queryset), parsed, fetch)
    return ModelRows(queryset, parsed, tree)


def _find_tree(queryset: AnyQuerySet, parsed: ParsedFields | None) -> Tree | None:
    """Return the tree of the fields; None where they are those of instances that the QuerySet makes in its own way."""
    if parsed is None:
        return None
    try:
        return resolve_fields(queryset, parsed)
    except FieldError:
        if queryset._iterable_class is ModelIterable:
            raise
        return None  # of a child class, perhaps


def _describe_list(source: AnyQuerySet, rows: list[Any], parsed: ParsedFields | None, fetch: bool) -> Description:
    """Return the description of a list that was made of a QuerySet."""
    if all(isinstance(row, Model) for row in rows):
        _find_tree(source, parsed)
        return evaluated_rows(source, rows, parsed, fetch)
    # The rows of the list under the query of the page, which knows the names of its values.
    evaluated = cast(Any, source)._chain()
    evaluated._result_cache = rows
    return ValuesRows(evaluated, None if parsed is None else _choose_keys(source, parsed))


def _choose_keys(queryset: AnyQuerySet, parsed: ParsedFields) -> tuple[str, ...]:
    """Return the keys to write of the dicts of `values()`: never more than it has."""
    names = plain_names(parsed)
    if names is None:
        raise with_docs(
            TypeError(
                "fields= with relations needs a QuerySet of models: leave out values() and values_list(), or name the "
                "columns of relations in them"
            ),
            "fields-data",
        )
    if not is_values(queryset):
        raise with_docs(
            TypeError("fields= chooses columns of models and of values(): name them in values_list() itself"),
            "fields-data",
        )
    # Only what `values()` has: another column would be one that the view has left out on purpose.
    known = values_names(queryset)
    if unknown := [name for name in names if name not in known]:
        raise with_docs(
            FieldError(
                f"Cannot resolve keyword {unknown[0]!r} into a key of values(). Choices are: {', '.join(known)}"
            ),
            "field",
        )
    return names
