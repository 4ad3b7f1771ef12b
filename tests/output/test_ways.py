"""Every way in and every way out gives what the instances have: rows, columns, annotations, relations."""

import itertools
import os

import pytest
from django.db import connections
from django.db.models.functions import Upper
from django.test.utils import CaptureQueriesContext

from pyforge_web import CompiledSerializer, Computed
from tests.output.ways import FEATURES, FIELDS, WAYS_IN, WAYS_OUT, allow_fetching, expected, read_bare
from tests.relations.models import Article

pytestmark = pytest.mark.django_db(databases="__all__")

FULL = bool(os.environ.get("PYFORGE_FULL"))
PRODUCT = list(itertools.product(FEATURES, WAYS_IN, FIELDS))
# A part of the product in which each pair of values stands: Latin squares over the ways out.
OUT = list(WAYS_OUT)
# Of the ways into the ways out so many are taken for each feature and each form of fields; the next pair takes others.
STEP = 1 if FULL else 3


def pairwise_part():
    for number, cell in enumerate(PRODUCT):
        yield (*cell, OUT[number % len(OUT)])


def cells(database):
    if database == "sqlite" or FULL:
        return [(*cell, way_out) for cell in PRODUCT for way_out in OUT]
    return list(pairwise_part())


def make(alias, feature, count):
    queryset = Article.objects.using(alias).order_by("pk")
    if count == 0:
        queryset = queryset.filter(title="no such title")
    elif count == 1:
        queryset = queryset.filter(pk__in=[Article.objects.using(alias).order_by("pk").first().pk])
    return FEATURES[feature](queryset)


def compare(alias, feature, way_in, fields, way_out, count, likes=None):
    """Compare one cell; `likes` keeps what is expected, which depends neither on the way in nor on the way out."""
    data = make(alias, feature, count)
    is_bare_list = way_in in ("list", "tuple") and fields == "bare"
    likes = {} if likes is None else likes
    key = (is_bare_list, count)
    if key not in likes:
        likes[key] = expected_bare(data.all()) if is_bare_list else expected(data.all(), FIELDS[fields])
    ours = WAYS_OUT[way_out](WAYS_IN[way_in](data), fields=FIELDS[fields], fetch=True)
    assert ours == likes[key], (feature, way_in, fields, way_out, count)


def expected_bare(queryset):
    import json

    from django.core.serializers.json import DjangoJSONEncoder

    return json.loads(json.dumps([read_bare(each) for each in queryset], cls=DjangoJSONEncoder))


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("feature", FEATURES)
def test_every_way_is_the_instances_sqlite(feature, fields, sqlite):
    likes = {}
    # Each feature with each form of fields takes another third of the pairs: any three of the four meet somewhere.
    first = (list(FEATURES).index(feature) + list(FIELDS).index(fields)) % STEP
    for number, (way_in, way_out) in enumerate(itertools.product(WAYS_IN, WAYS_OUT)):
        if number % STEP == first:
            for count in (0, 1, 5) if FULL or number % 4 == 0 else (5,):
                compare(sqlite, feature, way_in, fields, way_out, count, likes)


@pytest.mark.parametrize("feature", FEATURES)
def test_every_way_is_the_instances_postgresql(feature, filled, db):
    alias = filled["postgresql"]
    chosen = [cell for cell in cells("postgresql") if cell[0] == feature]
    for number, (_, way_in, fields, way_out) in enumerate(chosen):
        for count in (0, 1, 5) if FULL else ((0, 1, 5, 5)[number % 4],):
            compare(alias, feature, way_in, fields, way_out, count)


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("feature", FEATURES)
def test_statements_are_not_more_for_more_rows(feature, fields, database):
    counts = []
    for count in (1, 5):
        with CaptureQueriesContext(connections[database]) as captured:
            WAYS_OUT["dumps"](make(database, feature, count).all(), fields=FIELDS[fields])
        counts.append(len([q for q in captured.captured_queries if "SELECT" in q["sql"]]))
    relations = 0 if FIELDS[fields] is None else sum(isinstance(item, dict) for item in FIELDS[fields])
    assert counts[1] <= counts[0] + 4 + relations, counts
    assert counts[1] <= 8


@pytest.mark.parametrize("feature", FEATURES)
def test_a_compiled_serializer_is_the_same(feature, database):
    import json

    for fields in (["title", "id"], ["id", "author__name"], ["id", "tags"], "*"):
        data = make(database, feature, 5)
        ours = json.loads(CompiledSerializer.for_model(Article, fields).dump_queryset(data))
        assert ours == expected(data.all(), fields)


# Output fields that read a path, which is a join, and expressions: what each gives of an instance.
READING = {
    "a path": (Computed(lambda *values: list(values), "author__name", "title"), lambda e: [e.author.name, e.title]),
    "an expression": (Upper("title"), lambda e: e.title.upper()),
    "a joined expression": (Upper("author__name"), lambda e: e.author.name.upper()),
}


@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize("feature", FEATURES)
def test_what_output_fields_read_is_of_the_instances(feature, reading, database):
    field, read = READING[reading]
    for way_in in WAYS_IN:
        data = make(database, feature, 5)
        like = [{"id": each.pk, "read": read(each)} for each in allow_fetching(data.all())]
        for way_out in ("dumps", "stream"):
            data = WAYS_IN[way_in](make(database, feature, 5))
            ours = WAYS_OUT[way_out](data, fields=["id", {"read": field}], fetch=True)
            assert ours == like, (feature, way_in, way_out)
