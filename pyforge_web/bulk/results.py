"""What a batch hands back: the errors of each row, built when they are read, and the path that each step took."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import translation

from pyforge_web.validation.errors import BatchValidationError


class Unbuilt(Protocol):
    """An error that is known by its cause; Django's own code builds it."""

    def error_list(self) -> list[ValidationError]: ...


class Coded(Unbuilt, Protocol):
    """One whose code is known before."""

    @property
    def code(self) -> str: ...


# The errors of one row by field name, in Django's order.
Found = dict[str, list["ValidationError | Unbuilt"]]


class BatchPath(NamedTuple):
    """How a step of the validation went for `rows` rows: for many at once (`batch`), or each by `django`; and why."""

    step: str
    path: str
    rows: int
    reason: str


class Duplicate(NamedTuple):
    """A row whose unique fields have the values of another."""

    instance: Model
    model: type[Model]
    names: tuple[str, ...]

    @property
    def code(self) -> str:
        return "unique" if len(self.names) == 1 else "unique_together"

    def error_list(self) -> list[ValidationError]:
        """The error of `Model._perform_unique_checks`."""
        return [self.instance.unique_error_message(self.model, self.names)]


class DateDuplicate(NamedTuple):
    """A row whose field has the value of another row of the same day, month or year."""

    instance: Model
    lookup_type: str
    name: str
    unique_for: str

    @property
    def code(self) -> str:
        return "unique_for_date"

    def error_list(self) -> list[ValidationError]:
        """The error of `Model._perform_date_checks`."""
        return [self.instance.date_error_message(self.lookup_type, self.name, self.unique_for)]


class RowErrors(Mapping[int, ValidationError]):
    """Row number → what `full_clean` would raise for that row; built at the first reading of each."""

    def __init__(self, found: dict[int, Found], language: str | None) -> None:
        self._found = {row: found[row] for row in sorted(found)}
        self._language = language
        self._built: dict[int, ValidationError] = {}

    def __getitem__(self, row: int) -> ValidationError:
        if row not in self._built:
            if translation.get_language() == self._language:
                self._build(row)
            else:  # some of Django's texts are of the language they are built in: that of the validation, as ever
                with translation.override(self._language):
                    self._build(row)
        return self._built[row]

    def _build(self, row: int) -> None:
        self._built[row] = ValidationError({name: _leaves(parts) for name, parts in self._found[row].items()})

    def __iter__(self) -> Iterator[int]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, row: object) -> bool:
        return row in self._found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} rows>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _as_built, (dict(self),)


class BatchResult:
    """The end of `validate_many`."""

    __slots__ = ("errors", "paths", "total")

    def __init__(self, errors: RowErrors, total: int, paths: tuple[BatchPath, ...]) -> None:
        self.errors = errors
        self.total = total
        self.paths = paths

    @property
    def ok(self) -> bool:
        """Whether every row is valid."""
        return not self.errors

    def raise_(self) -> None:
        """Raises a `BatchValidationError` with the errors of all rows, if there are any."""
        if self.errors:
            raise BatchValidationError(self.errors, self.total)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.errors)} of {self.total} rows are not valid>"


def _leaves(parts: "list[ValidationError | Unbuilt]") -> list[ValidationError]:
    leaves: list[ValidationError] = []
    for part in parts:
        if isinstance(part, ValidationError):
            leaves.append(part)
        else:
            leaves.extend(part.error_list())
    return leaves


def _as_built(errors: dict[int, ValidationError]) -> RowErrors:
    built = RowErrors({row: {} for row in errors}, None)
    built._built.update(errors)
    return built
