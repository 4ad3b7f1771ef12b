"""`explain()` says whether the SQL of a QuerySet is remembered; serializers are kept for few sets of fields."""

import pytest
from django.db.models import F
from django.test import override_settings

from pyforge_web import CompiledSerializer, serializers
from tests.app.models import Article

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
def test_explanation_has_a_row_about_sql(is_on, is_known):
    rows = Article.objects.filter(title="x") if is_known else Article.objects.order_by("pk").extra(where=["1 = 1"])
    with override_settings(PYFORGE_WEB={"SQL_CACHE": is_on}):
        *_, last = CompiledSerializer.for_model(Article, ["id", "title"]).explain(queryset=rows)
    assert (last[0] == "(SQL)") is is_on
    if is_on:
        assert (last.path == "native") is is_known
        assert ("remembered; " in last.reason) is is_known


def test_fields_of_serializers_are_bounded(monkeypatch):
    monkeypatch.setattr(serializers, "_MOST_SERIALIZERS", 2)
    for number in range(5):
        first = CompiledSerializer.for_model(Article, [{f"name_{number}": F("title")}])
        assert CompiledSerializer.for_model(Article, [{f"name_{number}": F("title")}]) is first
        assert len(Article._meta.__dict__[serializers._REMEMBERED_SERIALIZERS]) <= 2
