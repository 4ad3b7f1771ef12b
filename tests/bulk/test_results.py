"""The result: lazy errors, one exception for all rows, progress, and input that is refused."""

import copy
import pickle

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.utils import translation

import pyforge_web
from pyforge_web import BatchValidationError, metering, validate_many
from pyforge_web.validation import errors as unbuilt
from tests.bulk.models import Country, Maker, Relations, Uniques

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(sqlite):
    Maker.objects.create(id=1, name="m")
    Uniques.objects.create(sku="one")


def some(*values):
    return [Uniques(**{"sku": f"sku {at}", **each}) for at, each in enumerate(values)]


def test_result_of_valid_rows(there):
    result = validate_many(some({}, {"maker_id": 1}))
    result.raise_()
    assert (result.ok, dict(result.errors), len(result.errors), result.total) == (True, {}, 0, 2)
    assert repr(result) == "<BatchResult: 0 of 2 rows are not valid>"


@pytest.mark.parametrize(
    "empty", [[], (), iter([]), Country.objects.none()], ids=["list", "tuple", "iterator", "queryset"]
)
def test_result_of_no_rows(there, empty):
    def progress(done, total):
        raise AssertionError("there is nothing to tell")

    result = validate_many(empty, progress=progress)
    assert (result.ok, result.total, result.paths) == (True, 0, ())


def test_result_of_any_iterable(there):
    assert list(validate_many(each for each in some({}, {"kind": "?"})).errors) == [1]
    assert validate_many(Uniques.objects.all()).ok


def test_result_errors_built_when_read(there, monkeypatch):
    built = []
    monkeypatch.setattr(
        unbuilt.MissingTarget, "error_list", lambda self: built.append(self.value) or [ValidationError("x")]
    )
    result = validate_many(some({"maker_id": 5}, {}, {"maker_id": 7}))
    assert (len(result.errors), list(result.errors), 0 in result.errors, 1 in result.errors) == (2, [0, 2], True, False)
    assert built == []
    assert result.errors[2] is result.errors[2]
    assert built == [7]
    with pytest.raises(KeyError):
        result.errors[1]


def test_result_rows_in_order(there):
    result = validate_many(some({"sku": "one"}, {"kind": "?"}, {"maker_id": 7}, {"kind": "?"}, {"only_id": 9}))
    assert list(result.errors) == [0, 1, 2, 3, 4]


def test_result_raised_as_one_exception(there):
    result = validate_many(some({"maker_id": 5, "kind": "?"}, {}, {"sku": "one"}, {"sku": "100%"}, {"sku": "100%"}))
    with pytest.raises(BatchValidationError) as caught:
        result.raise_()
    error = caught.value
    assert isinstance(error, ValidationError)
    assert error.errors is result.errors
    assert error.messages == [
        "Row 0, maker: user instance with id 5 is not a valid choice.",
        "Row 0, kind: Value '?' is not a valid choice.",
        "Row 2, sku: Permission with this Last name already exists.",
        "Row 4, sku: Permission with this Last name already exists.",
    ]
    assert [each.code for each in error.error_list] == ["invalid", "invalid_choice", "unique", "unique"]
    assert error.error_list[0].params["pk"] == 5
    assert str(error).startswith("3 of 5 rows are not valid: row 0: {'maker': [")
    assert error.update_error_dict({}) == {"__all__": error.error_list}
    with translation.override("de"):
        assert error.messages[0] == f"Row 0, maker: {result.errors[0].messages[0]}"
        assert "Benutzer" in error.messages[0]


def test_exception_text_cut(there):
    with pytest.raises(BatchValidationError, match=r"(?m)5 of 5 rows are not valid: .*row 2: [^;]*; \.\.\.$"):
        validate_many(some(*[{"kind": "?"}] * 5)).raise_()


def test_exception_text_with_percent_signs():
    plain = ValidationError({"a%b": [ValidationError("100%"), ValidationError("%(x)s%%", params={"x": "5%s"})]})
    whole = ValidationError({"__all__": ["Whole %(row)s"]})
    error = BatchValidationError({0: plain, 7: whole}, 9)
    assert error.messages == ["Row 0, a%b: 100%", "Row 0, a%b: 5%s%", "Row 7: Whole %(row)s"]
    assert ValidationError([error]).messages == error.messages
    assert ValidationError(error).messages == error.messages


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_exception_copies(there, copied):
    with pytest.raises(BatchValidationError) as caught:
        validate_many([Country(code="much too long"), Country(code="x"), Country(code="x")]).raise_()
    again = copied(caught.value)
    assert again.messages == caught.value.messages
    assert again.errors[2].message_dict == caught.value.errors[2].message_dict
    assert again.total == 3


def test_progress_after_each_phase(there):
    told = []
    validate_many(some(*[{"maker_id": 1}] * 2500), progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {2500}
    done = [each for each, _ in told]
    assert done == sorted(set(done))
    assert done[-1] == 2500
    assert len(done) == 4, "fields, clean, unique, constraints"


def test_progress_raises(there):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate_many(some({}), progress=stop)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([{"sku": "x"}], r"item 0 is \{'sku': 'x'\}"),
        ([Uniques(sku="x"), Maker(name="m")], "item 0 is of Uniques, item 1 of Maker; call it once for each model"),
        ([Uniques(sku="x"), None], "takes instances of a model; item 1 is None"),
        ([Uniques], "takes instances of a model"),
    ],
)
def test_validate_many_wrong_input(rows, text):
    with pytest.raises(TypeError, match=text):
        validate_many(rows)


def test_paths_of_valid_rows(there):
    result = validate_many(some({"maker_id": 1}, {"maker_id": 1}))
    assert [path.step for path in result.paths if path.rows][:2] == ["fields", "maker"]
    assert {path.path for path in result.paths} == {"batch"}


def test_paths_of_keys_asked_one_by_one(there):
    rows = [Relations(title="t", maker_id=1, must_id=1, shelf_id=key) for key in (Word("a"), Word("b"))]
    by_django = [path for path in validate_many(rows).paths if path.path == "django"]
    assert [(path.step, path.rows) for path in by_django] == [("shelf", 2)]


def test_collector_counts_failures(there):
    rows = some({"maker_id": 5, "kind": "?"}, {"sku": "one"}, {"sku": "n"}, {"sku": "n"}, {"only_id": "x"})
    with metering.collect() as collector:
        validate_many(rows)
    assert {(field, code): number for (_, field, code), number in collector.failures.items() if field != "kind"} == {
        ("maker", "invalid"): 1,
        ("sku", "unique"): 2,
        ("only", "invalid"): 1,
    }
    assert {model for model, _, _ in collector.failures} == {"bulk.Uniques"}


class Word(str):
    pass


def test_bulk_public_names():
    assert {"BatchResult", "BatchValidationError", "bulk_create_validated", "validate_many"} <= set(pyforge_web.__all__)


def test_instance_or_class_in_the_place_of_rows(there):
    for wrong in (Uniques(sku="x"), Uniques):
        with pytest.raises(TypeError, match="validate_many takes"):
            validate_many(wrong)


def test_exclude_of_the_name_of_a_column(there):
    with pytest.raises(FieldError, match="write the name of the field, 'maker'"):
        validate_many(some({}), exclude=["maker_id"])
