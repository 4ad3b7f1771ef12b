"""Every QuerySet that the suite evaluates is written by the product, too, and held against what iterating it gave."""

import contextlib
import json
import random

from django.core.serializers.json import DjangoJSONEncoder
from django.core.signals import request_finished
from django.db import close_old_connections, connections
from django.db.models import BinaryField, Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.db.models.query import ModelIterable

from pyforge_web import PyForgeStreamingResponse, dumps
from pyforge_web.secrets import public_columns
from tests.django_suite.recording import checking, compare
from tests.django_suite.showing import attempt

_MOST_ROWS = 400
_dice = random.Random(20261128)


def install_query(is_compared):
    """Compare after each `_fetch_all` that asked the database."""
    fetch_all = QuerySet._fetch_all

    def checked_fetch_all(self):
        is_fresh = self._result_cache is None
        fetch_all(self)
        if is_fresh and self._result_cache is not None:
            with checking() as may_check:
                if may_check and _can_be_asked_again(self):
                    # The product leaves rows to Django where a tool patches the QuerySet: this one, too.
                    QuerySet._fetch_all = fetch_all
                    try:
                        _compare(self)
                    finally:
                        QuerySet._fetch_all = checked_fetch_all

    QuerySet._fetch_all = checked_fetch_all


def _can_be_asked_again(queryset):
    return (
        len(queryset._result_cache) <= _MOST_ROWS
        and not queryset.query.select_for_update
        and not connections[queryset.db].needs_rollback
        and queryset.model is not None
        and "?" not in queryset.query.order_by
    )


def _compare(queryset):
    rows = queryset._result_cache
    if any(isinstance(field, BinaryField) for field in queryset.model._meta.concrete_fields):
        return  # JSON has no bytes
    if queryset._iterable_class is ModelIterable:
        if not all(isinstance(row, Model) for row in rows):
            return
        _compare_instances(queryset, rows)
    else:
        _compare_ways(queryset, rows, {})


def _compare_instances(queryset, rows):
    """Bare rows have the public columns that are loaded, and the annotations; chosen ones what is named."""
    extra, annotations = queryset.query.extra_select, queryset.query.annotation_select
    columns = public_columns(queryset.model)
    names = [*extra, *columns, *annotations]  # the order of `.values()`
    if len(columns) == len(queryset.model._meta.concrete_fields):
        _compare_ways(queryset, [_read(row, names, is_partial=True) for row in rows], {})
    # A private name is refused in fields=; Django's prefetches add some.
    names = [name for name in names if name[0] != "_" and all(name in vars(row) for row in rows)]
    if names:
        some = _dice.sample(names, _dice.randint(1, min(6, len(names))))
        _compare_ways(queryset, [_read(row, some) for row in rows], {"fields": some})


def _read(instance, names, is_partial=False):
    """The attributes of an instance; a file is its name."""
    values = {name: getattr(instance, name) for name in names if not is_partial or name in vars(instance)}
    return {name: value.name if isinstance(value, FieldFile) else value for name, value in values.items()}


def _compare_ways(queryset, expected, options):
    """Compare each way in with the rows that are expected."""
    text, error = attempt(json.dumps, expected, cls=DjangoJSONEncoder, allow_nan=False)
    right = _show(text, error)
    fresh = queryset._chain()
    fresh._prefetch_related_lookups = ()
    kind = "chosen" if options else "bare"
    ways = {
        "QuerySet": lambda: dumps(fresh._chain(), **options),
        "evaluated": lambda: dumps(queryset, **options),
        "list": lambda: dumps(list(queryset._result_cache), **options),
        "array": lambda: _stream(fresh._chain(), "array", options),
        "ndjson": lambda: b"[" + b",".join(_stream(fresh._chain(), "ndjson", options).splitlines()) + b"]",
    }
    if queryset.query.annotation_select or queryset.query.extra_select or not isinstance(_first(queryset), Model):
        del ways["list"]  # a bare list writes columns alone, and fields= needs models
    for name, way in ways.items():
        ours = _show(*attempt(way))
        if ours != right and _asked_again(fresh) != _asked_again(queryset._chain()):
            continue  # random order, clocks
        if name in ("array", "ndjson") and _is_broken(right, ours):
            ours = right
        compare(f"rows, {kind}: {name}", *_without_order(queryset, right, ours), sql=_sql(queryset), options=options)


def _first(queryset):
    return queryset._result_cache[0] if queryset._result_cache else None


def _asked_again(queryset):
    with contextlib.suppress(Exception):
        return repr(list(queryset.values_list()))
    return None


def _without_order(queryset, right, ours):
    """Rows of a QuerySet without order may come in any."""
    if queryset.ordered or not isinstance(right, list) or not isinstance(ours, list):
        return right, ours
    return sorted(map(repr, right)), sorted(map(repr, ours))


def _show(text, error):
    if error is not None:
        return f"raised {type(error).__name__}"
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs))
    except ValueError:
        return f"no JSON: {text!r}"


def _is_broken(right, ours):
    """Whether rows that cannot be written end a stream of them: by an error line, or without its end."""
    is_cut = isinstance(ours, str) and ours.startswith("no JSON")
    return isinstance(right, str) and right.startswith("raised") and (is_cut or "pyforge_error" in repr(ours))


def _sql(queryset):
    with contextlib.suppress(Exception):
        return str(queryset.query)


def _stream(queryset, form, options):
    response = PyForgeStreamingResponse(queryset, form, chunk_size=3, **options)
    try:
        return b"".join(response)
    finally:
        # close() says that the request is over, upon which Django closes the tests' connection.
        request_finished.disconnect(close_old_connections)
        try:
            response.close()
        finally:
            request_finished.connect(close_old_connections)
