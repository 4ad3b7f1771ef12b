"""A batch under validation: its rows, and what was found so far."""

from collections import Counter
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, cast

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError
from django.db import router
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from pyforge_web import metering
from pyforge_web.bulk.results import BatchPath
from pyforge_web.stock import is_django_function
from pyforge_web.validation.errors import (
    DuplicateForDate,
    DuplicateValues,
    RowErrorParts,
    UnbuiltError,
    drop_tracebacks,
)
from pyforge_web.validation.payload.clean import CONVERSION_ERRORS, raise_project_errors

# What Django and the driver raise for a value that they cannot take, besides a ValidationError. A lost connection, a
# wrong query or a wrong setting is not among them: it ends the batch. `_perform_date_checks` asks a foreign key for its
# instance, which need not be there.
VALUE_ERRORS = (*CONVERSION_ERRORS, ObjectDoesNotExist)


MESSAGE_METHODS = ("unique_error_message", "date_error_message")


class InstanceBatch:
    """Rows of one model. Each phase reads them and adds the errors that it finds."""

    def __init__(self, rows: list[Model], exclude: Iterable[str] | None, using: str | None) -> None:
        self.rows = rows
        self.model = type(rows[0])
        self.has_django_words = has_django_methods(self.model, *MESSAGE_METHODS)
        # Whether somebody put a step of `full_clean` on an instance.
        self.has_own_steps = False
        self.exclude = set() if exclude is None else set(exclude)
        self.using = using
        self.errors: dict[int, RowErrorParts] = {}
        self.paths: list[BatchPath] = []
        # How often each field failed with each code, besides what the compiled validator counts itself.
        self.failures: Counter[tuple[str, str]] = Counter()
        # Rows whose set of excluded fields was changed by an overridden method, as Django allows.
        self.own_excludes: dict[int, set[str]] = {}
        self.edited: list[int] = []
        # Rows that raised something else than a ValidationError: `full_clean` goes no further with them.
        self.ended: set[int] = set()

    def has_django_methods(self, *names: str) -> bool:
        """Return whether all rows have these methods from Django, and none was put on an instance."""
        models = set(map(type, self.rows))
        return not self.has_own_steps and all(has_django_methods(model, *names) for model in models)

    def open_rows(self) -> list[int]:
        """Return the rows whose validation goes on."""
        return [row for row in range(len(self.rows)) if row not in self.ended]

    def add(self, row: int, name: str, part: "ValidationError | UnbuiltError") -> None:
        """File an error of a row under a field."""
        if isinstance(part, DuplicateValues | DuplicateForDate) and not self.has_django_words:
            # The model's own words may be about values that change before somebody reads the error.
            for leaf in part.error_list():
                self.add(row, name, leaf)
            return
        if isinstance(part, ValidationError):
            drop_tracebacks(part)
        self.errors.setdefault(row, {}).setdefault(name, []).append(part)
        self.failures[name, str(part.code)] += 1

    def has(self, row: int, error: ValidationError) -> bool:
        """Return whether the row has the same error already, from a method of the model for example."""
        parts = [part for parts in self.errors.get(row, {}).values() for part in parts]
        leaves = [
            leaf for part in parts for leaf in ([part] if isinstance(part, ValidationError) else part.error_list())
        ]
        return any((leaf.code, [*leaf]) == (error.code, [*error]) for leaf in leaves)

    def merge(self, row: int, error: ValidationError) -> None:
        """File what a method of Django or of the model raised, as `full_clean` does."""
        drop_tracebacks(error)
        # The method that `full_clean` itself uses. It adds to the dict in place, or makes it for the first error.
        errors = error.update_error_dict(cast(Any, self.errors.get(row, {})))
        if errors:
            self.errors[row] = cast(Any, errors)
            self.failures.update(
                (name, str(leaf.code)) for name, leaves in error.update_error_dict({}).items() for leaf in leaves
            )

    def end_row(self, row: int, error: BaseException) -> None:
        """File an exception that is not a `ValidationError` as the error of its row, and end the row.

        So a value that Django's own code cannot take (a list in the place of a number) does not hide the errors of all
        other rows. An exception in which code of the project had a part is a fault, and is raised.
        """
        raise_project_errors(error)
        drop_tracebacks(error)
        # Django's words for a value that a field cannot take, so that they are translated.
        whole = ValidationError(_("Enter a valid value."), code="invalid")
        whole.__cause__ = error
        self.add(row, NON_FIELD_ERRORS, whole)
        self.ended.add(row)

    def count_failures(self) -> None:
        """Tell the collectors what was rejected. They know what the compiled validator found."""
        if self.failures:
            metering.count_failures(self.model._meta.label, self.failures)

    def add_path(self, step: str, path: str, rows: int, reason: str) -> None:
        """Note how a step went, if there was anything to do."""
        if rows:
            self.paths.append(BatchPath(step, path, rows, reason))

    def excluded_fields(self) -> "ExcludedFields":
        """Return the fields that the next phase leaves out of each row: the caller's, and those with an error.

        Each phase begins with this. Which rows are edited is read again, because `clean()` may have saved its row.
        """
        # `_state.adding` is what Django asks, and not the primary key: a new row may have one.
        self.edited = [row for row, adding in enumerate(map(attrgetter("_state.adding"), self.rows)) if not adding]
        return ExcludedFields(self)

    def by_database(self, action: str, model: type[Model]) -> Iterator[tuple[str, list[int]]]:
        """Yield the rows by the database to ask: the caller's, or the one that the routers choose."""
        rows = self.open_rows()
        if self.using is not None:
            yield self.using, rows
            return
        choose = getattr(router, action)
        if not any(hasattr(one, action) for one in router.routers):
            # Without a router of the project the choice depends on the database of the instance only.
            homes = set(map(attrgetter("_state.db"), self.rows))
            if len(homes) == 1:
                yield choose(model, instance=self.rows[0]), rows
                return
        groups: dict[str, list[int]] = {}
        for row in rows:
            groups.setdefault(choose(model, instance=self.rows[row]), []).append(row)
        yield from groups.items()


class ExcludedFields:
    """The excluded fields of each row at the beginning of a phase."""

    def __init__(self, batch: InstanceBatch) -> None:
        self.base = batch.exclude
        # The rows that leave out more than the caller said.
        self.more = {row: own | batch.exclude for row, own in batch.own_excludes.items()}
        for row, errors in batch.errors.items():
            # `full_clean` excludes the fields that have failed, and never the errors of the whole row.
            if names := errors.keys() - {NON_FIELD_ERRORS}:
                self.more[row] = self.more.get(row, self.base) | names

    def of_row(self, row: int) -> set[str]:
        """Return the excluded fields of one row, as a set that the caller may change."""
        # A new set: Django's own steps hand one set on, and an override may add to it.
        return set(self.more.get(row, self.base))

    def rows_without(self, names: Iterable[str]) -> set[int]:
        """Return the rows that leave out one of these fields, but not those where the caller does."""
        return {row for row, excluded in self.more.items() if not excluded.isdisjoint(names)}


def has_django_methods(model: type[Model], *names: str) -> bool:
    """Return whether a model has these methods from Django, and Django's class has its own."""
    return all(
        getattr(model, name) is getattr(Model, name) and is_django_function(getattr(Model, name)) for name in names
    )
