"""The result of validating many rows: which rows are not valid, and their errors."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation

from pyforge_web.conf import with_docs
from pyforge_web.validation.errors import BatchValidationError, RowErrorParts, build_errors


class RowErrors(Mapping[int, ValidationError]):
    """The errors by row number, as `full_clean` would raise them. Each is built when it is first read."""

    def __init__(self, parts: Mapping[int, RowErrorParts], language: str | None) -> None:
        # The phases found them one after the other; readers expect the order of the rows.
        self._parts = {row: parts[row] for row in sorted(parts)}
        self._language = language
        self._built: dict[int, ValidationError] = {}

    def __getitem__(self, row: int) -> ValidationError:
        if row not in self._built:
            # Django makes some texts at once and not lazily, for example the names in `unique_error_message`. They
            # have the language of the validation, whatever language is active when they are read.
            if translation.get_language() == self._language:
                self._built[row] = build_errors(self._parts[row])
            else:
                with translation.override(self._language):
                    self._built[row] = build_errors(self._parts[row])
        return self._built[row]

    def __iter__(self) -> Iterator[int]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __contains__(self, row: object) -> bool:
        return row in self._parts

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} rows>"

    # Pickled with all errors built: instances and fields that unbuilt errors hold may not be picklable.
    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_errors, (dict(self),)


class RowsResult:
    """What `BatchResult` and `CleanedRows` have in common.

    `invalid_rows` is the number of rows that are not valid. `errors` has all of them, or fewer where a limit is set.
    """

    __slots__ = ("errors", "invalid_rows", "total")

    def __init__(self, errors: RowErrors, total: int, invalid_rows: int | None = None) -> None:
        self.errors = errors
        self.total = total
        self.invalid_rows = len(errors) if invalid_rows is None else invalid_rows

    @property
    def ok(self) -> bool:
        """Whether every row is valid."""
        return not self.invalid_rows

    def raise_(self) -> None:
        """Raise a `BatchValidationError` with the errors of all rows, if there are any."""
        if self.invalid_rows:
            raise with_docs(BatchValidationError(self.errors, self.total, self.invalid_rows), "batch")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.invalid_rows} of {self.total} rows are not valid>"


def _restore_errors(errors: dict[int, ValidationError]) -> RowErrors:
    restored = RowErrors({row: {} for row in errors}, None)
    # All errors are built already, so that no language is needed.
    restored._built.update(errors)
    return restored
