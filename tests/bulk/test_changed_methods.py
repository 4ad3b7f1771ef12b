"""Methods that a project puts on a field, on a constraint, or on a class of Django's: the batch calls them."""

from functools import wraps

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web import validate_many
from tests.bulk.models import Constrained, Maker, OwnClean, OwnMessage, Relations, Uniques
from tests.bulk.oracle import assert_like_django, assert_same_errors, clean_by_django
from tests.oracle import describe_errors

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def there(alias):
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 4))
    return alias


def refuse(*args, **kwargs):
    raise ValidationError(["first", ValidationError("Own %(number)s", code="own", params={"number": len(args)})])


def refuse_sku(*args, **kwargs):
    raise ValidationError({"sku": ["own words"]})


CHANGES = {
    "validate": refuse,
    "clean": lambda value, model_instance: model_instance.title and 2,
    "to_python": lambda value: 3,
    "run_validators": refuse,
    "get_limit_choices_to": lambda: {"pk": 1},
    "empty_values": [None, 2],
}


def with_keys():
    return [Relations(title="t", maker_id=key) for key in (1, 2, 99, "x", "3", None)]


@pytest.mark.parametrize("name", CHANGES)
def test_method_put_on_a_foreign_key(there, name):
    field = Relations._meta.get_field("maker")
    setattr(field, name, CHANGES[name])
    try:
        assert_like_django(with_keys, there, rows=None)
    finally:
        delattr(field, name)


@pytest.mark.parametrize("name", ["get_prep_value", "to_python"])
def test_method_put_on_a_unique_field(there, name, monkeypatch):
    """It changes what is looked up: the text that `clean()` of the row left."""
    OwnClean.objects.create(name="a", maker_id=1, number=50)
    field = OwnClean._meta.get_field("name")
    monkeypatch.setitem(vars(field), name, lambda value: value.strip("."))

    def make():
        return [OwnClean(name=text, maker_id=1, number=n) for n, text in enumerate((" .a.", " .b.", "b", ".b ", "c"))]

    assert_like_django(make, there)


# What `wraps` gives has the name and the module of the method whose place it takes.
WRAPPERS = pytest.mark.parametrize("wrap", [lambda original: lambda changed: changed, wraps], ids=["", "wraps"])


@WRAPPERS
@pytest.mark.parametrize(("owner", "name"), [(models.ForeignKey, "validate"), (models.ForeignKey, "to_python")])
def test_method_put_on_the_class_of_foreign_keys(there, owner, name, wrap, monkeypatch):
    monkeypatch.setattr(owner, name, wrap(getattr(owner, name))(lambda *args: refuse(*args)))
    assert_like_django(with_keys, there)


@WRAPPERS
@pytest.mark.parametrize("name", ["_perform_unique_checks", "validate_unique", "validate_constraints", "clean"])
def test_method_put_on_the_class_of_models(there, name, wrap, monkeypatch):
    original = getattr(models.Model, name)

    @wrap(original)
    def changed(self, *args, **kwargs):
        if getattr(self, "sku", "") == "own":
            refuse()
        return original(self, *args, **kwargs)

    monkeypatch.setattr(models.Model, name, changed)
    assert_like_django(lambda: [Uniques(sku="own"), Uniques(sku="a")], there)


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize(("name", "checks"), {"_get_unique_checks": ([], []), "get_constraints": []}.items())
def test_checks_put_on_an_instance(there, name, checks, row):
    """They are those of this row alone."""

    def own(*args, **kwargs):
        return checks

    def make():
        rows = [OwnClean(name="a", number=n, maker_id=1) for n in (1, 1, 1)]
        setattr(rows[row], name, own)
        return rows

    assert_like_django(make, there)


@pytest.mark.parametrize("name", ["full_clean", "clean_fields", "clean", "validate_unique", "validate_constraints"])
def test_method_put_on_an_instance(there, name):
    def make():
        rows = [Uniques(sku="a"), Uniques(sku="a"), Uniques(sku="own")]
        setattr(rows[2], name, refuse_sku)
        return rows

    assert_like_django(make, there, rows=None)


def test_method_put_on_the_class_of_constraints(there, monkeypatch):
    monkeypatch.setattr(models.UniqueConstraint, "validate", refuse)
    assert_like_django(lambda: [Constrained(), Constrained()], there, rows=None)


def test_method_put_on_a_constraint(there, monkeypatch):
    constraint = next(one for one in Constrained._meta.constraints if isinstance(one, models.UniqueConstraint))
    monkeypatch.setattr(constraint, "validate", refuse, raising=False)
    assert_like_django(lambda: [Constrained(), Constrained()], there, rows=None)


class QuotesItself(OwnMessage):
    class Meta:
        proxy = True
        app_label = "bulk"

    def unique_error_message(self, model_class, unique_check):
        return ValidationError(f"{self.name} is there", code="unique")


def test_own_words_are_those_of_the_validation(there):
    """Whatever becomes of the row before somebody reads its error."""
    OwnMessage.objects.create(name="there", maker_id=1, number=50)

    def make():
        return [QuotesItself(name="there", maker_id=1, number=1), QuotesItself(name="new", maker_id=1, number=2)]

    _, expected = clean_by_django(make, there)
    assert expected
    rows = make()
    result = validate_many(rows)
    for instance in rows:
        instance.name = "changed"
    assert_same_errors(result.errors, expected)


def test_other_words_are_built_when_they_are_read(there):
    Uniques.objects.create(sku="one")
    result = validate_many([Uniques(sku="one"), Uniques(sku="two")])
    assert [type(part).__name__ for part in result.errors._parts[0]["sku"]] == ["DuplicateValues"]
    assert describe_errors(result.errors[0])
