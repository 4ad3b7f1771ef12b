"""User code in the middle of a validation, that changes what is being validated, or validates something else."""

from functools import partial

import pytest
from django.core import validators as v
from django.core.exceptions import ValidationError
from django.db import models

from tests.tables import cases
from tests.validation import oracle, own, tables
from tests.validation.record import called


class Stage:
    """What a validator can reach of the instance, the model and the validation that it is called by."""

    instance = None
    depth = 0


def validator(act):
    def run(value):
        called("act", value)
        act(Stage.instance, value)

    return run


def model_with(act, **options):
    """Five fields; the validator of the third acts."""
    return tables.model_of(
        first=models.CharField(max_length=5),
        second=models.IntegerField(),
        third=models.CharField(max_length=9, validators=[own.accept, validator(act), own.accept], **options),
        fourth=models.IntegerField(validators=[v.MaxValueValidator(9)]),
        fifth=models.DateField(null=True),
    )


CONTENTS = (
    {"first": "abc", "second": "5", "third": "abc", "fourth": "7", "fifth": "2024-02-29"},
    {"first": "abcdef", "second": "x", "third": "abc", "fourth": "77", "fifth": "x"},
    {"first": "", "second": None, "third": "abc", "fourth": 5, "fifth": None},
)


def clear(instance, value):
    vars(instance).clear()


def reorder(instance, value):
    contents = {name: vars(instance)[name] for name in reversed(vars(instance))}
    vars(instance).clear()
    vars(instance).update(contents)


def another_dict(instance, value):
    instance.__dict__ = {**vars(instance), "fourth": "6", "fifth": "2020-01-01"}


def many_more(instance, value):
    vars(instance).update({f"more_{n}": n for n in range(1000)})


def nested(clean):
    def act(instance, value):
        if Stage.depth < 5:
            Stage.depth += 1
            other = type(instance)(first="x" * 9, second="1", third=f"n{Stage.depth}", fourth="99", fifth="0")
            outer, Stage.instance = Stage.instance, other
            try:
                clean(other)
            except ValidationError as error:
                called("inner", sorted(error.error_dict), vars(other)["second"])
            Stage.instance = outer

    return act


def itself(instance, value):
    if Stage.depth < 3:
        Stage.depth += 1
        oracle.django_clean(instance) if Stage.depth == 2 else oracle.our_clean(instance)


def of(name):
    return Stage.instance._meta.get_field(name)


def then_raise(act, error):
    def both(instance, value):
        act(instance, value)
        raise error

    return both


ACTS = {
    "a later value": lambda instance, value: setattr(instance, "fourth", "88"),
    "an earlier value": lambda instance, value: setattr(instance, "first", "changed too late"),
    "its own value": lambda instance, value: setattr(instance, "third", "changed"),
    "its own value in the dict": lambda instance, value: vars(instance).update(third="changed", second="again"),
    "a later value, gone": lambda instance, value: vars(instance).pop("fifth"),
    "its own value, gone": lambda instance, value: vars(instance).pop("third"),
    "all values, gone": clear,
    "another order": reorder,
    "another dict": another_dict,
    "many more": many_more,
    "its model": lambda instance, value: setattr(instance, "__class__", tables.twin_of(type(instance))),
    "another instance, our way": nested(oracle.our_clean),
    "another instance, Django's way": nested(oracle.django_clean),
    "itself": itself,
    "its validators, more": lambda instance, value: of("third").validators.append(own.refuse),
    "its validators, none": lambda instance, value: of("third").validators.clear(),
    "its validators, others": lambda instance, value: setattr(of("third"), "validators", [own.refuse]),
    "validators of the next": lambda instance, value: of("fourth").validators.append(own.refuse),
    "validators of the next, none": lambda instance, value: of("fourth").validators.clear(),
    "choices of the next": lambda instance, value: setattr(of("fourth"), "choices", [(7, "seven")]),
    "the next may be blank": lambda instance, value: setattr(of("fourth"), "blank", True),
    "the next is Django's": lambda instance, value: setattr(of("fourth"), "clean", own.accept_both),
    "the last may not be null": lambda instance, value: setattr(of("fifth"), "null", False),
    "its messages": lambda instance, value: of("third").error_messages.update(refused="reworded"),
    "a field more": lambda instance, value: None if hasattr(type(instance), "sixth") else type(instance).add_to_class(
        "sixth", models.CharField(max_length=1, default="12")
    ),
    "the fields of its model": lambda instance, value: type(instance)._meta._expire_cache(),
}  # fmt: skip


