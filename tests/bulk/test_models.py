"""Models that do a step in their own way: Django's path for that step, and duplicates of the batch on top."""

import pytest

from pyforge_web import validate_many
from tests.bulk.models import (
    RAISED,
    Maker,
    Mixed,
    MixedCleanFields,
    OwnChecks,
    OwnClean,
    OwnCleanFields,
    OwnConstraints,
    OwnFullClean,
    OwnMessage,
    OwnSet,
    OwnUnique,
    SavesItself,
)
from tests.bulk.oracle import assert_like_django

pytestmark = pytest.mark.django_db(databases="__all__")
ON_MARIADB = True
OWN = [
    MixedCleanFields,
    OwnChecks,
    OwnClean,
    OwnCleanFields,
    OwnConstraints,
    OwnFullClean,
    OwnMessage,
    OwnSet,
    OwnUnique,
]


@pytest.fixture
def there(alias):
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 4))
    for model in OWN:
        if model._meta.proxy:
            continue
        model.objects.create(name="there", maker_id=1, number=50)
    return alias


def make(model):
    rows = [
        ("there", 1, 1),
        ("new", "1", "2"),
        ("new", 2, 3),
        ("bad", 2, 30),
        ("skip", 99, 50),
        ("skip", 1, 50),
        ("much too long", "x", 4),
        (" new ", 1, 5),
        (" new", 1, 5),
        ("", None, None),
        *((name, 1, number) for number, name in enumerate(RAISED, 60)),
        *((name, 99, 50) for name in RAISED),
    ]
    return [model(name=name, maker_id=maker, number=number) for name, maker, number in rows]


@pytest.mark.parametrize("model", OWN, ids=lambda model: model.__name__)
def test_models_with_own_methods(there, model):
    # What a method of the project's has raised for a row as a whole stands before the duplicates of the batch.
    assert_like_django(lambda: make(model), there, ordered=model is not OwnFullClean)


@pytest.mark.parametrize("model", OWN, ids=lambda model: model.__name__)
def test_models_with_own_methods_excluded_fields(there, model):
    assert_like_django(lambda: make(model), there, exclude=["number"])


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (OwnFullClean, "full_clean"),
        (OwnCleanFields, "fields"),
        (MixedCleanFields, "fields"),
        (OwnUnique, "validate_unique"),
        (OwnChecks, "validate_unique"),
        (OwnConstraints, "validate_constraints"),
        (OwnClean, "clean"),
    ],
)
def test_paths_of_own_methods(there, model, step):
    result = validate_many(make(model))
    (path,) = [path for path in result.paths if path.step == step]
    assert (path.path, path.rows) == ("django", result.total)
    assert path.reason


def test_clean_saves_the_row(there):
    rows = [SavesItself(name=name, maker_id=1, number=number) for name, number in (("a", 1), ("b", 2), ("b", 2))]
    assert [list(error.error_dict) for error in validate_many(rows).errors.values()] == [["name", "number"]] * 2
    assert not any(row._state.adding for row in rows)


def test_model_clean_switched_off(there):
    rows = [OwnClean(name=name, maker_id=1, number=at) for at, name in enumerate((*RAISED, " a "))]
    result = validate_many(rows, model_clean=False)
    assert result.ok
    assert rows[-1].name == " a "


def test_mixin_takes_the_batch_path(there):
    result = validate_many([Mixed(name="x", maker_id=99)])
    assert list(result.errors[0].error_dict) == ["maker"]
    assert ("fields", "batch") in [(path.step, path.path) for path in result.paths]
