"""The errors of many rows as one exception."""

from collections.abc import Mapping
from functools import cached_property
from itertools import islice

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.functional import lazy

# Rows that the text of the exception tells of.
_SHOWN = 3


class BatchValidationError(ValidationError):
    """The errors of all rows as one `ValidationError` in list form, each text with its row and field before it.

    `errors` has them by row number, as Django words them. Codes and params are those of the errors themselves.
    """

    def __init__(self, errors: Mapping[int, ValidationError], total: int) -> None:
        Exception.__init__(self, errors, total)
        self.errors = errors
        self.total = total

    @cached_property
    def error_list(self) -> list[ValidationError]:  # type: ignore[override]
        return [
            _in_row(row, name, leaf)
            for row, error in self.errors.items()
            for name, leaves in error.error_dict.items()
            for leaf in leaves
        ]

    def __str__(self) -> str:
        first = "; ".join(f"row {row}: {self.errors[row]}" for row in islice(self.errors, _SHOWN))
        more = "; ..." if len(self.errors) > _SHOWN else ""
        return f"{len(self.errors)} of {self.total} rows are not valid: {first}{more}"


def _in_row(row: int, name: str, leaf: ValidationError) -> ValidationError:
    place = f"Row {row}: " if name == NON_FIELD_ERRORS else f"Row {row}, {name}: "
    return ValidationError(_placed(place, leaf), code=leaf.code, params=leaf.params)


def _place(place: str, leaf: ValidationError) -> str:
    """The text of an error with its place before it, such that putting in the params once more changes nothing."""
    if leaf.params:
        return (place + str(leaf.message % leaf.params)).replace("%", "%%")
    return place + str(leaf.message)


_placed = lazy(_place, str)
