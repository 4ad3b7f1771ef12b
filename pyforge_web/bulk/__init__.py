"""Validation of many rows: all errors of all rows, and one query where `full_clean` would send one for each row."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model
from django.utils import translation

from pyforge_web.bulk.batch import Batch, Progress, Steps, is_djangos
from pyforge_web.bulk.clean_fields import Clean, Fields, FullClean
from pyforge_web.bulk.results import BatchPath, BatchResult, RowErrors
from pyforge_web.bulk.validate_constraints import Constraints
from pyforge_web.bulk.validate_unique import UniqueChecks
from pyforge_web.validation.errors import BatchValidationError

__all__ = ["BatchPath", "BatchResult", "BatchValidationError", "RowErrors", "bulk_create_validated", "validate_many"]

_Row = TypeVar("_Row", bound=Model)


def validate_many(
    instances: Iterable[Model],
    *,
    exclude: Collection[str] | None = None,
    unique: bool = True,
    constraints: bool = True,
    foreign_keys: bool = True,
    model_clean: bool = True,
    using: str | None = None,
    progress: Progress | None = None,
) -> BatchResult:
    """Validates instances of one model as `full_clean` does, all of them, with few queries.

    `exclude` are fields to leave out. `unique` checks unique fields, sets and constraints, also between the rows;
    `constraints` all others of `Meta.constraints` too; `foreign_keys` that their targets exist; `model_clean` calls
    `Model.clean()`. `using` names the database to ask, otherwise Django's routers choose. `progress` is called with the
    rows that are done and their number.

    Gives a result with `ok`, `errors` and `raise_()`; the instances are converted as `full_clean` converts them. Raises
    `TypeError` for instances of several models; any other exception than a `ValidationError` comes through.

    Source: `django.db.models.base.Model.full_clean`.
    """
    rows = list(instances)
    language = translation.get_language()
    if not rows:
        return BatchResult(RowErrors({}, language), 0, ())
    batch = Batch(rows, exclude, using)
    judged = not is_djangos(batch.model, "full_clean")
    phases: list[Any]
    if judged:
        phases = [FullClean(batch, exclude, {"validate_unique": unique, "validate_constraints": constraints})]
    else:
        phases = [Fields(batch, foreign_keys), Clean(batch, model_clean)]
    if unique:
        phases.append(UniqueChecks(batch, judged))
    if constraints:
        phases.append(Constraints(batch, unique, judged))
    steps = Steps(progress, len(rows), sum(phase.steps for phase in phases))
    for phase in phases:
        phase.run(steps)
    batch.report()
    return BatchResult(RowErrors(batch.found, language), len(rows), tuple(batch.paths))


def bulk_create_validated(
    manager: Any,
    objs: Iterable[_Row],
    *,
    batch_size: int | None = None,
    ignore_conflicts: bool = False,
    update_conflicts: bool = False,
    update_fields: Iterable[str] | None = None,
    unique_fields: Iterable[str] | None = None,
    **options: Any,
) -> list[_Row]:
    """Validates and creates, in one transaction: `bulk_create_validated(Article.objects, articles)`.

    `manager` is a manager or a QuerySet; `options` are those of `validate_many`, the others those of `bulk_create`.
    The checks ask the database that is written to. If a row is not valid, raises `BatchValidationError` and writes
    nothing.
    """
    queryset = manager.all()
    queryset._for_write = True
    options.setdefault("using", queryset.db)
    rows = list(objs)
    with transaction.atomic(using=queryset.db):
        validate_many(rows, **options).raise_()
        created: list[_Row] = manager.bulk_create(
            rows,
            batch_size=batch_size,
            ignore_conflicts=ignore_conflicts,
            update_conflicts=update_conflicts,
            update_fields=update_fields,
            unique_fields=unique_fields,
        )
    return created
