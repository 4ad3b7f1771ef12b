"""Django judges a QuerySet: its rows or its exception, and the statements it sends."""

import contextlib
import json
from dataclasses import dataclass, field

from django.db import connections, transaction
from django.db.models.fields.files import FieldFile
from django.db.models.query import ModelIterable
from django.test.utils import CaptureQueriesContext

import pyforge_web
from tests.oracle import assert_same, django_text, django_value, sent_statements, strict


@dataclass
class Run:
    """How a call ended."""

    value: object = None
    error: Exception | None = None
    statements: dict[str, list[str]] = field(default_factory=dict)

    @property
    def counts(self):
        return {alias: len(statements) for alias, statements in self.statements.items()}


def run(database, call, *, savepoint=True):
    """What `call` gives or raises, and the statements it sends to each database."""
    ended = Run()
    queries = {}
    try:
        with contextlib.ExitStack() as stack:
            if savepoint:
                stack.enter_context(transaction.atomic(using=database))
            for alias in connections:
                queries[alias] = stack.enter_context(CaptureQueriesContext(connections[alias]))
            ended.value = call()
    except Exception as error:
        ended.error = error
    for alias, captured in queries.items():
        ended.statements[alias] = sent_statements(captured)
    return ended


def like_values(queryset):
    """The rows that Django gives, as plain data: a row of a model is what its instance has under each name."""
    if not issubclass(queryset._iterable_class, ModelIterable):
        return list(queryset)
    query = queryset.query
    before, added = tuple(query.extra_select), tuple(query.annotation_select)
    if queryset._prefetch_related_lookups:
        queryset = queryset.prefetch_related(None)
    if query.select_related and not (query.select_for_update or query.distinct or query.combinator):
        queryset = queryset.select_related(None)
    return [instance_row(instance, before, added) for instance in queryset]


def instance_row(instance, before=(), added=()):
    """The attributes of an instance that are loaded: what the query has added, its columns."""
    deferred = instance.get_deferred_fields()
    columns = [field.attname for field in instance._meta.concrete_fields if field.attname not in deferred]
    values = {name: getattr(instance, name) for name in (*before, *columns, *added)}
    return {name: value.name if isinstance(value, FieldFile) else value for name, value in values.items()}


def assert_like_django(make, database, *, rows=True, savepoint=True, read=strict):
    """`make()` is a new QuerySet at each call: ours is Django's value, or exception, from as many statements.

    `read` makes a value of JSON text, to be compared.
    """
    expected = run(database, lambda: like_values(make()), savepoint=savepoint)
    if expected.error is None:
        assert bool(expected.value) is rows, "the rows of this shape show nothing"
        expected = _encoded(expected)
    for django_bytes in (False, True):
        ours = run(
            database, lambda options=django_bytes: pyforge_web.dumps(make(), django_bytes=options), savepoint=savepoint
        )
        _assert_same_end(ours, expected, None if django_bytes else read)
    return expected


def _encoded(expected):
    """The end of the whole call: what DjangoJSONEncoder says of the rows may be an exception too."""
    try:
        text = django_text(expected.value)
        json.loads(text, parse_constant=_refuse)
    except Exception as error:
        return Run(error=error, statements=expected.statements)
    return expected


def _refuse(name):
    """Django writes words for NaN and the infinities that JSON does not have: ours is an error."""
    raise ValueError(f"{name} is not JSON")


def _assert_same_end(ours, expected, read):
    if expected.error is not None:
        assert type(ours.error) is type(expected.error), f"ours {ours.value or ours.error!r}, Django {expected.error!r}"
    elif ours.error is not None:
        raise AssertionError(f"Django has a value: {expected.value!r}") from ours.error
    elif read is None:
        assert_same(ours.value, django_text(expected.value).encode())
    else:
        assert_same(read(ours.value), read(django_text(expected.value)))
    assert ours.counts == expected.counts, (ours.statements, expected.statements)


def assert_rows(ours, expected, form):
    """`ours`, in one of the FORMS, is Django's value; stored JSON text keeps its blanks where bytes are free."""
    if form == "django_bytes":
        assert_same(ours, django_text(expected).encode())
    else:
        assert form != "ascii" or ours.isascii()
        assert_same(strict(ours), django_value(expected))
