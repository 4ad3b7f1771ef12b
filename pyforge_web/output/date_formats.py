"""The formats of `dates=` for values that Python code writes. Native code has its own, and tests compare the two."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from pyforge_web.conf import Dates, with_docs
from pyforge_web.output.options import output_options

DateValue = datetime | time
_MOST_DEPTH_OF_DATES = 100  # more than any value has; each takes two frames of Python


def format_iso(value: DateValue) -> str:
    """Return what `isoformat()` gives."""
    return value.isoformat()


def format_local(value: DateValue) -> str:
    """Return the same in Django's current time zone; a value without a zone stays as it is."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value)
    return value.isoformat()


def format_drf(value: DateValue) -> str:
    """Return what Django REST framework gives: `Z` for UTC."""
    # Source: `rest_framework.fields.DateTimeField.to_representation`.
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


_DATE_FORMATS: dict[Dates, Callable[[Any], Any]] = {
    "django": DjangoJSONEncoder().default,
    "iso": format_iso,
    "local": format_local,
}


def check_dates(dates: Any) -> Dates | None:
    """Return a `dates=` argument. Raises `ValueError` for a format that does not exist."""
    if dates is not None and not (isinstance(dates, str) and dates in _DATE_FORMATS):
        raise with_docs(ValueError(f'dates= must be "django", "iso" or "local", not {dates!r}'), "argument")
    return dates


def format_date(value: Any) -> Any:
    """Return a datetime or a time in the format of the rows that are written now; any other value as it is."""
    dates = output_options.get().dates
    if dates is None or not isinstance(value, DateValue):
        return value
    return _DATE_FORMATS[dates](value)


def format_made(values: list[Any]) -> list[Any]:
    """Return values that Python code has made, with the datetimes and times inside of them in the format of the rows.

    Native code does the same for the values of a query.
    """
    return values if output_options.get().dates is None else [_format_inside(value, ()) for value in values]


def _format_inside(value: Any, around: tuple[int, ...]) -> Any:
    if not isinstance(value, dict | list | tuple):
        return format_date(value)
    # A value that stands inside of itself is refused where it is written, and so is one that is too deep.
    if id(value) in around or len(around) > _MOST_DEPTH_OF_DATES:
        return value
    around = (*around, id(value))
    if isinstance(value, dict):
        return {key: _format_inside(each, around) for key, each in value.items()}
    return [_format_inside(each, around) for each in value]
