"""Many values through one field: each alone to the last detail, then all in one batch."""

import os
from functools import partial

from django.core.exceptions import ValidationError

from pyforge_web.validators import CompiledValidator
from tests.validation import oracle, tables
from tests.validation.strict import describe

# All values with all fields, all code points at all places: a quarter of an hour.
THOROUGH = "PYFORGE_SLOW_TESTS" in os.environ
SHOWN = 5


def assert_values(make_field, values):
    """Every value of a table `{name: function that makes it}`, with two equal fields: one is Django's, one is ours.

    Two, so that what a field does at its first use alone is compared too.
    """
    theirs, mine = (tables.model_of(value=make_field()) for _ in range(2))
    makers = tables.maker(theirs), tables.maker(mine)
    found, batch = [], []
    for name, value in values.items():
        makes = [partial(make, value) for make in makers]
        texts, expected = oracle.compare(*makes)
        found += (f"{name}: {text}" for text in texts)
        if expected.error is None or hasattr(expected.error, "error_dict"):
            batch.append(makes)
    assert not found, report(found)
    found = list(oracle.rows_differences(*zip(*batch, strict=True)) if batch else ())
    assert not found, report(found)


def assert_verdicts(make_field, values):
    """The same for very many texts: whether they pass, and what becomes of them, no more. Gives how many pass."""
    theirs, mine = make_field(), tables.model_of(value=make_field())
    instances = [mine(value=value) for value in values]
    refused = CompiledValidator.for_model(mine).clean_rows(instances)
    found, passed = [], 0
    for index, value in enumerate(values):
        try:
            expected = theirs.clean(value, None)
        except ValidationError:
            if index not in refused:
                found.append(f"{value!r} passes, Django refuses it")
        else:
            passed += 1
            cleaned = instances[index].value
            if index in refused or describe(cleaned) != describe(expected):
                found.append(f"{value!r} is {'refused' if index in refused else repr(cleaned)}, Django's {expected!r}")
    assert not found, report(found)
    return passed


def report(found):
    return "\n".join([f"{len(found)} differences:", *found[:SHOWN]])
