"""`Model.validate_constraints` of a batch: unique constraints for all rows at once, others by Django row by row."""

import copy
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import connections
from django.db.models import BooleanField, CheckConstraint, Model, Q, UniqueConstraint
from django.db.models.expressions import Value
from django.db.models.functions import Coalesce

from pyforge_web.bulk.batch import VALUE_ERRORS, ExcludedFields, InstanceBatch, has_django_methods
from pyforge_web.bulk.conflicts import ConflictRules
from pyforge_web.bulk.constraint_conditions import ConstraintCondition, find_odd_blanks
from pyforge_web.bulk.unique_sets import DuplicateSearch, UniqueSet, default_queryset, search_duplicates
from pyforge_web.validation.attributes import find_overridden
from pyforge_web.validation.database.bulk_queries import LookupRecorder, RowLookup, keep_transaction

CONSTRAINT_METHODS = (
    "validate_constraints",
    "get_constraints",
    "_get_field_expression_map",
    "_get_pk_val",
    "_is_pk_set",
)


class ConstraintPhase:
    """The constraints of a model, for all rows of a batch."""

    def __init__(
        self,
        batch: InstanceBatch,
        unique: bool,
        already_asked: bool,
        rules: ConflictRules | None = None,
        updating: set[int] = frozenset(),  # type: ignore[assignment]
        given: InstanceBatch | None = None,
    ) -> None:
        """`unique`: unique constraints too. `already_asked`: a method of the model has asked for each row.

        `updating` are the rows that update a stored row, `given` the batch as the caller gave it. The database checks
        the rows as they were given before it looks for conflicts.
        """
        self.batch = batch
        self.unique = unique
        self.by_django = not already_asked and not has_django_methods(batch.model, *CONSTRAINT_METHODS)
        self.already_asked = already_asked or self.by_django
        self.rules = rules
        self.updating = updating
        self.given = given or batch

    def run(self) -> None:
        excluded = self.batch.excluded_fields()
        if self.by_django:
            self._call_own_method(excluded)
        for model, constraint, asked in self._find_constraints():
            if self._takes_part(constraint):
                self._check_constraint(model, constraint, excluded, asked)

    def _find_constraints(self) -> list[tuple[Any, Any, set[int]]]:
        """Return the constraints, each with its model and the rows that are asked for it."""
        rows: Any = self.batch.rows
        every = set(range(len(rows)))
        if self.batch.has_django_methods("get_constraints"):  # they are those of the class
            return [(model, one, every) for model, listed in rows[0].get_constraints() for one in listed]
        found: dict[tuple[Any, int], tuple[Any, Any, set[int]]] = {}
        for row in every:
            for model, listed in rows[row].get_constraints():
                for one in listed:  # by its identity, for a constraint has no hash
                    found.setdefault((model, id(one)), (model, one, set()))[2].add(row)
        return list(found.values())

    def _takes_part(self, constraint: Any) -> bool:
        if isinstance(constraint, UniqueConstraint) and not self.unique:
            return False
        if self.rules is not None and self.rules.settles_constraint(constraint):
            return False
        return checks_in_batch(constraint) or not self.already_asked

    def _check_constraint(self, model: Any, constraint: Any, excluded: ExcludedFields, asked: set[int]) -> None:
        # `Model.validate_constraints` asks the database that the row would be written to.
        for alias, rows in self.batch.by_database("db_for_write", self.batch.model):
            if checks_in_batch(constraint):
                self._check_unique(model, constraint, alias, rows, excluded, asked)
            else:
                self._check_each(self.given, model, constraint, alias, rows, excluded)
        if not checks_in_batch(constraint):
            reason = f"{type(constraint).__name__}: Django asks the database for each row"
            self.batch.add_path(f"constraint: {constraint.name}", "django", len(self.batch.rows), reason)

    def _call_own_method(self, excluded: ExcludedFields) -> None:
        """Call the model's own `validate_constraints` of each row."""
        batch = self.batch
        for row in batch.open_rows():
            try:
                batch.rows[row].validate_constraints(exclude=excluded.of_row(row))
            except ValidationError as error:
                if left := self.rules.drop_settled(error) if self.rules else error:
                    batch.merge(row, left)
            except VALUE_ERRORS as error:
                batch.end_row(row, error)
        batch.add_path("validate_constraints", "django", len(batch.rows), "the model has its own")

    def _check_each(
        self,
        batch: InstanceBatch,
        model: Any,
        constraint: Any,
        alias: str,
        rows: Sequence[int],
        excluded: ExcludedFields,
    ) -> None:
        """Call the constraint's `validate` for each of these rows."""
        # `Q.check`, which a CheckConstraint calls, keeps the transaction itself.
        with keep_transaction(alias, lambda: bool(rows) and not isinstance(constraint, CheckConstraint)) as restore:
            for row in rows:
                try:
                    constraint.validate(model, batch.rows[row], exclude=excluded.of_row(row), using=alias)
                except ValidationError as error:
                    self._file_error(row, constraint, error)
                except VALUE_ERRORS as error:
                    restore()
                    batch.end_row(row, error)
                except FieldError as error:
                    # The condition of an ExclusionConstraint names a field that has failed in this row.
                    if excluded.of_row(row) == excluded.base:
                        raise
                    batch.end_row(row, error)

    def _check_unique(
        self,
        model: type[Model],
        constraint: Any,
        alias: str,
        rows: Sequence[int],
        excluded: ExcludedFields,
        asked: set[int],
    ) -> None:
        batch = self.batch
        # `UniqueConstraint.validate` returns for every row if one of its fields is excluded.
        if not excluded.base.isdisjoint(constraint.fields):
            return
        unique = _as_unique_set(model, constraint, alias, batch, excluded)
        without = excluded.rows_without(constraint.fields).union(set(range(len(batch.rows))).difference(rows))
        # The stored row has these values already, and keeps them.
        if self.rules is not None and self.rules.is_untouched(constraint.fields):
            without |= self.updating
        search = search_duplicates(batch, unique, without, stored_too=not self.already_asked)
        failing = set(search.failing)
        if constraint.condition:
            self._check_each(batch, model, constraint, alias, sorted(search.stored), excluded)
            failing |= find_odd_blanks(model, constraint.condition, batch.rows, without | search.stored)
            duplicates = self._find_conditional_repeats(model, constraint, alias, search, excluded, failing)
        else:
            duplicates = search.stored | search.compared.find_repeats(search.stored)
        for row in sorted(duplicates & asked):  # the other rows are saved all the same
            error = _make_violation(constraint, model, batch.rows[row])
            if not (self.already_asked and batch.has(row, error)):
                self._file_error(row, constraint, error)
        if not self.already_asked:
            self._check_each(batch, model, constraint, alias, sorted(failing), excluded)
        batch.add_path(f"constraint: {constraint.name}", "batch", len(search.compared.rows), search.reason)

    def _find_conditional_repeats(
        self,
        model: type[Model],
        constraint: Any,
        alias: str,
        search: DuplicateSearch,
        excluded: ExcludedFields,
        failing: set[int],
    ) -> set[int]:
        """Return the rows that meet the condition and repeat an earlier row that meets it, as the database says.

        A row for which it cannot be asked is added to `failing`.
        """

        def meets_condition(row: int, condition: ConstraintCondition) -> bool:
            instance: Any = self.batch.rows[row]
            expressions = instance._get_field_expression_map(meta=model._meta, exclude=excluded.of_row(row))
            try:
                return condition.is_met(expressions)
            except FieldError:  # one of its fields is excluded: Django accepts the row
                return False
            except (ValidationError, *VALUE_ERRORS):
                failing.add(row)
                return False

        checked = holds = ConstraintCondition(constraint.condition, alias)
        if connections[alias].features.supports_comparing_boolean_expr:
            # A stored row whose condition is NULL does not meet it; a row that is checked does. Source: `Q.check`.
            stored = Q(Coalesce(constraint.condition, Value(False), output_field=BooleanField()))
            holds = ConstraintCondition(constraint.condition, alias, asked=stored)
        repeats = set()
        for rows in search.compared.repeated():
            holders: list[int] = []
            for row in rows:
                # The row is rejected already, and cannot be saved: it holds nothing.
                if row in search.stored:
                    continue
                if any(search.compared.are_two(row, earlier) for earlier in holders) and meets_condition(row, checked):
                    repeats.add(row)
                if row != rows[-1] and meets_condition(row, holds):
                    holders.append(row)
        return repeats - failing

    def _file_error(self, row: int, constraint: Any, error: ValidationError) -> None:
        """File an error as `Model.validate_constraints` does."""
        # The same test as in `Model.validate_constraints`: the error of one field goes to that field.
        if getattr(error, "code", None) == "unique" and len(constraint.fields) == 1:
            self.batch.add(row, constraint.fields[0], error)
        else:
            self.batch.merge(row, error)


