"""Fields and models that are changed after they were compiled: noticed at the next call."""

import pytest
from django.core import validators as v
from django.db import models

from pyforge_web.validators import CompiledValidator
from tests.tables import cases
from tests.validation import oracle, own, tables
from tests.validation.odd import Suit
from tests.validation.own_fields import Upper
from tests.validation.record import called

VALUES = ("", None, "a", "abc", "abcdef", "a b", "h", "5", 5, 77, "x" * 300)
FIELDS = {
    "Char": lambda: models.CharField(max_length=5, choices=None),
    "Char with choices": lambda: models.CharField(max_length=5, choices=[("a", "A"), ("Group", [("abc", "ABC")])]),
    "Email": models.EmailField,
    "Integer": lambda: models.IntegerField(validators=[v.MaxValueValidator(50)]),
    "Boolean": models.BooleanField,
    "Auto": lambda: models.AutoField(primary_key=True, validators=[v.MaxValueValidator(50)]),
    "Duration": models.DurationField,
    "Django's": lambda: models.CharField(choices=lambda: [("a", "A"), ("abc", "ABC")]),
}


def replace_items(field):
    field.validators[:] = [v.MinLengthValidator(2) for _ in field.validators]


def empty_and_fill(field):
    listed = list(field.validators)
    field.validators.clear()
    field.validators.extend([*listed, own.refuse])


def patch_and_undo(field):
    field.clean = lambda value, instance: "patched"
    del field.clean


def count(name, **more):
    def change(field):
        vars(field).update({name: True, **more})

    return change


def compute_again(field):
    field._validators.append(own.refuse)
    vars(field).pop("validators", None)


CHANGES = {
    "append": lambda field: field.validators.append(own.refuse),
    "append a rule": lambda field: field.validators.append(v.MinLengthValidator(2)),
    "insert": lambda field: field.validators.insert(0, own.refuse_plainly),
    "extend": lambda field: field.validators.extend([v.validate_slug, own.accept]),
    "pop": lambda field: field.validators and field.validators.pop(),
    "clear": lambda field: field.validators.clear(),
    "replace the last": lambda field: field.validators.append(own.refuse) or field.validators.pop(0),
    "replace items": replace_items,
    "reverse": lambda field: field.validators.append(own.refuse) or field.validators.reverse(),
    "empty and fill": empty_and_fill,
    "another list": lambda field: setattr(field, "validators", [own.accept, v.MaxLengthValidator(1)]),
    "an equal list": lambda field: setattr(field, "validators", list(field.validators)),
    "a tuple": lambda field: setattr(field, "validators", (own.refuse,)),
    "computed again": lambda field: vars(field).pop("validators", None),
    "_validators": lambda field: field._validators.append(own.refuse),
    "_validators, computed again": compute_again,
    "choices": lambda field: setattr(field, "choices", [("h", "H"), (5, "five")]),
    "choices of an enum": lambda field: setattr(field, "choices", Suit),
    "choices, called": lambda field: setattr(field, "choices", lambda: called("choices") or [("abc", "ABC")]),
    "no choices": lambda field: setattr(field, "choices", None),
    "choices in place": lambda field: isinstance(field.choices, list) and field.choices.append(("h", "H")),
    "choices of a group in place": lambda field: isinstance(field.choices,
        list) and field.choices[1][1].append(("h", "H")),
    "empty choices": lambda field: setattr(field, "choices", []),
    "null": count("null"),
    "blank": count("blank"),
    "null and blank": count("null", blank=True),
    "not blank": count("unknown", blank=False),
    "not editable": count("unknown", editable=False),
    "blank, not editable": count("blank", editable=False),
    "error_messages": lambda field: field.error_messages.update(null="N", blank="B", invalid="I", max_length="M",
        refused="R"),
    "other error_messages": lambda field: setattr(field, "error_messages",
        {"null": "n", "blank": "b", "invalid": "i", "invalid_choice": "c"}),
    "max_length": lambda field: setattr(field, "max_length", 1),
    "name of a message": lambda field: [setattr(listed, "message", "changed") for listed in field.validators],
    "code of a message": lambda field: [setattr(listed, "code",
        "null") for listed in field.validators if hasattr(listed, "code")],
    "clean": lambda field: setattr(field, "clean", lambda value, instance: called("clean", value)),
    "to_python": lambda field: setattr(field, "to_python", lambda value: called("to_python", value) or value),
    "validate": lambda field: setattr(field, "validate", lambda value, instance: called("validate", value)),
    "run_validators": lambda field: setattr(field, "run_validators", lambda value: called("run_validators", value)),
    "empty_values": lambda field: setattr(field, "empty_values", ["a"]),
    "patched and put back": patch_and_undo,
}  # fmt: skip


