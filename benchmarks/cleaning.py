"""The rows that are validated, and those who validate them."""

import datetime
import random
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from benchmarks.compare import DifferentOutputError
from benchmarks.models import Checked, Thorough
from pyforge_web.validation.errors import RejectedValue
from pyforge_web.validators import CompiledValidator

Values = dict[str, Any]
Clean = Callable[[Sequence[models.Model]], Any]
SPOILT: Values = {
    "uuid": "no uuid",
    "title": "x" * 121,
    "slug": "no slug!",
    "email": "nobody",
    "website": "example",
    "status": "lost",
    "price": Decimal("1234567.891"),
    "rating": 9.5,
    "views": -1,
    "live": None,
    "created": "yesterday",
    "day": "2024-02-30",
}


def checked(number: int) -> Values:
    """Values of the fields' own types."""
    return {
        "uuid": uuid.UUID(int=number * 7919),
        "title": f"The title of article {number}",
        "slug": f"the-title-of-article-{number}",
        "email": f"author.{number}@mail.example.com",
        "website": f"https://www.example.com/articles/{number}/?page=1",
        "status": ("draft", "live", "gone")[number % 3],
        "price": Decimal(number * 13 % 99_999) / 100,
        "rating": number % 11 / 2.2,
        "views": number * 31,
        "live": number % 2 == 0,
        "created": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(minutes=number),
        "day": datetime.date(2024, 1, 1) + datetime.timedelta(days=number % 365),
    }


def as_json(values: Values) -> Values:
    """The same values as JSON has them: text for what it has no type for."""
    plain = (str, int, float, bool)
    return {name: value if isinstance(value, plain) else str(value) for name, value in values.items()}


def spoilt(number: int) -> Values:
    """Each field is bad in one row of ten."""
    pick = random.Random(number)
    return {name: SPOILT[name] if pick.random() < 0.1 else value for name, value in checked(number).items()}


def thorough(number: int) -> Values:
    """Values of all fields of `Thorough`, of the fields' own types."""
    base = checked(number)
    return {
        "big": number * 10**12,
        "binary": b"some bytes",
        "boolean": number % 2 == 0,
        "char": base["title"],
        "code": f"AB-{number}",
        "color": "rob"[number % 3],
        "date": base["day"],
        "datetime": base["created"],
        "decimal": Decimal(number) / 8,
        "domain": f"shop-{number}.example.org",
        "duration": datetime.timedelta(seconds=number),
        "email": base["email"],
        "file": f"files/report-{number}.pdf",
        "float": number / 7,
        "integer": number + 1,
        "ip": f"10.0.{number % 256}.1" if number % 2 else f"2001:db8::{number:x}",
        "json": {"tags": ["a", "b"], "size": number, "nested": {"deep": [1.5, None, True]}},
        "level": number % 20,
        "nickname": f"nick {number}",
        "numbers": "1,2,3,5,8",
        "positive": number,
        "slug": base["slug"],
        "small": number % 100 * 5,
        "summary": base["title"] * 2,
        "text": base["title"] * 4,
        "time": datetime.time(number % 24, 30),
        "url": base["website"],
        "uuid": base["uuid"],
    }


def instances(model: type[models.Model], rows: Sequence[Values]) -> list[models.Model]:
    return [model(**row) for row in rows]


def by_django(rows: Sequence[models.Model]) -> list[ValidationError]:
    return _each(models.Model.clean_fields, rows)


def by_method(rows: Sequence[models.Model]) -> list[ValidationError]:
    """`clean_fields` as the model has it: the mixin's."""
    return _each(type(rows[0]).clean_fields, rows)


def by_validator(rows: Sequence[models.Model]) -> list[ValidationError]:
    return _each(CompiledValidator.for_model(type(rows[0])).clean, rows)


def _each(clean: Callable[[Any], None], rows: Sequence[models.Model]) -> list[ValidationError]:
    errors = []
    for row in rows:
        try:
            clean(row)
        except ValidationError as error:
            errors.append(error)
    return errors


def by_batch(rows: Sequence[models.Model]) -> Any:
    return CompiledValidator.for_model(type(rows[0])).clean_rows(rows)


def by_batch_read(rows: Sequence[models.Model]) -> list[ValidationError]:
    """All errors built."""
    found = by_batch(rows).values()
    return [
        ValidationError(
            {name: errors.error_list() if isinstance(errors, RejectedValue) else errors for name, errors in row.items()}
        )
        for row in found
    ]


def check_equal(model: type[models.Model], rows: Sequence[Values], clean: Clean) -> None:
    """Raises unless verdicts, errors and the instances afterwards are Django's."""
    theirs, ours = instances(model, rows), instances(model, rows)
    expected = [error.message_dict for error in by_django(theirs)]
    found = by_batch_read(ours) if clean is by_batch else clean(ours)
    same = expected == [error.message_dict for error in found]
    for their, our in zip(theirs, ours, strict=True):
        pairs = [(name, vars(our)[name], value) for name, value in vars(their).items() if name != "_state"]
        same &= all(type(mine) is type(value) and str(mine) == str(value) for _, mine, value in pairs)
    if not same:
        raise DifferentOutputError(f"{clean.__name__} of {model.__name__} differs from Django")


ROWS = {Checked: checked, Thorough: thorough}
