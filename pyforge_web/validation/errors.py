"""The errors of many rows: unbuilt ones, which Django builds when they are read, and one exception for all of them."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from pyforge_web.conf import with_docs

# Rows that the text of a BatchValidationError quotes.
_QUOTED_ROWS = 3


class UnbuiltError(Protocol):
    """An error whose cause is known. Django's own code builds it when somebody reads it.

    Most imports that fail have thousands of errors of which a few are read, and building one takes longer than
    validating a whole row natively.
    """

    @property
    def code(self) -> str:
        """The code that the error will have, as far as it is known before."""

    def error_list(self) -> list[ValidationError]:
        """Return the errors as Django builds them."""


# The errors of one row by field name, in Django's order.
RowErrorParts = dict[str, list["ValidationError | UnbuiltError"]]


class RejectedValue(NamedTuple):
    """A value that native code rejected. Only `Field.clean` knows the words."""

    field: Any
    value: Any
    instance: Model

    @property
    def code(self) -> str:
        return "unread"  # the code is Django's to choose, and it has not been asked yet

    def error_list(self) -> list[ValidationError]:
        """Return the errors that `field.clean` raises.

        Raises `RuntimeError` if the field was changed meanwhile and accepts the value now.
        """
        try:
            self.field.clean(self.value, self.instance)
        except ValidationError as error:
            return error.error_list
        raise with_docs(
            RuntimeError(f"{self.field} was changed after the validation and accepts {self.value!r} now"),
            "model-changed",
        )


class MissingTarget(NamedTuple):
    """A foreign key to a row that does not exist."""

    field: Any
    value: Any

    @property
    def code(self) -> str:
        return "invalid"

    def error_list(self) -> list[ValidationError]:
        """Return the error of `django.db.models.fields.related.ForeignKey.validate`."""
        remote = self.field.remote_field
        params = {
            "model": remote.model._meta.verbose_name,
            "pk": self.value,
            "field": remote.field_name,
            "value": self.value,
        }
        return [ValidationError(self.field.error_messages["invalid"], code="invalid", params=params)]


class UnknownNaturalKey(NamedTuple):
    """A natural key that no related row has, or that several have."""

    field: Any
    natural: Any
    value: Any
    several: bool = False

    @property
    def code(self) -> str:
        return "ambiguous" if self.several else "invalid"

    def error_list(self) -> list[ValidationError]:
        """Return the error of `ForeignKey.validate`, about the natural key."""
        params = {
            "model": self.field.remote_field.model._meta.verbose_name,
            "pk": self.value,
            "field": self.natural.name,
            "value": self.value,
        }
        text = self.field.error_messages["invalid"]
        if self.several:
            text = _("More than one %(model)s has the %(field)s %(value)r.")
        return [ValidationError(text, code=self.code, params=params)]


class DuplicateValues(NamedTuple):
    """A row whose unique fields have the same values as another row."""

    instance: Model
    model: type[Model]
    names: tuple[str, ...]

    @property
    def code(self) -> str:
        return "unique" if len(self.names) == 1 else "unique_together"

    def error_list(self) -> list[ValidationError]:
        """Return the error of `Model._perform_unique_checks`."""
        return [self.instance.unique_error_message(self.model, self.names)]


class DuplicateForDate(NamedTuple):
    """A row whose field has the same value as another row of the same day, month or year."""

    instance: Model
    lookup_type: str
    name: str
    unique_for: str

    @property
    def code(self) -> str:
        return "unique_for_date"

    def error_list(self) -> list[ValidationError]:
        """Return the error of `Model._perform_date_checks`."""
        return [self.instance.date_error_message(self.lookup_type, self.name, self.unique_for)]


class BatchValidationError(ValidationError):
    """The errors of all rows as one `ValidationError` in list form. Each message begins with its row and field.

    `errors` has them by row number, as Django words them. Codes and params are those of the errors themselves.
    `invalid_rows` is the number of rows that are not valid: more than `errors` has, if not all errors were kept.
    """

    def __init__(self, errors: Mapping[int, ValidationError], total: int, invalid_rows: int | None = None) -> None:
        invalid_rows = len(errors) if invalid_rows is None else invalid_rows
        # Not ValidationError.__init__: it would build all messages of all rows.
        Exception.__init__(self, errors, total, invalid_rows)
        self.errors = errors
        self.total = total
        self.invalid_rows = invalid_rows

    @cached_property
    def error_list(self) -> list[ValidationError]:  # type: ignore[override]
        return [
            _name_row(row, name, leaf)
            for row, error in self.errors.items()
            for name, leaves in error.error_dict.items()
            for leaf in leaves
        ]

    def __str__(self) -> str:
        # The whole text of 10,000 rows in a log line or a traceback helps nobody.
        first = "; ".join(f"row {row}: {self.errors[row]}" for row in islice(self.errors, _QUOTED_ROWS))
        more = "; ..." if self.invalid_rows > _QUOTED_ROWS else ""
        return f"{self.invalid_rows} of {self.total} rows are not valid: {first}{more}"


def build_errors(parts: RowErrorParts) -> ValidationError:
    """Return the errors of one row as `full_clean` would raise them."""
    return ValidationError({name: list(_build_leaves(listed)) for name, listed in parts.items()})


def drop_tracebacks(error: BaseException) -> None:
    """Take the tracebacks out of an exception and of those that it was raised from.

    A traceback holds its frames, and these hold the instance and all local variables. Of an error that is kept for
    every row of a batch they are most of its memory.
    """
    waiting: list[BaseException | None] = [error]
    # An exception may be its own context by way of others.
    seen: set[int] = set()
    while waiting:
        exception = waiting.pop()
        if exception is None or id(exception) in seen:
            continue
        seen.add(id(exception))
        # Only the frames: what the errors say stays.
        exception.__traceback__ = None
        waiting += [exception.__cause__, exception.__context__]
        if isinstance(exception, ValidationError) and not isinstance(exception, BatchValidationError):
            waiting += exception.error_list if hasattr(exception, "error_list") else _dict_leaves(exception)


def _dict_leaves(error: ValidationError) -> list[ValidationError]:
    return [leaf for leaves in error.error_dict.values() for leaf in leaves]


def _build_leaves(parts: "list[ValidationError | UnbuiltError]") -> Iterator[ValidationError]:
    for part in parts:
        if isinstance(part, ValidationError):
            yield part
        else:
            for leaf in part.error_list():
                drop_tracebacks(leaf)
                yield leaf


def _name_row(row: int, name: str, leaf: ValidationError) -> ValidationError:
    prefix = f"Row {row}: " if name == NON_FIELD_ERRORS else f"Row {row}, {name}: "
    return ValidationError(_prefixed_lazy(prefix, leaf), code=leaf.code, params=leaf.params)


def _prefixed_text(prefix: str, leaf: ValidationError) -> str:
    """Return the text of an error after a prefix.

    `ValidationError` puts the params into its message when it is read. They are in the text already, so every percent
    sign is doubled.
    """
    # Only then does `ValidationError.__iter__` put params into the text, and a bare "%" stays one.
    if leaf.params:
        return (prefix + str(leaf.message % leaf.params)).replace("%", "%%")
    return prefix + str(leaf.message)


_prefixed_lazy = lazy(_prefixed_text, str)
