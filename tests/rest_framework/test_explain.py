"""`explain()` and `pyforge_explain --serializer`: the mode, and the reason for each field."""

import io

import pytest
from django.core.management import CommandError, call_command
from rest_framework import fields, serializers

from pyforge_web.rest_framework import CompiledSerializerMixin, explain, reads
from tests.relations.models import Article
from tests.rest_framework.cases import make

CASES = make((CompiledSerializerMixin,))


class ExplainedSerializer(CompiledSerializerMixin, serializers.ModelSerializer):
    short = fields.SerializerMethodField()
    long = fields.SerializerMethodField()

    class Meta:
        model = Article
        fields = ("id", "title", "short", "long")

    @reads("title")
    def get_short(self, article):
        return article.title

    def get_long(self, article):
        return article.body


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("article", "rows"),
        ("nested", "rows with instances"),
        ("method", "rows with instances"),
        ("by_value", "rows"),
        ("any_method", "instances"),
        ("own_representation", "instances"),
        ("union", "instances"),
    ],
)
def test_explain_tells_the_mode(name, mode):
    explanation = explain(CASES[name].serializer, CASES[name].queryset())
    assert explanation.mode == mode
    assert bool(explanation.reason) is (mode == "instances")


def test_explain_tells_the_reason_for_each_field():
    explanation = explain(ExplainedSerializer)
    assert [field[:2] for field in explanation.fields] == [
        ("id", "native"),
        ("title", "native"),
        ("short", "instance"),
        ("long", "DRF"),
    ]
    assert "@reads" in explanation.fields[3].reason
    assert explain(CASES["by_value"].serializer).fields[1].mode == "value"


def test_explain_needs_a_model():
    with pytest.raises(TypeError, match=r"Meta\.model"):
        explain(type("Plain", (serializers.Serializer,), {}))


def test_command_prints_the_explanation():
    out = io.StringIO()
    call_command("pyforge_explain", serializer=f"{__name__}.ExplainedSerializer", stdout=out)
    assert out.getvalue().strip() == str(explain(ExplainedSerializer))


@pytest.mark.parametrize("options", [{"serializer": "no.such.Thing"}, {}])
def test_command_without_a_serializer_or_model_is_an_error(options):
    with pytest.raises(CommandError):
        call_command("pyforge_explain", **options)