def models_with(make_field):
    return [tables.model_of(value=make_field(), other=models.IntegerField(null=True)) for _ in range(2)]


def assert_all_same(pair):
    makers = [tables.maker(model) for model in pair]
    makes = [[lambda make=make, value=value: make(lambda: value) for value in VALUES] for make in makers]
    for theirs, mine in zip(*makes, strict=True):
        oracle.assert_same(theirs, mine)
    found = list(oracle.rows_differences(*makes))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("make_field", cases(FIELDS))
@pytest.mark.parametrize("change", cases(CHANGES))
def test_recompile_changed_field(make_field, change):
    pair = models_with(make_field)
    assert_all_same(pair)
    for model in pair:
        change(model._meta.get_field("value"))
    assert_all_same(pair)


@pytest.mark.parametrize("make_field", cases(FIELDS))
def test_recompile_many_changes(make_field):
    """One upon the other, each seen."""
    pair = models_with(make_field)
    for name, change in CHANGES.items():
        if name not in ("choices of a group in place", "a tuple"):
            for model in pair:
                change(model._meta.get_field("value"))
            assert_all_same(pair)


@pytest.mark.parametrize("known_before", [True, False])
@pytest.mark.parametrize("name", ["clean", "to_python", "validate", "run_validators", "empty_values"])
def test_recompile_method_in_the_place_of_another_attribute(name, known_before):
    """The field has as many attributes as before."""
    pair = models_with(FIELDS["Char"])
    fields = [model._meta.get_field("value") for model in pair]
    for field in fields if known_before else ():
        field.own = field.last = 1
    assert_all_same(pair)
    for field in fields if not known_before else ():
        field.own = 1
    assert_all_same(pair)
    for field in fields:
        del field.own
        CHANGES[name](field)
    assert_all_same(pair)


def test_recompile_change_within_a_batch():
    """Made by a validator in the middle of it."""
    pair = models_with(lambda: models.CharField(max_length=9, validators=[own.accept]))
    for model in pair:
        field = model._meta.get_field("value")

        def tighten(value, field=field):
            called("tighten", value)
            if value == "abc":
                field.validators.append(v.MinLengthValidator(3))
                field.blank = True

        field.validators.append(tighten)
    assert_all_same(pair)


def test_recompile_added_field():
    pair = models_with(FIELDS["Char"])
    assert_all_same(pair)
    for model in pair:
        model.add_to_class("later", models.CharField(max_length=2, default="abc"))
    assert_all_same(pair)


def limit(model):
    length, pattern = model._meta.get_field("value").validators
    length.limit_value, pattern.inverse_match = 2, True


def describe_value(model):
    """As a tracker of changed fields does."""
    model.value = Upper(model._meta.get_field("value"))


def look_at_writing(model):
    def look(self, name, value):
        called("__setattr__", name, value)
        models.Model.__setattr__(self, name, value)

    model.__setattr__ = look


@pytest.mark.parametrize("change", [limit, describe_value, look_at_writing])
def test_recompile_on_demand(change):
    """Inside a validator, or of the model's class: see docs/reference/validation.md."""
    pair = models_with(lambda: models.CharField(validators=[v.MaxLengthValidator(5), v.RegexValidator("^a")]))
    assert_all_same(pair)
    for model in pair:
        change(model)
        CompiledValidator.for_model(model).recompile()
    assert_all_same(pair)