def staged(clean):
    """The validation of an instance that user code can reach."""

    def run(instance):
        Stage.instance, Stage.depth = instance, 0
        return clean(instance)

    return run


@pytest.mark.parametrize("act", cases(ACTS))
@pytest.mark.parametrize("raises", [None, ValidationError("refused", "refused"), LookupError("stop")], ids=repr)
def test_clean_reentered(act, raises):
    act = act if raises is None else then_raise(act, raises)
    theirs, mine = model_with(act), model_with(act)
    for contents in CONTENTS * 2:
        makes = [lambda model=model, contents=contents: model(**contents) for model in (theirs, mine)]
        oracle.assert_same(*makes, ours=staged(oracle.our_clean), django=staged(oracle.django_clean))


# A field that a model gets in the middle of a batch is seen by the next call.
IN_A_BATCH = {name: act for name, act in ACTS.items() if name != "a field more"}


@pytest.mark.parametrize("act", cases(IN_A_BATCH))
def test_clean_rows_changed_by_a_validator(act):
    """The validator of the first row changes the second, and the fields for all that follow."""
    pairs = []
    for model in (model_with(act), model_with(act)):
        rows = [model(**contents) for contents in CONTENTS * 2]
        Stage.instance, Stage.depth = rows[1], 0
        pairs.append(rows)
    theirs, mine = ([lambda row=row: row for row in rows] for rows in pairs)

    def before():
        Stage.instance, Stage.depth = (pairs[1] if called_django else pairs[0])[1], 0
        called_django.append(True)

    called_django = []
    found = list(oracle.rows_differences(theirs, mine, make_exclude=lambda: before() or ()))
    assert not found, "\n".join(found)


def rename(value):
    called("rename", value.name)
    value.name = "b.exe"


def grow(value):
    called("grow", value)
    value.append(1)


CHANGED_VALUES = {
    "a list": (lambda: models.JSONField(validators=[grow, v.MaxLengthValidator(2)]), lambda: [1, 2]),
    "a list, afterwards": (lambda: models.JSONField(validators=[v.MaxLengthValidator(2), grow]), lambda: [1, 2]),
    "a list, twice": (lambda: models.JSONField(validators=[LONG, grow, LONG]), lambda: [1, 2]),
    "a file": (lambda: models.FileField(validators=[rename, v.FileExtensionValidator(["txt"])]), lambda: "a.txt"),
}
LONG = v.MaxLengthValidator(2)


@pytest.mark.parametrize("row", cases(CHANGED_VALUES))
def test_clean_value_changed_by_a_validator(row):
    """The one behind it sees what it left."""
    make_field, make = row
    oracle.assert_same(*(partial(tables.maker(tables.model_of(value=make_field())), make) for _ in range(2)))


class Counted:
    """A list of instances whose length changes while it is read."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


def test_clean_rows_of_every_sort():
    model = tables.model_of(value=models.IntegerField())

    def rows():
        return [model(value="1"), model(value="x"), model(value=None)]

    expected = oracle.read_rows(oracle.CompiledValidator.for_model(model).clean_rows(rows()))
    assert list(expected) == [1, 2]
    for make in (
        tuple,
        iter,
        Counted,
        lambda found: (row for row in found),
        lambda found: dict(enumerate(found)).values(),
    ):
        found = oracle.read_rows(oracle.CompiledValidator.for_model(model).clean_rows(make(rows())))
        assert oracle.describe_rows(found) == oracle.describe_rows(expected)


def test_clean_rows_list_grows():
    rows = []
    model = tables.model_of(value=models.CharField(validators=[lambda value: rows.append(rows[0])]))
    rows.append(model(value="a"))
    assert oracle.CompiledValidator.for_model(model).clean_rows(rows) == {}
    assert len(rows) == 2
