"""What Django does with a batch: `full_clean` of each row, in a database that has the rows before it."""

import copy
from itertools import zip_longest

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from pyforge_web import validate_many
from tests.oracle import LANGUAGES, describe_errors, sent_statements


def assert_like_django(make, alias, *, exclude=None, options=None, rows=True, ordered=True, **ours):
    """`make()` gives the same new instances at each call: ours are the errors, in all languages, and the instances.

    `options` are those of `full_clean`, `ours` those of `validate_many`; `rows` says whether some are refused, None
    that it does not matter; `ordered` whether the order of errors counts. Gives the result and the statements sent.
    """
    theirs, expected = clean_by_django(make, alias, exclude=exclude, **(options or {}))
    assert rows is None or bool(expected) is rows, f"the rows of this case show nothing: {expected}"
    instances = make()
    with CaptureQueriesContext(connections[alias]) as captured:
        result = validate_many(instances, exclude=exclude, **ours)
    assert result.ok is (not expected)
    for language in LANGUAGES:
        with translation.override(language):
            assert_same_errors(result.errors, expected, ordered)
    for row, (instance, other) in enumerate(zip_longest(instances, theirs)):
        assert state(instance) == state(other), f"row {row}"
    return result, sent_statements(captured)


def assert_same_errors(ours, expected, ordered=True):
    assert list(ours) == list(expected), f"ours {dict(ours)}, Django's {expected}"
    for row, error in expected.items():
        found, wanted = describe_errors(ours[row]), describe_errors(error)
        assert (found if ordered else _sorted(found)) == (wanted if ordered else _sorted(wanted)), f"row {row}"


def _sorted(described):
    return sorted((name, sorted(leaves, key=repr)) for name, leaves in described)


def clean_by_django(make, alias, *, exclude=None, **options):
    """The instances as Django leaves them, and what it raises, by row."""
    theirs, errors = make(), {}
    with transaction.atomic(using=alias):
        for row, (instance, untouched) in enumerate(zip(theirs, make(), strict=True)):
            try:
                instance.full_clean(exclude=exclude, **options)
            except ValidationError as error:
                errors[row] = error
            if instance._state.adding:
                store(instance, untouched, alias, row)
        transaction.set_rollback(True, using=alias)
    return theirs, errors


def store(instance, untouched, alias, row):
    """A row in the table, whatever is wrong with it; a field that is wrong itself has a value that nobody else has."""
    stored = copy.copy(instance)
    stored._state = copy.copy(instance._state)
    stored._state.fields_cache = dict(instance._state.fields_cache)
    try:
        untouched.clean_fields()
    except ValidationError as error:
        for name in error.error_dict:
            field = stored._meta.get_field(name)
            setattr(stored, field.attname, _filler(field, row))
    for field in stored._meta.concrete_fields:
        if field.generated:
            continue
        try:
            field.get_db_prep_save(getattr(stored, field.attname), connections[alias])
        except (ValidationError, ValueError):  # blank, and no value of its column
            setattr(stored, field.attname, _filler(field, row))
    try:
        with transaction.atomic(using=alias):
            stored.save(force_insert=True, using=alias)
    except (DatabaseError, ValueError):
        pass  # a primary key that is there, and the other row stands for it; an F(), which no new row can have


def _filler(field, row):
    if field.null:
        return None
    if isinstance(field, models.CharField):
        return chr(0x4E00 + row)
    return -1000 - row


def state(instance):
    """What an instance holds, and the related instances it remembers."""
    held = {name: (type(value), value) for name, value in instance.__dict__.items() if name != "_state"}
    return held, sorted(instance._state.fields_cache), instance._state.adding, instance._state.db
