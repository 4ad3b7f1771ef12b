"""The forms of errors, beside Django's and those of Django REST framework."""

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy, ngettext_lazy
from rest_framework import serializers

from pyforge_web import validate_many
from pyforge_web.http import PyForgeProblemResponse
from pyforge_web.parsers import BodyError
from pyforge_web.validation.error_formats import as_drf, as_json_data, as_problem
from pyforge_web.validation.payload.cleaned_rows import CleanedRows
from pyforge_web.validation.row_results import RowErrors
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item
from tests.bodies.oracle import form_errors
from tests.oracle import LANGUAGES
from tests.tables import cases

PLURAL = ngettext_lazy("Ensure it has %(n)d character.", "Ensure it has %(n)d characters.", "n")
ERRORS = {
    "text": lambda: ValidationError("Wrong <b>."),
    "code": lambda: ValidationError(gettext_lazy("This field cannot be blank."), code="blank"),
    "params": lambda: ValidationError("Not %(value)r, 100%%.", code="odd", params={"value": "\u00e9"}),
    "per cent without params": lambda: ValidationError("100% wrong"),
    "list": lambda: ValidationError([ValidationError("One", "1"), ValidationError(PLURAL, "2", {"n": 3}), "three"]),
    "fields": lambda: ValidationError({"name": ["a", "b"], "size": ValidationError("c", code="d")}),
    "with others": lambda: ValidationError({"__all__": ["both"], "name": "a"}),
    "of a model": lambda: error_of(lambda: Item(name="admin", count=-1, price="x", ratio="y").clean_fields()),
    "of a body": lambda: error_of(lambda: CompiledValidator.for_model(Item).clean_json('{"a": }', fields="__all__")),
}


def error_of(call):
    with pytest.raises(ValidationError) as raised:
        call()
    return raised.value


@pytest.mark.parametrize("make", cases(ERRORS))
def test_as_json_data_one_payload(make):
    for language in LANGUAGES:
        with translation.override(language):
            for escape in (False, True):
                expected = form_errors(make()).get_json_data(escape)
                assert as_json_data(make(), escape_html=escape) == expected
            assert json.loads(json.dumps(as_json_data(make()))) == json.loads(form_errors(make()).as_json())


@pytest.mark.parametrize("make", cases(ERRORS))
def test_as_drf_one_payload(make):
    for language in LANGUAGES:
        with translation.override(language):
            theirs = json.loads(json.dumps(serializers.as_serializer_error(make())))
            ours = as_drf(make())
            assert all(type(text) is str for texts in ours.values() for text in texts)
            if "__all__" in theirs:  # the one difference: DRF leaves Django's word if there are fields beside it
                assert "non_field_errors" not in theirs
                theirs = {"non_field_errors" if name == "__all__" else name: told for name, told in theirs.items()}
            assert ours == theirs


def test_as_drf_other_non_field_key():
    assert as_drf(ValidationError("x"), non_field="errors") == {"errors": ["x"]}


def fail(value):
    if value == "bad":
        raise ERRORS["params"]()


class RowSerializer(serializers.Serializer):
    """What a project would write for rows."""

    name = serializers.CharField(validators=[fail])


@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.filterwarnings("ignore:The list-based error format")  # DRF's own, until its version 3.20
def test_as_drf_rows(as_dict, settings):
    from rest_framework.settings import api_settings

    settings.REST_FRAMEWORK = {"LIST_SERIALIZER_ERRORS_AS_DICT": as_dict}
    api_settings.reload()
    names = ["good", "bad", "good", "bad", "good"]
    theirs = RowSerializer(data=[{"name": name} for name in names], many=True)
    assert not theirs.is_valid()
    errors = RowErrors({n: {"name": [ERRORS["params"]()]} for n, name in enumerate(names) if name == "bad"}, None)
    result = CleanedRows([None] * len(names), errors, len(errors))
    assert as_drf(result, as_list=not as_dict) == json.loads(json.dumps(theirs.errors), object_hook=by_number)


def by_number(found):
    return {int(key) if key.isdigit() else key: value for key, value in found.items()}


def rows():
    found = CompiledValidator.for_model(Item).clean_data_rows(
        [{"name": "x", "price": 1, "maybe": True}, {"name": "", "price": 1, "maybe": True}, 7], fields="__all__"
    )
    assert list(found.errors) == [1, 2]
    return found


def test_formats_by_row():
    found = rows()
    raised = error_of(found.raise_)
    for given in (found, found.errors, dict(found.errors), raised):
        assert as_json_data(given) == {row: as_json_data(error) for row, error in found.errors.items()}
        assert as_drf(given) == {row: as_drf(error) for row, error in found.errors.items()}
        assert list(as_json_data(given)) == [1, 2]
    assert as_drf(found, as_list=True) == [{}, as_drf(found.errors[1]), as_drf(found.errors[2])]


