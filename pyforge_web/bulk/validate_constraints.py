"""`Model.validate_constraints` of a batch: unique constraints for all rows at once, others by Django, row by row."""

import copy
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import connections
from django.db.models import BooleanField, Model, Q, UniqueConstraint
from django.db.models.expressions import Value
from django.db.models.functions import Coalesce

from pyforge_web.bulk.batch import Batch, Excluded, Steps, is_djangos
from pyforge_web.bulk.constraint_conditions import Condition
from pyforge_web.bulk.unique_sets import Sharing, UniqueSet, default_queryset, find
from pyforge_web.validation.database.bulk_queries import Asked, Question

METHODS = ("validate_constraints", "get_constraints", "_get_field_expression_map", "_get_pk_val", "_is_pk_set")


class Constraints:
    """The constraints of a model, for all rows of a batch."""

    def __init__(self, batch: Batch, unique: bool, judged: bool) -> None:
        """`unique`: those too that are unique; `judged`: the model's own `full_clean` has seen to each row alone."""
        self.batch = batch
        self.unique = unique
        self.by_django = not judged and not is_djangos(batch.model, *METHODS)
        self.judged = judged or self.by_django
        first: Any = batch.rows[0]
        self.constraints = [
            (model, constraint)
            for model, constraints in first.get_constraints()
            for constraint in constraints
            if self._is_ours(constraint)
        ]
        self.steps = len(self.constraints) + self.by_django

    def _is_ours(self, constraint: Any) -> bool:
        if isinstance(constraint, UniqueConstraint) and not self.unique:
            return False
        return is_batched(constraint) or not self.judged

    def run(self, steps: Steps) -> None:
        excluded = self.batch.excluded()
        if self.by_django:
            self._ask_django(excluded, steps)
        for model, constraint in self.constraints:
            for alias, rows in self.batch.by_database("db_for_write", self.batch.model):
                if is_batched(constraint):
                    self._check_unique(model, constraint, alias, rows, excluded)
                else:
                    self._check_each(model, constraint, alias, steps.each(rows), excluded)
            if not is_batched(constraint):
                reason = f"{type(constraint).__name__}: Django asks the database for each row"
                self.batch.took(f"constraint: {constraint.name}", "django", len(self.batch.rows), reason)
            steps.finish()

    def _ask_django(self, excluded: Excluded, steps: Steps) -> None:
        """The model's own `validate_constraints`, row by row."""
        batch = self.batch
        for row in steps.each(range(len(batch.rows))):
            try:
                batch.rows[row].validate_constraints(exclude=excluded.of(row))
            except ValidationError as error:
                batch.merge(row, error)
        batch.took("validate_constraints", "django", len(batch.rows), "the model has its own")
        steps.finish()

    def _check_each(self, model: Any, constraint: Any, alias: str, rows: Any, excluded: Excluded) -> None:
        for row in rows:
            try:
                constraint.validate(model, self.batch.rows[row], exclude=excluded.of(row), using=alias)
            except ValidationError as error:
                self._file(row, constraint, error)

    def _check_unique(
        self, model: type[Model], constraint: Any, alias: str, rows: Sequence[int], excluded: Excluded
    ) -> None:
        batch = self.batch
        if not excluded.base.isdisjoint(constraint.fields):
            return
        queryset = default_queryset(model, alias)
        if constraint.condition:
            queryset = queryset.filter(constraint.condition)
        fields: tuple[Any, ...] = tuple(model._meta.get_field(name) for name in constraint.fields)
        if any(field.generated for field in fields):
            fields = ()
        bare = copy.copy(constraint)
        bare.condition = None

        def ask(row: int) -> Asked | None:
            question = Question(model)
            bare.validate(question, batch.rows[row], exclude=excluded.of(row), using=alias)
            return question.asked(row)

        unique = UniqueSet(model, queryset, fields, ask, nulls_distinct=constraint.nulls_distinct is not False)
        without = excluded.naming(constraint.fields).union(set(range(len(batch.rows))).difference(rows))
        sharing = find(batch, unique, without, stored_too=not self.judged)
        if constraint.condition:
            self._check_each(model, constraint, alias, sorted(sharing.stored), excluded)
            repeats = self._conditional(model, constraint, alias, sharing, excluded)
        else:
            repeats = sharing.stored | sharing.part.repeats(sharing.stored)
        for row in sorted(repeats):
            error = violation(constraint, model, batch.rows[row])
            if not (self.judged and batch.has(row, error)):
                self._file(row, constraint, error)
        batch.took(f"constraint: {constraint.name}", "batch", len(sharing.part.rows), sharing.reason)

    def _conditional(
        self, model: type[Model], constraint: Any, alias: str, sharing: Sharing, excluded: Excluded
    ) -> set[int]:
        """The rows that meet the condition and repeat an earlier row that meets it; the database says which do."""

        def meets(row: int, condition: Condition) -> bool:
            instance: Any = self.batch.rows[row]
            try:
                return condition.is_met(instance._get_field_expression_map(meta=model._meta, exclude=excluded.of(row)))
            except FieldError:  # one of its fields is excluded: Django lets the row pass
                return False

        checked = holds = Condition(constraint.condition, alias)
        if connections[alias].features.supports_comparing_boolean_expr:
            # A stored row that makes the condition NULL does not meet it; a row that is checked does.
            stored = Q(Coalesce(constraint.condition, Value(False), output_field=BooleanField()))
            holds = Condition(constraint.condition, alias, asked=stored)
        found = set()
        for rows in sharing.part.repeated():
            holders: list[int] = []
            for row in rows:
                if row in sharing.stored:
                    continue
                if any(sharing.part.are_two(row, earlier) for earlier in holders) and meets(row, checked):
                    found.add(row)
                if row != rows[-1] and meets(row, holds):
                    holders.append(row)
        return found

    def _file(self, row: int, constraint: Any, error: ValidationError) -> None:
        """Files an error as `Model.validate_constraints` does."""
        if getattr(error, "code", None) == "unique" and len(constraint.fields) == 1:
            self.batch.add(row, constraint.fields[0], error)
        else:
            self.batch.merge(row, error)


def is_batched(constraint: Any) -> bool:
    """Whether this is a unique constraint whose validation is Django's own."""
    return isinstance(constraint, UniqueConstraint) and type(constraint).validate is UniqueConstraint.validate


def violation(constraint: Any, model: type[Model], instance: Model) -> ValidationError:
    """The error of `django.db.models.constraints.UniqueConstraint.validate`."""
    default = constraint.violation_error_message == constraint.default_violation_error_message
    if constraint.fields and not constraint.condition and default:
        error = instance.unique_error_message(model, constraint.fields)
        return ValidationError(error, code=error.code)
    return ValidationError(constraint.get_violation_error_message(), code=constraint.violation_error_code)
