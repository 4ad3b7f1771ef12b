"""Classes of QuerySets whose methods do more than Django's: what `fields=` loads hides no row and changes none."""

import json

import pytest
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, dumps, rows
from tests.output.ways import expected
from tests.relations.models import Article

pytestmark = pytest.mark.django_db(databases="__all__")


class Narrows(QuerySet):
    """Each join and each prefetch hides rows: a page that is sliced refuses that."""

    def select_related(self, *names):
        return super().select_related(*names).filter(title__contains="0")

    def prefetch_related(self, *lookups):
        return super().prefetch_related(*lookups).filter(title__contains="0")

    def defer(self, *names):
        return super().defer(*names).filter(title__contains="0")


class Renames(QuerySet):
    """Changes its instances where it loads their relations."""

    def _prefetch_related_objects(self):
        super()._prefetch_related_objects()
        for article in self._result_cache:
            article.title = f"renamed {article.title}"


class OwnEncoder(DjangoJSONEncoder):
    pass


WAYS_OUT = {
    "dumps": lambda data, fields: dumps(data, fields=fields),
    "stream": lambda data, fields: b"".join(PyForgeStreamingResponse(data, "array", fields=fields)),
    "tolist()": lambda data, fields: json.dumps(rows(data, fields).tolist(), cls=DjangoJSONEncoder),
    "encoder=": lambda data, fields: PyForgeJsonResponse(data, OwnEncoder, fields=fields).content,
}
FIELDS = [
    None,
    ["title", "id"],
    "*",
    ["title", "author__name"],
    [{"author": ["name"]}, "title", {"tags": ["name"]}],
    ["tags", {"comments": ["text"]}, "title"],
]
SHAPES = {
    "plain": lambda queryset: queryset,
    "sliced": lambda queryset: queryset[1:4],
    "page": lambda queryset: Paginator(queryset, 5).page(1).object_list,
    "deferred": lambda queryset: QuerySet.defer(queryset, "body"),
    "prefetched": lambda queryset: QuerySet.prefetch_related(queryset, "tags"),
}


@pytest.mark.parametrize("kind", [Narrows, Renames])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_the_rows_are_those_of_the_class(kind, shape, way_out, database):
    for fields in FIELDS:
        queryset = SHAPES[shape](kind(Article, using=database).order_by("pk"))
        written = json.loads(WAYS_OUT[way_out](queryset, fields))
        assert written == expected(queryset._chain(), fields), fields
