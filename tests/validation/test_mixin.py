"""The mixin among other bases: whatever else defines `clean_fields` or `full_clean` is called as without it."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web.testing import CaptureCrossings
from pyforge_web.validators import CompiledModelMixin
from tests.tables import cases
from tests.validation import judge, own, tables
from tests.validation.record import called

ROWS = ({"value": "a", "number": "5"}, {"value": "abcd", "number": "x"}, {"value": "", "number": None})


class Nothing:
    """In the mixin's place."""


class Before:
    def clean_fields(self, exclude=None):
        called("before", exclude)
        super().clean_fields(exclude=exclude)
        called("after")


class Adding:
    """Adds to the errors, and excludes a field."""

    def clean_fields(self, exclude=None):
        try:
            super().clean_fields(exclude={*(exclude or ()), "number"})
        except ValidationError as error:
            raise ValidationError({**error.error_dict, "more": "added"}) from error


class Positional:
    def clean_fields(self, exclude=()):
        called("positional", exclude)
        super().clean_fields(exclude)


class Instead:
    """Does it all itself."""

    def clean_fields(self, exclude=None):
        called("instead", exclude)


class Full:
    def full_clean(self, *args, **kwargs):
        called("full_clean", args, sorted(kwargs))
        return super().full_clean(*args, **kwargs)

    def clean(self):
        called("clean", vars(self)["number"])
        super().clean()


def make_model(*bases):
    return tables.model_of(
        bases=bases,
        value=models.CharField(max_length=3, validators=[own.accept]),
        number=models.IntegerField(),
    )


BASES = {
    "first": lambda mixin: (mixin, models.Model),
    "in front of one": lambda mixin: (mixin, Before, models.Model),
    "behind one": lambda mixin: (Before, mixin, models.Model),
    "between two": lambda mixin: (Before, mixin, Adding, models.Model),
    "in front of one that adds": lambda mixin: (mixin, Adding, models.Model),
    "behind one that adds": lambda mixin: (Adding, mixin, models.Model),
    "behind one by position": lambda mixin: (Positional, mixin, models.Model),
    "in front of one that does all": lambda mixin: (mixin, Instead, models.Model),
    "behind one that does all": lambda mixin: (Instead, mixin, models.Model),
    "in front of full_clean": lambda mixin: (mixin, Full, models.Model),
    "behind full_clean": lambda mixin: (Full, mixin, models.Model),
}


@pytest.mark.parametrize("bases", cases(BASES))
@pytest.mark.parametrize("contents", ROWS, ids=repr)
def test_bases(bases, contents):
    makes = [partial(make_model(*bases(mixin)), **contents) for mixin in (Nothing, CompiledModelMixin)]
    for options in ({}, {"exclude": ["value"]}):

        def clean(instance, options=options):
            instance.clean_fields(**options)

        def full_clean(instance, options=options):
            instance.full_clean(**options, validate_unique=False, validate_constraints=False)

        for call in (clean, full_clean):
            judge.assert_same(*makes, ours=call, django=call)


def test_a_subclass_that_overrides_it():
    """Of a model that has the mixin."""

    def make(mixin):
        parent = make_model(mixin, models.Model)
        return tables.model_of(bases=(Before, parent), meta={"proxy": True})

    for contents in ROWS:
        makes = [partial(make(mixin), **contents) for mixin in (Nothing, CompiledModelMixin)]
        judge.assert_same(
            *makes, ours=lambda instance: instance.clean_fields(), django=lambda instance: instance.clean_fields()
        )


@pytest.mark.parametrize("contents", ROWS, ids=repr)
def test_while_somebody_counts(contents):
    """A collector of crossings changes nothing."""
    makes = [partial(make_model(mixin, models.Model), **contents) for mixin in (Nothing, CompiledModelMixin)]

    def counted(instance):
        with CaptureCrossings():
            instance.clean_fields()

    judge.assert_same(*makes, ours=counted, django=lambda instance: instance.clean_fields())