def test_formats_of_validate_many():
    result = validate_many([Item(name="x", price=1, maybe=True), Item(name="admin", price=1, maybe=True)], unique=False)
    for given in (result, error_of(result.raise_)):
        assert as_drf(given) == {1: {"name": ["Reserved: admin."]}}
        assert [one["pointer"] for one in as_problem(given)["errors"]] == ["#/1/name"]
        assert as_drf(given, as_list=True) == [{}, {"name": ["Reserved: admin."]}]


def test_as_drf_list_without_total():
    with pytest.raises(TypeError, match="number of rows"):
        as_drf(rows().errors, as_list=True)
    with pytest.raises(TypeError, match="errors by row"):
        as_drf(ValidationError("x"), as_list=True)


@pytest.mark.parametrize("form", [as_json_data, as_drf, as_problem])
@pytest.mark.parametrize("given", [None, "text", [ValidationError("x")], ValueError("x"), 5], ids=repr)
def test_formats_of_a_wrong_type(form, given):
    with pytest.raises(TypeError, match="ValidationError, or errors by row"):
        form(given)


def resolve(pointer, document):
    """RFC 6901, section 6: what the pointer in a URI's fragment points to."""
    from urllib.parse import unquote

    assert re.fullmatch(r"#(/[\w.~!$&'()*+,;=:@?-]*(%[0-9A-F]{2}[\w.~!$&'()*+,;=:@?-]*)*)*", pointer, re.ASCII), pointer
    for token in unquote(pointer[1:]).split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


NAMES = ["price", "", "a/b", "m~n", "~1", "a b", "\u00e9\U0001f600", "c%d", 'k"l', "#", "?", "i\\j", "0"]


def test_as_problem_pointers_resolve():
    document = {"rows": [{name: f"row {row}, {name}" for name in NAMES} for row in range(3)]}
    errors = {row: ValidationError({name: f"row {row}, {name}" for name in NAMES}) for row in (0, 2)}
    told = as_problem(errors, at="/rows")["errors"]
    assert len(told) == 2 * len(NAMES)
    assert all(resolve(one["pointer"], document) == one["detail"] for one in told)
    whole = as_problem(ValidationError("all"), at="/rows")["errors"]
    assert [resolve(one["pointer"], document) for one in whole] == [document["rows"]]


def test_as_problem_lone_surrogate_in_a_name():
    assert as_problem(ValidationError({"\ud800": "x"}))["errors"][0]["pointer"] == "#/?"


@pytest.mark.parametrize("make", cases(ERRORS))
def test_as_problem_every_error(make):
    for language in LANGUAGES:
        with translation.override(language):
            problem = as_problem(make())
            leaves = [leaf for leaves in as_json_data(make()).values() for leaf in leaves]
            assert [(one["detail"], one.get("code", "")) for one in problem["errors"]] == [
                (leaf["message"], leaf["code"]) for leaf in leaves
            ]
            number = f"{len(leaves)} error{'s' * (len(leaves) != 1)}."
            assert (problem["status"], problem["title"], problem["detail"]) == (400, "Bad Request", number)


def test_as_problem_rows():
    problem = as_problem(rows(), status=422, type="https://example.com/rows", title="Rows", detail="Look.")
    assert list(problem) == ["type", "title", "status", "detail", "errors"]
    assert list(problem.values())[:4] == ["https://example.com/rows", "Rows", 422, "Look."]
    assert [one["pointer"] for one in problem["errors"]] == ["#/1/name", "#/2"]
    assert as_problem(rows())["detail"] == "2 errors in 2 rows."
    assert as_problem({})["detail"] == "0 errors in 0 rows."


def test_as_problem_not_json():
    error = ERRORS["of a body"]()
    assert isinstance(error, BodyError)
    (told,) = as_problem(error)["errors"]
    assert {name: told[name] for name in ("line", "column", "position")} == {"line": 1, "column": 7, "position": 6}
    assert (told["pointer"], told["code"]) == ("#", "invalid_json")


def test_as_problem_own_invalid_json_code():
    (told,) = as_problem(ValidationError("x", code="invalid_json"))["errors"]
    assert told == {"pointer": "#", "detail": "x", "code": "invalid_json"}


def test_problem_response():
    response = PyForgeProblemResponse(rows(), title="Rows", at="/rows", headers={"X-Own": "1"})
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert json.loads(response.content) == as_problem(rows(), title="Rows", at="/rows")
    assert response["X-Own"] == "1"
    assert PyForgeProblemResponse(ValidationError("x"), status=422).status_code == 422
