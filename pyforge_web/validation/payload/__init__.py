"""Payloads: mappings of field names to values, one or many of them, cleaned by the rules of a model."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.utils import translation

from pyforge_web.parsers import MAX_DEPTH
from pyforge_web.validation.errors import RowErrorParts
from pyforge_web.validation.payload.options import (
    MAX_ERRORS,
    MAX_ROWS,
    KeySpelling,
    PayloadOptions,
    RowLimits,
    UnknownKeys,
    WritableNames,
    read_limits,
    read_options,
)

# Validators are compiled while the applications start: what cleans payloads is imported when the first one comes.
if TYPE_CHECKING:
    from pyforge_web.parsers import RequestBody
    from pyforge_web.validation.payload.clean import CleanedValues, PayloadCleaner
    from pyforge_web.validation.payload.cleaned_rows import CleanedRows
    from pyforge_web.validation.payload.writable_fields import WritableFields

__all__ = ["PayloadMethods", "UnknownKeys"]

# Sets of fields whose description a validator keeps.
_REMEMBERED_SETS = 32


class PayloadMethods:
    """The methods of a `CompiledValidator` for payloads.

    They have these arguments in common:

    `fields` names what may be set; `"__all__"` stands for what a ModelForm has. A missing field gets its default, and
    is left alone with `partial=True`. Other keys are ignored, or are errors with `unknown="error"`.
    `foreign_keys=False` does not look up the targets of foreign keys, so that `validate_many` can do it once.

    `keys="camel"` takes the names of the fields in camelCase, a function whatever name it returns. `rename` maps single
    keys of the client to fields. Errors are under the client's names then. `lookup={"author": "username"}` takes the
    username of the author in the place of its primary key.
    """

    __slots__ = ()
    model: type[Model]
    # The writable fields by their names; bounded, since a view may take the names from a request.
    _writable: "dict[tuple[str, ...] | None, WritableFields]"

    def clean_values(self, values: "CleanedValues", unbuilt: bool = False) -> RowErrorParts:
        """Clean values by attname in place, those that are there. Return the errors by field name."""
        raise NotImplementedError

    def find_writable_fields(self, names: tuple[str, ...] | None) -> "WritableFields":
        """Return the fields that a payload may set."""
        if names not in self._writable:
            from pyforge_web.validation.payload.writable_fields import find_writable_fields

            # All at once: which of them is used again is not known, and a set is made in no time.
            if len(self._writable) >= _REMEMBERED_SETS:
                self._writable.clear()
            self._writable[names] = find_writable_fields(self.model, names)
        return self._writable[names]

    def clean_data(
        self,
        values: Mapping[str, Any],
        *,
        fields: WritableNames | None = None,
        partial: bool = False,
        unknown: UnknownKeys = "ignore",
        foreign_keys: bool = True,
        keys: KeySpelling | None = None,
        rename: Mapping[str, str] | None = None,
        lookup: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Clean values by field name or attname. Return those to make an instance of, `Model(**cleaned)`.

        Raises what `Model(**values).clean_fields()` raises. Source: `django.db.models.base.Model.clean_fields`.
        """
        return self._make_cleaner(fields, partial, unknown, foreign_keys, keys, rename, lookup).clean_trusted(values)

    def clean_data_rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        fields: WritableNames | None = None,
        partial: bool = False,
        unknown: UnknownKeys = "ignore",
        foreign_keys: bool = True,
        keys: KeySpelling | None = None,
        rename: Mapping[str, str] | None = None,
        lookup: Mapping[str, str] | None = None,
        max_rows: int | None = MAX_ROWS,
        max_errors: int | None = MAX_ERRORS,
    ) -> "CleanedRows":
        """Clean many mappings, for example the rows of a CSV file. Never stops at the first error.

        Where a value makes Django's fields raise something else than a `ValidationError`, that is an error of its row
        and field here. `max_errors` errors are kept; the rows are validated to the end. Raises `RequestDataTooBig` for
        more than `max_rows` rows. None is no limit.
        """
        options = _read_arguments(fields, partial, unknown, foreign_keys, keys, rename, lookup)
        return self._clean_rows(rows, options, read_limits(max_rows, max_errors))

    def clean_json(
        self,
        body: "RequestBody",
        *,
        fields: WritableNames | None = None,
        partial: bool = False,
        unknown: UnknownKeys = "ignore",
        foreign_keys: bool = True,
        keys: KeySpelling | None = None,
        rename: Mapping[str, str] | None = None,
        lookup: Mapping[str, str] | None = None,
        max_size: int | None = None,
        max_depth: int = MAX_DEPTH,
    ) -> dict[str, Any]:
        """Clean the JSON object in a request body, as `clean_data`. The limits are those of `loads`.

        Raises a `ValidationError` whatever the body contains: a `BodyError` with the position if it is not JSON. A body
        that is too large raises Django's `RequestDataTooBig`.
        """
        from pyforge_web.parsers import load_object

        cleaner = self._make_cleaner(fields, partial, unknown, foreign_keys, keys, rename, lookup)
        return cleaner.clean_untrusted(load_object(body, max_size, max_depth))

    def clean_json_rows(
        self,
        body: "RequestBody",
        *,
        fields: WritableNames | None = None,
        partial: bool = False,
        unknown: UnknownKeys = "ignore",
        foreign_keys: bool = True,
        keys: KeySpelling | None = None,
        rename: Mapping[str, str] | None = None,
        lookup: Mapping[str, str] | None = None,
        max_size: int | None = None,
        max_depth: int = MAX_DEPTH,
        max_rows: int | None = MAX_ROWS,
        max_errors: int | None = MAX_ERRORS,
    ) -> "CleanedRows":
        """Clean the JSON array of objects in a request body, as `clean_data_rows`.

        Raises `BodyError` if that is not a JSON array, `RequestDataTooBig` if it is too large or has too many rows.
        """
        from pyforge_web.parsers import load_array

        options = _read_arguments(fields, partial, unknown, foreign_keys, keys, rename, lookup)
        return self._clean_rows(load_array(body, max_size, max_depth), options, read_limits(max_rows, max_errors))

    def _make_cleaner(self, *arguments: Any) -> "PayloadCleaner":
        from pyforge_web.validation.payload.clean import PayloadCleaner

        return PayloadCleaner(self, _read_arguments(*arguments))

    def _clean_rows(self, payloads: Iterable[object], options: PayloadOptions, limits: RowLimits) -> "CleanedRows":
        from pyforge_web.validation.payload.clean_many import clean_payloads, too_many_rows
        from pyforge_web.validation.payload.cleaned_rows import CleanedRows
        from pyforge_web.validation.row_results import RowErrors

        # A list is counted before the first row is cleaned.
        if isinstance(payloads, list | tuple) and limits.max_rows is not None and len(payloads) > limits.max_rows:
            raise too_many_rows(limits.max_rows)
        cleaned = clean_payloads(self, payloads, options, limits)
        # The language of this call: the errors may be read in another thread, or later.
        errors = RowErrors(cleaned.errors, translation.get_language())
        return CleanedRows(cleaned.rows, errors, cleaned.invalid_rows)


def _read_arguments(
    fields: Any, partial: Any, unknown: Any, foreign_keys: Any, keys: Any, rename: Any, lookup: Any
) -> Any:
    return read_options(
        fields,
        partial=partial,
        unknown=unknown,
        foreign_keys=foreign_keys,
        keys=keys,
        rename=rename,
        lookup=lookup,
    )
