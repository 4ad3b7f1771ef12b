"""A page of 25 rows of each model of the tests, beside Django: `python -m benchmarks.small_models_child ROUNDS`.

Prints a JSON list with a row for each model: its name, its columns, what Django's side is, our time over Django's.
Where no rows can be made or written, the last is the reason.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

ROWS = 25
AGAIN = 10  # times the rounds, for a model that seems to be slower: the machine may have been busy

READ_BY_DJANGO = "Django reads the whole statement"  # where it does, `values()` is not what iterating gives

# A value for each kind of field, by the number of its row.
VALUES: dict[str, Callable[[int], Any]] = {
    **dict.fromkeys(("CharField", "SlugField", "TextField", "FilePathField"), lambda number: f"text-{number}"),
    **dict.fromkeys(("FileField", "ImageField"), lambda number: f"files/{number}.png"),
    **dict.fromkeys(("IntegerField", "BigIntegerField", "SmallIntegerField"), lambda number: number),
    **dict.fromkeys(
        ("PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField"), lambda number: number
    ),
    **dict.fromkeys(("AutoField", "BigAutoField", "SmallAutoField"), lambda number: number),
    "BooleanField": lambda number: True,
    "DateField": lambda number: date(2026, 1, number),
    "DateTimeField": lambda number: datetime(2026, 1, number, 12, tzinfo=UTC),
    "TimeField": lambda number: time(12, number),
    "DurationField": lambda number: timedelta(hours=number),
    "DecimalField": lambda number: Decimal(number),
    "FloatField": lambda number: number + 0.5,
    "UUIDField": lambda number: UUID(int=number),
    "JSONField": lambda number: {"number": number},
    "GenericIPAddressField": lambda number: f"10.0.0.{number}",
    "BinaryField": lambda number: b"bytes",
}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.apps import apps
    from django.db import connection

    models = [each for each in apps.get_models() if each._meta.managed and not (each._meta.proxy or each._meta.swapped)]
    reasons = {model: _make_table(model) for model in models}
    connection.disable_constraint_checking()  # a foreign key points to the row of the same number, made or not
    reasons |= {model: _fill_table(model) for model in models if not reasons[model]}
    print(json.dumps([_measure(model, int(sys.argv[1]), reasons[model]) for model in models]))


def _make_table(model: Any) -> str:
    from django.db import Error, connection

    try:
        with connection.schema_editor() as editor:
            editor.create_model(model)
    except Error as reason:
        return f"no table: {reason}"
    return ""


def _fill_table(model: Any) -> str:
    """Make the rows by SQL: what the model does when it is saved is of no interest here."""
    from django.db import Error, connection

    quote = connection.ops.quote_name
    fields = [field for field in model._meta.local_concrete_fields if not getattr(field, "generated", False)]
    columns = ", ".join(quote(field.column) for field in fields)
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"
    try:
        rows = [[_value(field, number) for field in fields] for number in range(1, ROWS + 1)]
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)
    except (Error, KeyError) as reason:
        return f"no rows: {type(reason).__name__}: {reason}"
    return ""


def _measure(model: Any, rounds: int, reason: str) -> list[Any]:
    row = [model._meta.label, len(model._meta.concrete_fields)]
    if reason:
        return [*row, "", reason]
    try:
        ours, name, theirs = _find_contestants(model)
    except TypeError as refusal:
        return [*row, "", f"{refusal}"]
    ratio = _time(ours, theirs, rounds)
    return [*row, name, ratio if ratio <= 1 else _time(ours, theirs, rounds * AGAIN)]


def _value(field: Any, number: int) -> Any:
    from django.db import connection

    while field.is_relation:
        field = field.target_field
    return field.get_db_prep_save(VALUES[field.get_internal_type()](number), connection)


def _find_contestants(model: Any) -> tuple[Callable[[], bytes], str, Callable[[], bytes]]:
    """Return our page, and the fastest of Django's two ways that gives the same values.

    What `values()` gives is not what iterating gives where a model makes something of its columns.
    """
    from django.db.models import QuerySet

    from benchmarks.compare import DifferentOutputError
    from pyforge_web import dumps

    page = partial(QuerySet(model).order_by, "pk")

    def ours() -> bytes:
        return dumps(page()[:ROWS])

    written = json.loads(ours())
    for name, theirs in _django_ways(model, page):
        if len(written) == ROWS and json.loads(theirs()) == written:
            return ours, name, theirs
    raise DifferentOutputError(model._meta.label)


def _django_ways(model: Any, page: Callable[[], Any]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    from django.core.serializers.json import DjangoJSONEncoder

    from pyforge_web import CompiledSerializer

    encode = partial(json.dumps, cls=DjangoJSONEncoder)
    names = [field.attname for field in model._meta.concrete_fields]
    if not all(column.reason.startswith(READ_BY_DJANGO) for column in CompiledSerializer(model).explain()):
        yield "values()", lambda: encode(list(page()[:ROWS].values())).encode()

    def write_instances() -> bytes:
        return encode([{name: getattr(each, name) for name in names} for each in page()[:ROWS]], default=str).encode()

    yield "instances", write_instances


def _time(ours: Callable[[], bytes], theirs: Callable[[], bytes], rounds: int) -> float:
    from benchmarks.measure import Effort, Timed, interleave

    pages = {"ours": ours, "theirs": theirs}
    contestants = {name: Timed("page()", {"page": page}, lambda count: [None] * count) for name, page in pages.items()}
    timings = interleave(contestants, Effort(rounds, 0.0003))
    return timings["ours"].over(timings["theirs"])


if __name__ == "__main__":
    main()
