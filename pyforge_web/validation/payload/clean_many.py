"""Cleaning of many payloads: the targets of their foreign keys are looked up with one query for each key."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import DEFAULT_DB_ALIAS

from pyforge_web import metering
from pyforge_web.conf import with_docs
from pyforge_web.querysets.relations.routed import has_reading_routers
from pyforge_web.validation.database.foreign_keys import look_up_targets
from pyforge_web.validation.errors import MissingTarget, RowErrorParts, drop_tracebacks
from pyforge_web.validation.payload.clean import (
    CONVERSION_ERRORS,
    CleanedValues,
    PayloadCleaner,
    ValueCleaner,
    is_blank,
    raise_project_errors,
)
from pyforge_web.validation.payload.options import PayloadOptions, RowLimits


class CleanedPayloads(NamedTuple):
    """The cleaned values of each row (None if it is not valid), the kept errors, and how many rows are not valid."""

    rows: list[CleanedValues | None]
    errors: dict[int, RowErrorParts]
    invalid_rows: int


def clean_payloads(
    validator: ValueCleaner, payloads: Iterable[object], options: PayloadOptions, limits: RowLimits
) -> CleanedPayloads:
    """Clean many payloads of a client. Never stops at the first error.

    Raises `RequestDataTooBig` for more rows than the limit.
    """
    # The codes of unbuilt errors are not known yet, and a collector counts them.
    cleaner = PayloadCleaner(validator, options, unbuilt=not metering.active_collectors.get())
    return _ManyPayloads(cleaner, limits).clean(payloads)


def too_many_rows(limit: int) -> RequestDataTooBig:
    """Return the exception for more rows than the limit. Django answers it with the status 400."""
    return with_docs(
        RequestDataTooBig(f"There are more than {limit} rows. Send fewer, or allow more with max_rows=."), "too-big"
    )


class _ManyPayloads:
    """The rows of one call. Holds nothing of a row that is not valid but the errors that are kept."""

    def __init__(self, cleaner: PayloadCleaner, limits: RowLimits) -> None:
        self.cleaner = cleaner
        self.limits = limits
        self.rows: list[CleanedValues | None] = []
        self.errors: dict[int, RowErrorParts] = {}
        self.key_errors: dict[int, RowErrorParts] = {}
        self.kept_errors = 0
        self.invalid_rows = 0
        # Foreign keys by attname and row: those whose targets are looked up, and the natural ones.
        self.keys: dict[str, dict[int, Any]] = {}
        self.natural_keys: dict[str, dict[int, Any]] = {}

    def clean(self, payloads: Iterable[object]) -> CleanedPayloads:
        cleaner = self.cleaner
        together = self._keys_looked_up_together() if cleaner.options.foreign_keys else ()
        if together:
            cleaner.not_looked_up = together
        for row, payload in enumerate(payloads):
            # Counted here too: a generator does not know its length.
            if self.limits.max_rows is not None and row >= self.limits.max_rows:
                raise too_many_rows(self.limits.max_rows)
            self._add(row, payload, together)
        for attname, keys in self.keys.items():
            self._look_up(attname, keys)
        for attname, keys in self.natural_keys.items():
            self._look_up_natural(attname, keys)
        # Only now, because the look-ups above add errors to rows.
        shown = {
            row: cleaner.keys.show(cleaner.fields.in_order(errors)) | self.key_errors.get(row, {})
            for row, errors in self.errors.items()
        }
        return CleanedPayloads(self.rows, shown, self.invalid_rows)

    def _add(self, row: int, payload: object, together: tuple[str, ...]) -> None:
        values, errors, key_errors, natural = self.cleaner.check(payload)
        if alone := [attname for attname in natural if attname in self.cleaner.natural.alone]:
            self.cleaner.natural.resolve_one({attname: natural.pop(attname) for attname in alone}, values, errors)
        fields = self.cleaner.fields.fields
        for attname in together:
            # Django does not look up the others.
            value = values.get(attname)
            if value is not None and fields[attname].name not in errors and not is_blank(fields[attname], value):
                self.keys.setdefault(attname, {})[row] = value
        for attname, value in natural.items():
            self.natural_keys.setdefault(attname, {})[row] = value
        self.rows.append(values)
        if errors or key_errors:
            self._reject(row, errors, key_errors)

    def _reject(self, row: int, errors: RowErrorParts, key_errors: RowErrorParts | None = None) -> None:
        """Keep the errors of a row up to the limit, without the frames of their tracebacks."""
        # Once: a row may be rejected again by the look-up of a key.
        if self.rows[row] is not None:
            self.rows[row] = None
            self.invalid_rows += 1
        for kept, found in ((self.errors, errors), (self.key_errors, key_errors or {})):
            for name, parts in found.items():
                if self.limits.max_errors is not None and self.kept_errors >= self.limits.max_errors:
                    return
                self.kept_errors += 1
                # So that a row with errors of keys alone is among the errors, too.
                self.errors.setdefault(row, {})
                kept.setdefault(row, {})[name] = parts
                for part in parts:
                    if isinstance(part, ValidationError):
                        drop_tracebacks(part)

    def _keys_looked_up_together(self) -> tuple[str, ...]:
        """Return the foreign keys whose targets can be looked up after all rows were cleaned.

        None where somebody else would see the difference: code of the project that gets the instance, a router that is
        asked for each row, or validators of a key, which Django calls only for keys that exist.
        """
        fields = self.cleaner.fields
        if self.cleaner.needs_instance or has_reading_routers():
            return ()
        return tuple(attname for attname in fields.find_plain_keys() if not fields.fields[attname].validators)

    def _look_up(self, attname: str, keys: dict[int, Any]) -> None:
        """Add the errors of keys without a target."""
        field = self.cleaner.fields.fields[attname]
        errors: dict[int, list[Any]] = {}
        try:
            for lookup in look_up_targets(field, DEFAULT_DB_ALIAS, field.get_limit_choices_to(), keys):
                errors |= {row: [MissingTarget(field, keys[row])] for row in lookup.missing}
        except CONVERSION_ERRORS as error:  # one of the keys cannot be asked for, and each alone tells which
            raise_project_errors(error)
            self.cleaner.not_looked_up = ()
            alone = {row: self.cleaner.clean_by_field({attname: key})[1] for row, key in keys.items()}
            errors = {row: found[field.name] for row, found in alone.items() if found}
        self._reject_keys(field, errors)

    def _look_up_natural(self, attname: str, keys: dict[int, Any]) -> None:
        """Put the keys that natural keys stand for into the rows, or add the errors of those that are not there."""
        field = self.cleaner.fields.fields[attname]
        errors: dict[int, list[Any]] = {}
        for row, key, error in self.cleaner.natural.resolve(attname, keys):
            values = self.rows[row]
            if error is not None:
                errors[row] = error if isinstance(error, list) else [error]
            elif values is not None:
                values[attname] = key
        self._reject_keys(field, errors)

    def _reject_keys(self, field: Any, errors: Mapping[int, list[Any]]) -> None:
        for row in sorted(errors):
            self._reject(row, {field.name: errors[row]})
        if errors and metering.active_collectors.get():
            codes = Counter((field.name, str(error.code)) for found in errors.values() for error in found)
            metering.count_failures(self.cleaner.validator.model._meta.label, codes)
