"""`pyforge_explain --all`: the shares and the ranked reasons of a whole project."""

import io
import re

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from pyforge_web.report.model_paths import summarize_validated, summarize_written
from pyforge_web.serializers import CompiledSerializer
from pyforge_web.validators import CompiledValidator

pytestmark = pytest.mark.django_db


def explain_all(**options):
    out = io.StringIO()
    call_command("pyforge_explain", all=True, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def columns():
    """The paths of all columns of the project, one model after the other."""
    paths = []
    for model in apps.get_models():
        names = [field.attname for field in model._meta.concrete_fields]
        paths += [column.path for column in CompiledSerializer.for_model(model, names).explain("default")]
    return paths


@pytest.fixture
def rules():
    return [field for model in apps.get_models() for field in CompiledValidator.for_model(model).explain()]


def test_written_share_is_that_of_each_model(columns):
    summary = summarize_written("default")
    assert (summary.native, summary.total) == (columns.count("native"), len(columns))
    assert sum(reason.fields for reason in summary.reasons) == summary.total - summary.native


def test_validated_share_counts_python_validators_as_djangos(rules):
    summary = summarize_validated()
    native = [field for field in rules if field.path == "native" and not field.called]
    assert any(field.called and field.path == "native" for field in rules)
    assert (summary.native, summary.total) == (len(native), len(rules))


@pytest.mark.parametrize("summarize", [lambda: summarize_written("default"), summarize_validated])
def test_reasons_are_ranked_with_an_example(summarize):
    reasons = summarize().reasons
    counts = [reason.fields for reason in reasons]
    assert counts == sorted(counts, reverse=True)
    assert len({reason.reason for reason in reasons}) == len(reasons) > 3
    for reason in reasons:
        label, _, name = reason.example.rpartition(".")
        assert apps.get_model(label)._meta.get_field(name)


def test_command_prints_shares_and_reasons():
    written, validated = summarize_written("default"), summarize_validated()
    text = explain_all()
    assert f"{written.native} of {written.total} fields native" in text
    assert f"{validated.native} of {validated.total} fields native" in text
    for summary in (written, validated):
        first = summary.reasons[0]
        assert re.search(rf"^ +{first.fields}  {re.escape(first.reason)} \({re.escape(first.example)}\)$", text, re.M)


def test_command_needs_something_to_explain():
    with pytest.raises(CommandError, match="--all"):
        call_command("pyforge_explain")
