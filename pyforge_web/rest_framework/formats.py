"""How a DRF field formats the values of a column: recognised by the identity of DRF's own methods.

To add a format: its function here, its row in `_FORMATS`, its function in `values.py`, and its row in the tests' table.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from rest_framework import fields
from rest_framework.settings import api_settings

from pyforge_web.rest_framework.model_attributes import find_own_method


class ValueFormat(NamedTuple):
    """What becomes of a column's values: the name of a format of `values.py`, and its options.

    `python` is DRF's own `to_representation`, called for each value.
    """

    name: str
    options: tuple[Any, ...] = ()


SAME = ValueFormat("same")
PYTHON = ValueFormat("python")


def format_of(field: Any) -> ValueFormat:
    """Return the format of a field; `python` where the field's class or instance has its own methods or options."""
    if not _PATCHABLE_METHODS.isdisjoint(vars(field)):
        return PYTHON
    kind = type(field)
    find = _FORMATS.get(kind.to_representation)
    if find is None:
        return PYTHON
    return find(field)


# What an instance may have patched.
_PATCHABLE_METHODS = frozenset(
    {"to_representation", "get_attribute", "quantize", "enforce_timezone", "default_timezone", "_lower_if_str", "child"}
)


def _is_iso(field: Any, setting: str) -> bool:
    given = getattr(field, "format", getattr(api_settings, setting))
    return isinstance(given, str) and given.lower() == "iso-8601"


def _text(field: Any) -> ValueFormat:
    return ValueFormat("text")


def _uuid_format(field: Any) -> ValueFormat:
    return ValueFormat("uuid") if field.uuid_format == "hex_verbose" else PYTHON


def _big_integer(field: Any) -> ValueFormat:
    as_text = getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING)
    return PYTHON if as_text else ValueFormat("integer")


def _boolean_format(field: Any) -> ValueFormat:
    own = find_own_method(field, fields.BooleanField, "TRUE_VALUES", "FALSE_VALUES", "_lower_if_str")
    return PYTHON if own else ValueFormat("boolean")


def _decimal_format(field: Any) -> ValueFormat:
    as_text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    own = find_own_method(field, fields.DecimalField, "quantize") or field.localize or field.normalize_output
    if not as_text or own or field.decimal_places is None or field.max_digits is None or field.rounding:
        return PYTHON
    return ValueFormat("decimal", (field.max_digits, field.decimal_places))


def _datetime_format(field: Any) -> ValueFormat:
    own = find_own_method(field, fields.DateTimeField, "enforce_timezone", "default_timezone")
    if own or hasattr(field, "timezone") or not _is_iso(field, "DATETIME_FORMAT"):
        return PYTHON
    return ValueFormat("datetime")


def _date_format(field: Any) -> ValueFormat:
    return ValueFormat("date") if _is_iso(field, "DATE_FORMAT") else PYTHON


def _time_format(field: Any) -> ValueFormat:
    return ValueFormat("time") if _is_iso(field, "TIME_FORMAT") else PYTHON


def _duration_format(field: Any) -> ValueFormat:
    given = getattr(field, "format", api_settings.DURATION_FORMAT)
    if not isinstance(given, str) or given.lower() not in ("django", "iso-8601"):
        return PYTHON
    return ValueFormat("duration", (given.lower(),))


def _json_format(field: Any) -> ValueFormat:
    return PYTHON if field.binary else SAME


def _choice(field: Any) -> ValueFormat:
    """A choice that is a text or a whole number is written as it is stored, whichever choices there are."""
    written = field.choice_strings_to_values
    if type(written) is not dict or any(str(key) != text for text, key in written.items()):
        return PYTHON  # a project's own: labels, for example
    kinds = {type(key) for key in written.values()}
    if kinds == {str}:
        return ValueFormat("text")
    return ValueFormat("integer") if kinds == {int} else PYTHON


def _same_format(field: Any) -> ValueFormat:
    return SAME


_FORMATS: dict[Any, Callable[[Any], ValueFormat]] = {
    fields.BooleanField.to_representation: _boolean_format,
    fields.CharField.to_representation: _text,
    fields.ChoiceField.to_representation: _choice,
    fields.DateField.to_representation: _date_format,
    fields.DateTimeField.to_representation: _datetime_format,
    fields.DecimalField.to_representation: _decimal_format,
    fields.DurationField.to_representation: _duration_format,
    fields.FloatField.to_representation: lambda field: ValueFormat("float"),
    fields.IntegerField.to_representation: lambda field: ValueFormat("integer"),
    fields.JSONField.to_representation: _json_format,
    fields.ReadOnlyField.to_representation: _same_format,
    fields.TimeField.to_representation: _time_format,
    fields.UUIDField.to_representation: _uuid_format,
    fields._UnvalidatedField.to_representation: _same_format,
}
if hasattr(fields, "BigIntegerField"):  # from DRF 3.17 on
    _FORMATS[fields.BigIntegerField.to_representation] = _big_integer


def settings_key() -> tuple[Any, ...]:
    """Return DRF's settings that decide formats: a plan is compiled for one value of these."""
    return (
        getattr(api_settings, "COERCE_BIGINT_TO_STRING", False),  # from DRF 3.17 on
        api_settings.COERCE_DECIMAL_TO_STRING,
        api_settings.DATE_FORMAT,
        api_settings.DATETIME_FORMAT,
        api_settings.DURATION_FORMAT,
        api_settings.TIME_FORMAT,
        api_settings.UPLOADED_FILES_USE_URL,
        api_settings.URL_FIELD_NAME,
    )
