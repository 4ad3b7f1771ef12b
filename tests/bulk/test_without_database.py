"""Rows that leave nothing to look up are validated without a connection: no test here may use the database."""

from django.apps import apps
from django.core.exceptions import ValidationError

from pyforge_web import CompiledValidator, validate_many
from tests.bulk.models import MakesExpressions

MODELS = [
    model
    for app in ("bulk", "bodies", "tests_app", "relations", "validation")
    for model in apps.get_app_config(app).get_models()
    if model is not MakesExpressions  # its clean() needs an attribute that tests give it
]


def show_errors(error):
    return error.message_dict if isinstance(error, ValidationError) else None


def read_errors(call, *args, **kwargs):
    """The errors of a call; "asks" where it uses the database, which is forbidden here."""
    try:
        call(*args, **kwargs)
    except ValidationError as error:
        return error.message_dict
    except Exception:  # of pytest-django, or of a model that tests have made to fail
        return "asks"
    return None


def test_a_batch_asks_nothing_where_django_asks_nothing():
    silent = 0
    for model in MODELS:
        expected = read_errors(model().full_clean)
        if expected != "asks":
            silent += 1
            result = validate_many([model(), model()])
            assert [show_errors(result.errors.get(row)) for row in (0, 1)] == [expected, expected], model
    assert silent > 40


def test_payloads_without_keys_ask_nothing():
    for model in MODELS:
        validator = CompiledValidator.for_model(model)
        result = validator.clean_data_rows([{}, {}], fields="__all__")
        assert len(result.errors) + len(result.rows) >= 2, model
