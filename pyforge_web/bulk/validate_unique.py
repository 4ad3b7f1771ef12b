"""`Model.validate_unique` of a batch: unique fields, `unique_together`, `unique_for_date` and its like."""

from collections import defaultdict
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model

from pyforge_web.bulk.batch import VALUE_ERRORS, ExcludedFields, InstanceBatch, has_django_methods
from pyforge_web.bulk.conflicts import ConflictRules
from pyforge_web.bulk.unique_for_date import UniqueForDateCheck
from pyforge_web.bulk.unique_sets import UniqueSet, default_queryset, search_duplicates
from pyforge_web.validation.database.bulk_queries import LookupRecorder, RowLookup, keep_transaction
from pyforge_web.validation.database.stock_drivers import has_own_filter
from pyforge_web.validation.errors import DuplicateForDate, DuplicateValues, UnbuiltError

# `Model.validate_unique` and what it calls.
UNIQUE_METHODS = (
    "validate_unique",
    "_get_unique_checks",
    "_perform_unique_checks",
    "_perform_date_checks",
    "_get_pk_val",
    "_is_pk_set",
)

UniqueCheck = tuple[Any, ...]


class UniquePhase:
    """The unique checks of a model, for all rows of a batch."""

    def __init__(
        self,
        batch: InstanceBatch,
        already_asked: bool,
        rules: ConflictRules | None = None,
        updating: set[int] = frozenset(),  # type: ignore[assignment]
    ) -> None:
        """`already_asked`: a method of the model has asked the database for each row; duplicates in the batch remain.

        `updating` are the rows that update a stored row instead of meeting it.
        """
        self.batch = batch
        self.own_filter = any(map(has_own_filter, (batch.model, *batch.model._meta.all_parents)))
        has_own = self.own_filter or not has_django_methods(batch.model, *UNIQUE_METHODS)
        self.by_django = not already_asked and has_own
        self.already_asked = already_asked or self.by_django
        self.rules = rules
        self.updating = updating
        # The rows for which the model's own `_get_unique_checks` does not give a check.
        self.unasked: dict[UniqueCheck, set[int]] = {}
        # Filed at the end: Django reports nothing else of a row of which one check raises.
        self.found: list[tuple[int, str, UnbuiltError]] = []
        self.failing: set[int] = set()

    def run(self) -> None:
        excluded = self.batch.excluded_fields()
        if self.by_django:
            self._call_own_method(excluded)
        if self.batch.has_django_methods("_get_unique_checks"):
            first: Any = self.batch.rows[0]
            # Asked of one row for all: what a row leaves out besides is subtracted below.
            checks, date_checks = first._get_unique_checks(exclude=set(self.batch.exclude))
            without = self._rows_without_checks(excluded, {*checks, *date_checks})
        else:
            checks, date_checks = self._find_own_checks(excluded)
            without = {check: excluded.rows_without(check[1]) for check in checks}
            without |= {check: excluded.rows_without(check[2:]) for check in date_checks}
        for model, names in checks:
            if self.rules is None:
                self._check_names(model, names, without[model, names])
            # `unique_together` may have attnames.
            elif not self.rules.settles_conflict(known := [model._meta.get_field(name).name for name in names]):
                untouched = self.updating if self.rules.is_untouched(known) else set()
                self._check_names(model, names, without[model, names] | untouched)
        for check in date_checks:
            self._check_date(check, without[check])
        # `validate_unique` raises at the first check that fails, and loses what the checks before it found.
        for row in sorted(self.failing):
            self._check_alone(row, excluded)
        for row, name, part in self.found:
            if row not in self.failing and not (self.already_asked and self.batch.has(row, *part.error_list())):
                self.batch.add(row, name, part)

    def find_repeated_updates(self) -> None:
        """Reject rows that update the same stored row as an earlier row of the batch.

        PostgreSQL raises "ON CONFLICT DO UPDATE command cannot affect row a second time" for them.
        """
        if self.rules is None or not self.rules.unique_fields:
            return
        model, fields = self.batch.model, self.rules.unique_fields
        names = tuple(field.name for field in fields)
        queryset = default_queryset(model, self.batch.using)
        unique = UniqueSet(model, queryset, fields, lambda row: self._lookup_of(row, model, names))
        without = self.batch.excluded_fields().rows_without(names)
        # What is stored is no error here: it is what the rows update.
        search = search_duplicates(self.batch, unique, without, stored_too=False)
        for row in sorted(search.compared.find_repeats(())):
            name = names[0] if len(names) == 1 else NON_FIELD_ERRORS
            self.batch.add(row, name, DuplicateValues(self.batch.rows[row], model, names))
        self.batch.add_path(f"conflicts: {', '.join(names)}", "batch", len(search.compared.rows), search.reason)

    def _call_own_method(self, excluded: ExcludedFields) -> None:
        """Call the model's own `validate_unique` of each row."""
        batch = self.batch
        for row in batch.open_rows():
            exclude = excluded.of_row(row)
            try:
                batch.rows[row].validate_unique(exclude=exclude)
            except ValidationError as error:
                if left := self.rules.drop_settled(error) if self.rules else error:
                    batch.merge(row, left)
            except VALUE_ERRORS as error:
                batch.end_row(row, error)
            if exclude != excluded.of_row(row):
                batch.own_excludes[row] = exclude
        owner = "its default manager has its own filter()" if self.own_filter else "the model has its own"
        batch.add_path("validate_unique", "django", len(batch.rows), owner)

    def _check_alone(self, row: int, excluded: ExcludedFields) -> None:
        """File what Django says of a row for which the database cannot be asked together with others."""
        if row in self.batch.ended or self.already_asked:
            return
        try:
            # Django asks the database of the default manager, whatever the caller said.
            with keep_transaction(default_queryset(self.batch.model, None).db):
                self.batch.rows[row].validate_unique(exclude=excluded.of_row(row))
        except ValidationError as error:
            self.batch.merge(row, error)
        except VALUE_ERRORS as error:
            self.batch.end_row(row, error)

    def _find_own_checks(self, excluded: ExcludedFields) -> tuple[list[UniqueCheck], list[UniqueCheck]]:
        """Return the checks that any row has by the model's own method, and note which rows have not each of them.

        Such a row is saved without the check, and the rows behind it meet its values.
        """
        rows: Any = self.batch.rows
        asked = [one._get_unique_checks(exclude=excluded.of_row(row)) for row, one in enumerate(rows)]
        checks, date_checks = (list(dict.fromkeys(check for found in asked for check in found[n])) for n in (0, 1))
        for check in (*checks, *date_checks):
            self.unasked[check] = {row for row, found in enumerate(asked) if check not in (*found[0], *found[1])}
        return checks, date_checks

    def _rows_without_checks(self, excluded: ExcludedFields, every: set[UniqueCheck]) -> dict[UniqueCheck, set[int]]:
        """Return the rows that leave out each check, because of the fields that they exclude."""
        without: defaultdict[UniqueCheck, set[int]] = defaultdict(set)
        known: dict[frozenset[str], set[UniqueCheck]] = {}
        for row, names in excluded.more.items():
            key = frozenset(names)
            if key not in known:
                instance: Any = self.batch.rows[row]
                checks, date_checks = instance._get_unique_checks(exclude=set(names))
                # Rows with the same failed fields leave out the same checks: Django is asked once for them.
                known[key] = every.difference(checks, date_checks)
            for check in known[key]:
                without[check].add(row)
        return without

    def _check_names(self, model: type[Model], names: tuple[str, ...], without: set[int]) -> None:
        batch = self.batch
        queryset = default_queryset(model, batch.using)
        fields = tuple(batch.model._meta.get_field(name) for name in names)
        # `_perform_unique_checks` skips a primary key of an edited row.
        kept = any(field in model._meta.pk_fields for field in fields)
        unique = UniqueSet(model, queryset, fields, lambda row: self._lookup_of(row, model, names), kept)
        search = search_duplicates(batch, unique, without, stored_too=not self.already_asked)
        self.failing |= search.failing
        found = search.stored | search.compared.find_repeats(search.stored)
        for row in sorted(found.difference(self.unasked.get((model, names), ()))):
            name = names[0] if len(names) == 1 else NON_FIELD_ERRORS
            self.found.append((row, name, DuplicateValues(batch.rows[row], model, names)))
        batch.add_path(f"unique: {', '.join(names)}", "batch", len(search.compared.rows), search.reason)

    def _lookup_of(self, row: int, model: type[Model], names: tuple[str, ...]) -> RowLookup | None:
        recorder = LookupRecorder(model)
        instance: Any = self.batch.rows[row]
        # In the place of the model: Django's own code asks it for `_default_manager.filter(...)`, and it notes the
        # lookup.
        instance._perform_unique_checks([(recorder, names)])
        return recorder.lookup_of(row)

    def _check_date(self, check: UniqueCheck, without: set[int]) -> None:
        batch = self.batch
        model, lookup_type, name, unique_for = check
        queryset = default_queryset(model, batch.using)
        dates = UniqueForDateCheck(batch, check)
        unique = UniqueSet(model, queryset, (), dates.lookup_of, nulls_distinct=False)
        search = search_duplicates(batch, unique, without, stored_too=not self.already_asked)
        self.failing |= search.failing
        for row in sorted((search.stored | dates.find_repeats(search)).difference(self.unasked.get(check, ()))):
            self.found.append((row, name, DuplicateForDate(batch.rows[row], lookup_type, name, unique_for)))
        step = f"unique: {name} for {lookup_type} of {unique_for}"
        batch.add_path(step, "batch", len(search.compared.rows), search.reason)
