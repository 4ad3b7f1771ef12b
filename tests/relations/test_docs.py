"""The examples of docs/relations.md, run as they stand there; what they give is Django's."""

import json
import re
from pathlib import Path

import pytest
from django.db.models import Prefetch
from django.db.models.functions import Upper

from pyforge_web import CompiledSerializer, PyForgeJsonResponse, PyForgeStreamingResponse, dumps
from tests.relations.models import Article, Author, Comment
from tests.relations.oracle import dicts

pytestmark = pytest.mark.django_db(databases="__all__")
PAGE = (Path(__file__).parents[2] / "docs" / "relations.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)


def test_there_are_some():
    assert len(EXAMPLES) == 6


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_of_the_docs_runs(example, sqlite):
    written = []

    def noted(data, **options):
        written.append((data, options["fields"], dumps(data, **options)))

    def responded(data, **options):
        noted(data, fields=options["fields"])

    responded.fields = PyForgeJsonResponse.fields
    streamed = []
    names = {
        "Article": Article,
        "Comment": Comment,
        "CompiledSerializer": CompiledSerializer,
        "Prefetch": Prefetch,
        "Upper": Upper,
        "PyForgeJsonResponse": responded,
        "PyForgeStreamingResponse": lambda data, **options: streamed.append(
            b"".join(PyForgeStreamingResponse(data, **options))
        ),
        "dumps": noted,
    }
    Article.objects.get_or_create(pk=1, defaults={"title": "the first", "author": Author.objects.earliest("pk")})
    exec(example, names)
    for data, fields, text in written:
        fields = [item if isinstance(item, str | dict) else {item.name: list(item.fields)} for item in fields]
        rows = dicts([data] if isinstance(data, Article) else list(data), fields)
        assert json.loads(text) == json.loads(json.dumps(rows[0] if isinstance(data, Article) else rows))
    for body in streamed:
        assert body.count(b"\n") == Article.objects.count()
    assert written or streamed or "explain" in example
