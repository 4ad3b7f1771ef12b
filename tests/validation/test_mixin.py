"""The mixin among other bases: whatever else defines `clean_fields` or `full_clean` is called as without it."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web.testing import CaptureCrossings
from pyforge_web.validators import CompiledModelMixin, CompiledValidator
from tests.tables import cases
from tests.validation import oracle, own, tables
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
def test_mixin_among_bases(bases, contents):
    makes = [partial(make_model(*bases(mixin)), **contents) for mixin in (Nothing, CompiledModelMixin)]
    for options in ({}, {"exclude": ["value"]}):

        def clean(instance, options=options):
            instance.clean_fields(**options)

        def full_clean(instance, options=options):
            instance.full_clean(**options, validate_unique=False, validate_constraints=False)

        for call in (clean, full_clean):
            oracle.assert_same(*makes, ours=call, django=call)


def test_mixin_overridden_by_a_subclass():
    """Of a model that has the mixin."""

    def make(mixin):
        parent = make_model(mixin, models.Model)
        return tables.model_of(bases=(Before, parent), meta={"proxy": True})

    for contents in ROWS:
        makes = [partial(make(mixin), **contents) for mixin in (Nothing, CompiledModelMixin)]
        oracle.assert_same(
            *makes, ours=lambda instance: instance.clean_fields(), django=lambda instance: instance.clean_fields()
        )


@pytest.mark.parametrize("contents", ROWS, ids=repr)
def test_mixin_under_a_collector(contents):
    """A collector of crossings changes nothing."""
    makes = [partial(make_model(mixin, models.Model), **contents) for mixin in (Nothing, CompiledModelMixin)]

    def counted(instance):
        with CaptureCrossings():
            instance.clean_fields()

    oracle.assert_same(*makes, ours=counted, django=lambda instance: instance.clean_fields())


class OwnText(models.CharField):
    """A field whose class is the project's: Django validates it."""

    def to_python(self, value):
        return called("to_python", value) or super().to_python(value)


def make_foreign(*bases):
    return tables.model_of(bases=bases, value=OwnText(max_length=3, primary_key=True))


def make_child(parent, **fields):
    """A model with a table of its own."""
    meta = type("Meta", (), {"app_label": "validation_tables", "apps": parent._meta.apps})
    return type("Child", (parent,), {"__module__": __name__, "Meta": meta, **fields})


SUBCLASSES = {
    "a proxy": lambda parent: tables.model_of(bases=(parent,), meta={"proxy": True}),
    "with a native field": lambda parent: make_child(parent, number=models.IntegerField(default="7")),
    "with another base in front": lambda parent: tables.model_of(bases=(Before, parent), meta={"proxy": True}),
    "with another base behind": lambda parent: tables.model_of(bases=(parent, Adding), meta={"proxy": True}),
    "with its own": lambda parent: tables.model_of(
        bases=(type("Own", (Before,), {}), parent, Adding), meta={"proxy": True}
    ),
}


@pytest.mark.parametrize("first", [True, False], ids=["parent first", "subclass first"])
@pytest.mark.parametrize("make", cases(SUBCLASSES))
def test_mixin_without_a_native_field(make, first):
    """Django's method is called; a subclass may have native fields and other bases."""

    def models_of(mixin):
        parent = make_foreign(mixin, models.Model)
        parent(value="a").clean_fields()
        assert "clean_fields" not in vars(parent)
        child = make(parent)
        for each in (parent, child) if first else (child, parent):
            each(value="a").clean_fields()
        return parent, child

    for place in (0, 1):
        for value in ("a", "abcd", "", None):
            makes = [partial(models_of(mixin)[place], value=value) for mixin in (Nothing, CompiledModelMixin)]
            oracle.assert_same(
                *makes, ours=lambda instance: instance.clean_fields(), django=lambda instance: instance.clean_fields()
            )


def test_mixin_when_a_field_becomes_native():
    calls = []
    model = tables.model_of(
        bases=(CompiledModelMixin, models.Model), value=models.CharField(max_length=3, primary_key=True)
    )
    value, validator = model._meta.get_field("value"), CompiledValidator.for_model(model)
    value.to_python = lambda given: calls.append(given) or given
    validator.recompile()
    model(value="a").clean_fields()
    assert (calls, validator.inherited) == (["a"], models.Model.clean_fields)
    del value.to_python
    validator.recompile()
    model(value="a").clean_fields()
    assert (calls, validator.inherited) == (["a"], None)


def test_mixin_with_a_patched_method():
    model = make_foreign(CompiledModelMixin, models.Model)
    model(value="a").clean_fields()
    model.clean_fields = own = lambda self, exclude=None: called("patched", exclude)
    tables.model_of(bases=(model,), meta={"proxy": True})
    assert model.clean_fields is own


def test_mixin_behind_the_model():
    """Nobody calls it there, but the model can be compiled, and validated in all other ways."""

    def model_of(mixin):
        return tables.model_of(bases=(models.Model, mixin), value=models.CharField(max_length=3, primary_key=True))

    for value in ("a", "abcd", None):
        oracle.assert_same(
            *(partial(model_of(mixin), value=value) for mixin in (Nothing, CompiledModelMixin)),
            ours=lambda instance: CompiledValidator.for_model(type(instance)).clean(instance),
            django=lambda instance: instance.clean_fields(),
        )
