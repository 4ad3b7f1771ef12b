"""Many documents of somebody else: the targets of their foreign keys are looked up with one query for each key."""

from collections import Counter
from collections.abc import Iterable

from django.db import DEFAULT_DB_ALIAS, router

from pyforge_web import metering
from pyforge_web.validation.database.foreign_keys import Missing, look_up
from pyforge_web.validation.payload.clean import (
    CANNOT_TAKE,
    Compiled,
    Errors,
    Policy,
    Values,
    clean_by_field,
    is_blank,
    judge_foreign,
    raise_the_projects,
)
from pyforge_web.validation.payload.writable_fields import Columns, columns_of

Judged = list[tuple[Values, Errors]]


def judge_rows(validator: Compiled, documents: Iterable[object], policy: Policy) -> Judged:
    """The values and the errors of each document."""
    columns = columns_of(validator.model, policy.fields)
    together = _together(columns) if policy.foreign_keys else ()
    unlooked = together or policy.unlooked(columns)
    judged = [judge_foreign(validator, columns, document, policy, unlooked) for document in documents]
    for attname in together:
        _look_up(validator, columns, attname, judged)
    return judged


def _together(columns: Columns) -> tuple[str, ...]:
    """The foreign keys whose targets can be looked up after all rows were cleaned.

    Not where somebody else would see the difference: code of the project's that gets the instance, or a router that is
    asked for each row, or validators of a key, which Django calls for keys that exist.
    """
    if columns.as_instance or any(hasattr(each, "db_for_read") for each in router.routers):
        return ()
    return tuple(name for name in columns.unlooked if not columns.fields[name].validators)


def _look_up(validator: Compiled, columns: Columns, attname: str, judged: Judged) -> None:
    """Adds the errors of keys without a target."""
    field = columns.fields[attname]
    keys = {
        row: values[attname]
        for row, (values, errors) in enumerate(judged)
        if attname in values and field.name not in errors
        # The others Django does not look for.
        if not (values[attname] is None or is_blank(field, values[attname]))
    }
    if not keys:
        return
    try:
        found = [
            (row, [*Missing(field, keys[row]).error_list()])
            for looked in look_up(field, DEFAULT_DB_ALIAS, field.get_limit_choices_to(), keys)
            for row in looked.missing
        ]
    except CANNOT_TAKE as error:  # one of the keys, and each for itself tells which
        raise_the_projects(error)
        each = [(row, clean_by_field(validator, columns, {attname: key})[1]) for row, key in keys.items()]
        found = [(row, errors[field.name]) for row, errors in each if errors]
    for row, errors in found:
        values, known = judged[row]
        judged[row] = values, columns.in_order(known | {field.name: errors})
    if found and metering.active_collectors.get():
        codes = Counter((field.name, str(error.code)) for _, errors in found for error in errors)
        metering.count_failures(validator.model._meta.label, codes)
