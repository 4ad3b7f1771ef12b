"""Validation of many rows: all errors of all rows, with one query where `full_clean` sends one for each row."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model
from django.utils import translation

from pyforge_web.bulk.conflicts import ConflictRules, make_rules
from pyforge_web.bulk.phases import BatchOptions, ProgressCallback, check_exclude, list_instances, run_phases
from pyforge_web.bulk.results import BatchPath, BatchResult
from pyforge_web.conf import with_docs
from pyforge_web.validation.errors import BatchValidationError
from pyforge_web.validation.row_results import RowErrors

__all__ = ["BatchPath", "BatchResult", "BatchValidationError", "RowErrors", "bulk_create_validated", "validate_many"]

ModelRow = TypeVar("ModelRow", bound=Model)


def validate_many(
    instances: Iterable[Model],
    *,
    exclude: Collection[str] | None = None,
    unique: bool = True,
    constraints: bool = True,
    foreign_keys: bool = True,
    model_clean: bool = True,
    using: str | None = None,
    progress: ProgressCallback | None = None,
) -> BatchResult:
    """Validate instances of one model as `full_clean` does, all of them, with few queries.

    `exclude` names fields to leave out. `unique` checks unique fields, sets and constraints, also between the rows.
    `constraints` checks all others of `Meta.constraints` too. `foreign_keys` looks up whether their targets exist.
    `model_clean` calls `Model.clean()`. `using` names the database to ask; without it Django's routers choose.
    `progress(done, total)` is called after each phase, with the rows that this share of the work amounts to.

    Returns a result with `ok`, `errors` and `raise_()`. The instances are converted as `full_clean` converts them.
    A value that Django's own code cannot take is an error of its row. Raises `TypeError` for instances of several
    models, `FieldError` for an unknown name in `exclude`, and whatever code of the project raises.

    Source: `django.db.models.base.Model.full_clean`.
    """
    options = BatchOptions(exclude, unique, constraints, foreign_keys, model_clean, using)
    return _validate_rows(list_instances(instances), options, progress)


def _validate_rows(rows: list[Model], options: BatchOptions, progress: ProgressCallback | None) -> BatchResult:
    language = translation.get_language()
    if not rows:
        return BatchResult(RowErrors({}, language), 0, ())
    if not isinstance(options.exclude, Collection | None):
        options = options._replace(exclude=list(options.exclude))  # a generator, which is empty for all but the first
    check_exclude(type(rows[0]), options.exclude)
    batch = run_phases(rows, options, progress)
    return BatchResult(RowErrors(batch.errors, language), len(rows), tuple(batch.paths))


def bulk_create_validated(
    manager: Any,
    objs: Iterable[ModelRow],
    *,
    batch_size: int | None = None,
    ignore_conflicts: bool = False,
    update_conflicts: bool = False,
    update_fields: Iterable[str] | None = None,
    unique_fields: Iterable[str] | None = None,
    progress: ProgressCallback | None = None,
    **options: Any,
) -> list[ModelRow]:
    """Validate and create rows in one transaction: `bulk_create_validated(Article.objects, articles)`.

    `manager` is a manager or a QuerySet. `options` are those of `validate_many`, the other arguments those of
    `bulk_create`. The checks ask the database that is written to. Raises `BatchValidationError` and writes nothing if a
    row is not valid.

    A conflict that `ignore_conflicts` or `update_conflicts` settles is not an error. Two rows that update the same
    stored row are one, because PostgreSQL refuses them.
    """
    if isinstance(manager, type) and issubclass(manager, Model):
        raise with_docs(
            TypeError(f"bulk_create_validated needs a manager or a QuerySet: write {manager.__name__}.objects"),
            "validate-many",
        )
    if unknown := options.keys() - (set(BatchOptions._fields) - {"conflicts"}):
        raise with_docs(
            TypeError(f"bulk_create_validated() got an unexpected keyword argument {min(unknown)!r}"), "argument"
        )
    queryset = manager.all()
    # As `QuerySet.bulk_create` does, so that `queryset.db` is the database that is written to.
    queryset._for_write = True
    update_fields, unique_fields = _list_names(update_fields), _list_names(unique_fields)
    # Before the rows are read: a wrong name is an error however many rows there are.
    conflicts: ConflictRules | None = make_rules(
        queryset.model,
        ignore=ignore_conflicts,
        update=update_conflicts,
        unique_fields=unique_fields,
        update_fields=update_fields,
    )
    rows: list[Any] = list_instances(objs)
    # One transaction for the checks and the writing. Under the usual isolation another one may still come between:
    # the database's own constraints have the last word.
    with transaction.atomic(using=queryset.db):
        batch_options = BatchOptions(**{"using": queryset.db, **options}, conflicts=conflicts)
        _validate_rows(rows, batch_options, progress).raise_()
        created: list[ModelRow] = manager.bulk_create(
            rows,
            batch_size=batch_size,
            ignore_conflicts=ignore_conflicts,
            update_conflicts=update_conflicts,
            update_fields=update_fields,
            unique_fields=unique_fields,
        )
    return created


def _list_names(names: Iterable[str] | None) -> list[str] | None:
    # A list, because a generator would be empty for `bulk_create`.
    return None if names is None else list(names)