def checks_in_batch(constraint: Any) -> bool:
    """Return whether this is a unique constraint that Django's own method validates."""
    return isinstance(constraint, UniqueConstraint) and not find_overridden(constraint, UniqueConstraint, ("validate",))


def _as_unique_set(
    model: type[Model], constraint: Any, alias: str, batch: InstanceBatch, excluded: ExcludedFields
) -> UniqueSet:
    queryset = default_queryset(model, alias)
    if constraint.condition:
        queryset = queryset.filter(constraint.condition)
    fields: tuple[Any, ...] = tuple(model._meta.get_field(name) for name in constraint.fields)
    # The database computes a generated column: only an expression over the row has its value.
    if any(field.generated for field in fields):
        fields = ()
    # Without its condition `validate` does nothing but look up the values. The condition is in the QuerySet.
    bare = copy.copy(constraint)
    bare.condition = None

    def lookup_of(row: int) -> RowLookup | None:
        recorder = LookupRecorder(model)
        bare.validate(recorder, batch.rows[row], exclude=excluded.of_row(row), using=alias)
        return recorder.lookup_of(row)

    return UniqueSet(model, queryset, fields, lookup_of, nulls_distinct=constraint.nulls_distinct is not False)


def _make_violation(constraint: Any, model: type[Model], instance: Model) -> ValidationError:
    """Return the error of `django.db.models.constraints.UniqueConstraint.validate`."""
    default = constraint.violation_error_message == constraint.default_violation_error_message
    # Django keeps its older words for constraints of bare fields, and its code "unique".
    if constraint.fields and not constraint.condition and default:
        error = instance.unique_error_message(model, constraint.fields)
        return ValidationError(error, code=error.code)
    return ValidationError(constraint.get_violation_error_message(), code=constraint.violation_error_code)
