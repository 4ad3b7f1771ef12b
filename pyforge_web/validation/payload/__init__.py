"""Documents: mappings of field names to values, one or many of them, cleaned by the rules of a model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Model

from pyforge_web.fields import check_names
from pyforge_web.parsers import MAX_DEPTH, Body, load_array, load_object
from pyforge_web.validation.errors import BatchValidationError
from pyforge_web.validation.payload.clean import Compiled, Errors, Policy, Unknown, Values, clean_foreign, clean_one
from pyforge_web.validation.payload.clean_many import judge_rows

__all__ = ["CleanedRows", "DocumentMethods", "Unknown"]


class CleanedRows:
    """What became of many documents: the cleaned values of each row, and the errors of those that have some."""

    __slots__ = ("errors", "rows")

    def __init__(self, rows: list[Values | None], errors: dict[int, ValidationError]) -> None:
        self.rows = rows
        self.errors: Mapping[int, ValidationError] = errors

    @property
    def ok(self) -> bool:
        """Whether every row is valid."""
        return not self.errors

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def raise_(self) -> None:
        """Raises a `BatchValidationError` with the errors of all rows, if there are any."""
        if self.errors:
            raise BatchValidationError(self.errors, self.total)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.errors)} of {self.total} rows are not valid>"


class DocumentMethods:
    """The methods of a `CompiledValidator` for documents."""

    __slots__ = ()
    model: type[Model]

    def clean_values(self, values: Values) -> Errors:
        """Cleans values by attname in place, those that are there: the errors by field name."""
        raise NotImplementedError

    def clean_data(
        self,
        values: Mapping[str, Any],
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
        foreign_keys: bool = True,
    ) -> dict[str, Any]:
        """Cleans values by field name or attname: those to make an instance of, `Model(**cleaned)`.

        `fields` names what may be set: by default what a ModelForm has. A missing field gets its default, and is left
        alone with `partial=True`. Other keys are ignored, or errors with `unknown="error"`. The targets of foreign keys
        are not looked up with `foreign_keys=False`, for `validate_many` to ask of them once.

        Raises what `Model(**values).clean_fields()` raises. Source: `django.db.models.base.Model.clean_fields`.
        """
        return clean_one(self, values, _policy(fields, partial, unknown, foreign_keys))

    def clean_data_rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
        foreign_keys: bool = True,
    ) -> CleanedRows:
        """The same for many, as they come out of a CSV file: never stops at the first error.

        What makes Django's fields raise something else than a `ValidationError` is an error of its row and field here.
        """
        return _clean_many(self, rows, _policy(fields, partial, unknown, foreign_keys))

    def clean_json(
        self,
        body: Body,
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
        foreign_keys: bool = True,
        max_size: int | None = None,
        max_depth: int = MAX_DEPTH,
    ) -> dict[str, Any]:
        """As `clean_data`, of the JSON object in a request body; the limits are those of `loads`.

        Raises a `ValidationError`, whatever the body is: a `BodyError` with the place of the fault if it is not JSON.
        One that is too large raises Django's `RequestDataTooBig`.
        """
        policy = _policy(fields, partial, unknown, foreign_keys)
        return clean_foreign(self, load_object(body, max_size, max_depth), policy)

    def clean_json_rows(
        self,
        body: Body,
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
        foreign_keys: bool = True,
        max_size: int | None = None,
        max_depth: int = MAX_DEPTH,
    ) -> CleanedRows:
        """As `clean_data_rows`, of the JSON array of objects in a request body.

        Raises `BodyError` if that is no JSON array, `RequestDataTooBig` if it is too large.
        """
        policy = _policy(fields, partial, unknown, foreign_keys)
        return _clean_many(self, load_array(body, max_size, max_depth), policy)


def _policy(fields: Sequence[str] | None, partial: bool, unknown: Unknown, foreign_keys: bool) -> Policy:
    names = None if fields is None else check_names(fields)
    return Policy(names, partial, unknown, foreign_keys).check()


def _clean_many(validator: Compiled, documents: Iterable[object], policy: Policy) -> CleanedRows:
    """The same for many, never stopping at the first error."""
    judged = judge_rows(validator, documents, policy)
    errors = {row: ValidationError(cast(Any, found)) for row, (_, found) in enumerate(judged) if found}
    return CleanedRows([None if found else values for values, found in judged], errors)
