"""A batch under validation: its rows, what was found so far, and how far it got."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import router
from django.db.models import Model

from pyforge_web import metering
from pyforge_web.bulk.results import BatchPath, Coded, Found

Progress = Callable[[int, int], object]
# Rows between two reports of a step that goes row by row.
_REPORTED = 100


class Batch:
    """Rows of one model; each step reads them and adds what it finds."""

    def __init__(self, rows: list[Model], exclude: Iterable[str] | None, using: str | None) -> None:
        self.rows = rows
        self.model = _one_model(rows)
        self.exclude = set() if exclude is None else set(exclude)
        self.using = using
        self.found: dict[int, Found] = {}
        self.paths: list[BatchPath] = []
        # How often each field failed with each code, beside the compiled validator's findings.
        self.failures: Counter[tuple[str, str]] = Counter()
        # Rows whose own set of excluded fields was changed by an overridden method, as Django lets it.
        self.own_excludes: dict[int, set[str]] = {}
        self.edited: list[int] = []

    def add(self, row: int, name: str, part: "ValidationError | Coded") -> None:
        """Files an error of a row under a field."""
        self.found.setdefault(row, {}).setdefault(name, []).append(part)
        self.failures[name, str(part.code)] += 1

    def has(self, row: int, error: ValidationError) -> bool:
        """Whether a method of the model's own has raised the same error already."""
        parts = [part for parts in self.found.get(row, {}).values() for part in parts]
        leaves = [part for part in parts if isinstance(part, ValidationError)]
        return any((leaf.code, [*leaf]) == (error.code, [*error]) for leaf in leaves)

    def merge(self, row: int, error: ValidationError) -> None:
        """Files what a method of Django's or of the model raised, as `full_clean` does."""
        errors = error.update_error_dict(cast(Any, self.found.get(row, {})))
        if errors:
            self.found[row] = cast(Any, errors)
            self.failures.update(
                (name, str(leaf.code)) for name, leaves in error.update_error_dict({}).items() for leaf in leaves
            )

    def report(self) -> None:
        """Tells the collectors what was refused; of the compiled validator's part they know."""
        if self.failures:
            metering.count_failures(self.model._meta.label, self.failures)

    def took(self, step: str, path: str, rows: int, reason: str) -> None:
        """Notes how a step went, if there was anything to do."""
        if rows:
            self.paths.append(BatchPath(step, path, rows, reason))

    def excluded(self) -> "Excluded":
        """The fields that the next phase leaves out of each row: the caller's, and those with an error.

        A phase begins with this: which rows are edited is looked at anew, for `clean()` may have saved its row.
        """
        self.edited = [row for row, adding in enumerate(map(attrgetter("_state.adding"), self.rows)) if not adding]
        return Excluded(self)

    def by_database(self, action: str, model: type[Model]) -> Iterator[tuple[str, list[int]]]:
        """The rows by the database that they are to be asked of: the caller's, or the one that the router says."""
        if self.using is not None:
            yield self.using, list(range(len(self.rows)))
            return
        choose = getattr(router, action)
        if not any(hasattr(each, action) for each in router.routers):
            homes = set(map(attrgetter("_state.db"), self.rows))
            if len(homes) == 1:
                yield choose(model, instance=self.rows[0]), list(range(len(self.rows)))
                return
        groups: dict[str, list[int]] = {}
        for row, instance in enumerate(self.rows):
            groups.setdefault(choose(model, instance=instance), []).append(row)
        yield from groups.items()


class Excluded:
    """The excluded fields of each row, at the beginning of a phase."""

    def __init__(self, batch: Batch) -> None:
        self.base = batch.exclude
        # The rows that leave out more than the caller said.
        self.more = {row: own | batch.exclude for row, own in batch.own_excludes.items()}
        for row, found in batch.found.items():
            if names := found.keys() - {NON_FIELD_ERRORS}:
                self.more[row] = self.more.get(row, self.base) | names

    def of(self, row: int) -> set[str]:
        """The excluded fields of one row, in a set that the caller may change."""
        return set(self.more.get(row, self.base))

    def naming(self, names: Iterable[str]) -> set[int]:
        """The rows that leave one of these fields out and that the caller's own set does not."""
        return {row for row, excluded in self.more.items() if not excluded.isdisjoint(names)}


class Steps:
    """Tells the caller how many rows' worth of the work is done."""

    def __init__(self, progress: Progress | None, rows: int, steps: int) -> None:
        self._progress = progress
        self._rows = rows
        self._steps = max(steps, 1)
        self._finished = 0
        self._reported = 0

    @property
    def watched(self) -> bool:
        """Whether anybody wants to know."""
        return self._progress is not None

    def within(self, rows: int) -> None:
        """So many rows of the step at hand are done."""
        self._report(self._finished * self._rows + rows)

    def finish(self) -> None:
        """A step is done for all rows."""
        self._finished += 1
        self._report(self._finished * self._rows)

    def each(self, rows: Iterable[int]) -> Iterator[int]:
        """The rows of a step that goes row by row."""
        for done, row in enumerate(rows):
            if done % _REPORTED == 0:
                self.within(done)
            yield row

    def _report(self, units: int) -> None:
        done = units // self._steps
        if self._progress and done > self._reported:
            self._reported = done
            self._progress(done, self._rows)


def is_djangos(model: type[Model], *names: str) -> bool:
    """Whether a model has these methods from Django."""
    return all(getattr(model, name) is getattr(Model, name) for name in names)


def _one_model(rows: list[Model]) -> type[Model]:
    model = type(rows[0])
    if not issubclass(model, Model):
        raise TypeError(f"validate_many takes instances of a model; item 0 is {rows[0]!r}")
    if len(set(map(type, rows))) > 1:
        row, other = next((row, each) for row, each in enumerate(rows) if type(each) is not model)
        raise TypeError(
            f"validate_many takes instances of one model: item 0 is of {model.__qualname__}, item {row} of "
            f"{type(other).__qualname__}; call it once for each model"
        )
    return model
