"""`Model.validate_unique` of a batch: unique fields, `unique_together`, `unique_for_date` and its like."""

from collections import defaultdict
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from pyforge_web.bulk.batch import Batch, Excluded, Steps, is_djangos
from pyforge_web.bulk.results import Coded, DateDuplicate, Duplicate
from pyforge_web.bulk.unique_for_date import Dates
from pyforge_web.bulk.unique_sets import UniqueSet, default_queryset, find
from pyforge_web.validation.database.bulk_queries import Asked, Question

# `Model.validate_unique` and what it calls.
METHODS = (
    "validate_unique",
    "_get_unique_checks",
    "_perform_unique_checks",
    "_perform_date_checks",
    "_get_pk_val",
    "_is_pk_set",
)

Check = tuple[Any, ...]


class UniqueChecks:
    """The unique checks of a model, for all rows of a batch."""

    def __init__(self, batch: Batch, judged: bool) -> None:
        """`judged`: the model's own `full_clean` has asked the database already, row by row."""
        self.batch = batch
        self.by_django = not judged and not is_djangos(batch.model, *METHODS)
        self.judged = judged or self.by_django
        first: Any = batch.rows[0]
        self.checks, self.date_checks = first._get_unique_checks(exclude=set(batch.exclude))
        self.steps = len(self.checks) + len(self.date_checks) + self.by_django

    def run(self, steps: Steps) -> None:
        excluded = self.batch.excluded()
        if self.by_django:
            self._ask_django(excluded, steps)
        without = self._without(excluded)
        for model, names in self.checks:
            self._check(model, names, without[model, names])
            steps.finish()
        for check in self.date_checks:
            self._check_date(check, without[check])
            steps.finish()

    def _ask_django(self, excluded: Excluded, steps: Steps) -> None:
        """The model's own `validate_unique`, row by row."""
        batch = self.batch
        for row in steps.each(range(len(batch.rows))):
            exclude = excluded.of(row)
            try:
                batch.rows[row].validate_unique(exclude=exclude)
            except ValidationError as error:
                batch.merge(row, error)
            if exclude != excluded.of(row):
                batch.own_excludes[row] = exclude
        batch.took("validate_unique", "django", len(batch.rows), "the model has its own")
        steps.finish()

    def _without(self, excluded: Excluded) -> dict[Check, set[int]]:
        """The rows that leave out each check, as `_get_unique_checks` says of the fields they exclude."""
        without: defaultdict[Check, set[int]] = defaultdict(set)
        known: dict[frozenset[str], set[Check]] = {}
        every: set[Check] = {*self.checks, *self.date_checks}
        for row, names in excluded.more.items():
            key = frozenset(names)
            if key not in known:
                instance: Any = self.batch.rows[row]
                checks, date_checks = instance._get_unique_checks(exclude=set(names))
                known[key] = every.difference(checks, date_checks)
            for check in known[key]:
                without[check].add(row)
        return without

    def _check(self, model: type[Model], names: tuple[str, ...], without: set[int]) -> None:
        batch = self.batch
        queryset = default_queryset(model, batch.using)
        fields = tuple(batch.model._meta.get_field(name) for name in names)
        kept = any(field in model._meta.pk_fields for field in fields)
        unique = UniqueSet(model, queryset, fields, lambda row: self._asked(row, model, names), kept)
        sharing = find(batch, unique, without, stored_too=not self.judged)
        for row in sorted(sharing.stored | sharing.part.repeats(sharing.stored)):
            self._add(row, names[0] if len(names) == 1 else NON_FIELD_ERRORS, Duplicate(batch.rows[row], model, names))
        batch.took(f"unique: {', '.join(names)}", "batch", len(sharing.part.rows), sharing.reason)

    def _asked(self, row: int, model: type[Model], names: tuple[str, ...]) -> Asked | None:
        question = Question(model)
        instance: Any = self.batch.rows[row]
        instance._perform_unique_checks([(question, names)])
        return question.asked(row)

    def _check_date(self, check: Check, without: set[int]) -> None:
        batch = self.batch
        model, lookup_type, name, unique_for = check
        queryset = default_queryset(model, batch.using)
        dates = Dates(batch, check)
        unique = UniqueSet(model, queryset, (), dates.asked, nulls_distinct=False)
        sharing = find(batch, unique, without, stored_too=not self.judged)
        for row in sorted(sharing.stored | dates.repeats(sharing)):
            self._add(row, name, DateDuplicate(batch.rows[row], lookup_type, name, unique_for))
        batch.took(f"unique: {name} for {lookup_type} of {unique_for}", "batch", len(sharing.part.rows), sharing.reason)

    def _add(self, row: int, name: str, part: Coded) -> None:
        if not (self.judged and self.batch.has(row, *part.error_list())):
            self.batch.add(row, name, part)
