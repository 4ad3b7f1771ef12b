"""One validator in eight threads, also while its fields are changed by another."""

import sys
import threading

import pytest
from django.core import validators as v
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web.validators import CompiledValidator
from tests.tables import cases
from tests.validation import oracle, tables
from tests.validation.strict import describe, describe_error

THREADS = 8
ROUNDS = 60
CONTENTS = (
    {"text": "abc", "number": "5", "price": "1.50", "day": "2024-02-29", "email": "a@example.com"},
    {"text": "abcdef", "number": "x", "price": "1.505", "day": "2024-02-30", "email": "a@b"},
    {"text": "", "number": None, "price": None, "day": None, "email": ""},
    {"text": "h", "number": 77, "price": 5, "day": "29.2.2024", "email": "\u00e9@example.com"},
)


def model_of_all():
    model = tables.model_of(
        text=models.CharField(max_length=5, validators=[v.RegexValidator("^[a-z]*$"), lambda value: None]),
        number=models.IntegerField(validators=[v.MaxValueValidator(50)]),
        price=models.DecimalField(max_digits=4, decimal_places=2),
        day=models.DateField(null=True),
        email=models.EmailField(),
    )
    # DecimalField.validators asks super(), whose cached property of the same name keeps, for a moment, the list without
    # DecimalValidator: another thread may validate with it, through Django alone, too.
    assert all(isinstance(field.validators, list) for field in model._meta.fields)
    return model


@pytest.fixture(autouse=True)
def restless():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def outcome(model, contents, clean):
    instance = model(**contents)
    try:
        clean(instance)
    except ValidationError as error:
        return describe_error(error), described(instance)
    return None, described(instance)


def described(instance):
    return {name: describe(value) for name, value in vars(instance).items() if name != "_state"}


def together(work):
    """Runs `work(number)` in all threads at once; the first exception of any of them."""
    failures, barrier = [], threading.Barrier(THREADS)

    def run(number):
        try:
            barrier.wait()
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_threads_first_clean():
    """Compiled by all threads at once."""
    model = model_of_all()
    twin = model_of_all()
    expected = [outcome(twin, contents, oracle.django_clean) for contents in CONTENTS]

    def work(number):
        assert outcome(model, CONTENTS[number % 4], oracle.our_clean) == expected[number % 4]

    together(work)


def test_threads_one_validator():
    model = model_of_all()
    expected = [outcome(model, contents, oracle.django_clean) for contents in CONTENTS]
    refused = {n for n, (error, _) in enumerate(expected) if error}

    def work(number):
        for turn in range(ROUNDS):
            chosen = (number + turn) % 4
            assert outcome(model, CONTENTS[chosen], oracle.our_clean) == expected[chosen]
            if turn % 10 == 0:
                rows = [model(**contents) for contents in CONTENTS]
                found = oracle.read_rows(CompiledValidator.for_model(model).clean_rows(rows))
                assert found.keys() == refused

    together(work)


def put(name, attribute, *values):
    """Sets an attribute of a field of a model to one value after the other."""

    def change(model, turn):
        setattr(model._meta.get_field(name), attribute, values[turn % len(values)])

    return change, len(values)


CHANGES = {
    "blank": put("text", "blank", True, False),
    "null": put("number", "null", True, False),
    # Not None: Django asks whether it is None, and iterates over what is there then.
    "choices": put("text", "choices", [("h", "H")], [], [("abc", "ABC"), ("G", [("h", "H")])]),
    "validators": put("number", "validators", [], [v.MinValueValidator(60)], [v.MaxValueValidator(4)]),
    "validators that are called": put("number", "validators", [lambda value: None], [v.MaxValueValidator(4)]),
    "editable": put("email", "editable", True, False),
    "clean": put("price", "clean", lambda value, instance: 1, lambda value, instance: 2),
}


@pytest.mark.parametrize("row", cases(CHANGES))
def test_threads_field_changed(row):
    """Each validation ends as Django's would with the field in one of its states."""
    change, states = row
    model, twin = model_of_all(), model_of_all()
    allowed = []
    for state in range(states):
        change(twin, state)
        allowed.append([outcome(twin, contents, oracle.django_clean) for contents in CONTENTS])
    change(model, 0)

    def work(number):
        for turn in range(ROUNDS):
            if number == 0:
                change(model, turn)
                continue
            chosen = (number + turn) % 4
            found = outcome(model, CONTENTS[chosen], oracle.our_clean)
            assert any(found == states[chosen] for states in allowed), found
            if turn % 10 == 0:
                CompiledValidator.for_model(model).clean_rows([model(**contents) for contents in CONTENTS])

    together(work)
