"""`serializer.rows` and `CompiledListMixin`: the bytes of DRF's own view, under every renderer."""

import copy
import json
import operator
import pickle
import re

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from rest_framework import fields, filters, generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from pyforge_web.rest_framework import (
    CompiledListMixin,
    CompiledSerializerMixin,
    PyForgeJSONRenderer,
    PyForgePageNumberPagination,
    RowsData,
    reads,
)
from tests.relations.models import Article, Author
from tests.rest_framework.cases import make

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.urls("tests.rest_framework.urls"),
    pytest.mark.usefixtures("filled_scalars", "sqlite"),
]
EXPECTED = make(())
CONTEXT = {"user": "me", "request": APIRequestFactory().get("/")}
GIVEN = make((CompiledSerializerMixin,))


def rows_of(name, database="default"):
    case = GIVEN[name]
    queryset = case.queryset()
    if not getattr(queryset, "_known_related_objects", None):
        queryset = queryset.using(database)
    return case.serializer(queryset, many=True, context=CONTEXT).rows


def data_of(name):
    case = EXPECTED[name]
    return case.serializer(case.queryset(), many=True, context=CONTEXT).data


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_are_the_bytes_of_drf(name):
    expected = JSONRenderer().render({"count": 1, "results": data_of(name)})
    assert PyForgeJSONRenderer().render({"count": 1, "results": rows_of(name)}) == expected
    assert PyForgeJSONRenderer().render(rows_of(name)) == JSONRenderer().render(data_of(name))


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_become_the_list_of_data(name):
    expected, rows = data_of(name), rows_of(name)
    assert rows == expected
    assert list(rows) == expected
    assert rows.tolist() is rows.tolist()
    assert len(rows) == len(expected)
    assert [[type(value) for value in row.values()] for row in rows] == [
        [type(value) for value in row.values()] for row in expected
    ]


@pytest.mark.parametrize("name", [name for name, case in GIVEN.items() if case.native])
def test_rows_are_bytes_where_all_values_are_json(name):
    rows, expected = rows_of(name), data_of(name)
    is_json = json.loads(JSONRenderer().render(expected)) == expected
    assert (rows.body is not None) >= is_json


def test_rows_in_postgresql(filled, database):
    for name in ("article", "nested", "scalars", "uuid_key", "renamed"):
        case = EXPECTED[name]
        expected = case.serializer(case.queryset().using(database), many=True, context=CONTEXT).data
        assert PyForgeJSONRenderer().render(rows_of(name, database)) == JSONRenderer().render(expected)


def test_rows_that_are_changed_are_written_as_they_are_then():
    rows = rows_of("author")
    rows[0]["name"] = "changed"
    rows.append({"name": "added"})
    rows.pop(1)
    written = json.loads(PyForgeJSONRenderer().render(rows))
    assert written[0]["name"] == "changed"
    assert written[-1] == {"name": "added"}
    assert len(written) == len(data_of("author"))


def test_rows_pickle_and_copy_as_a_list():
    expected = data_of("article")
    for made in (
        pickle.loads(pickle.dumps(rows_of("article"))),
        copy.copy(rows_of("article")),
        rows_of("article").copy(),
    ):
        assert type(made) is list
        assert made == expected


def test_rows_behave_as_a_list():
    rows, expected = rows_of("author"), list(data_of("author"))
    assert rows_of("author") == rows
    assert operator.add(rows, [1]) == [*expected, 1]
    assert operator.add([1], rows) == [1, *expected]
    assert rows * 2 == expected * 2
    assert rows[1:3] == expected[1:3]
    assert list(reversed(rows)) == expected[::-1]
    assert expected[0] in rows
    assert repr(rows) == repr(expected)
    assert bool(rows_of("empty")) is False
    assert bool(rows_of("author")) is True
    with pytest.raises(TypeError):
        hash(rows)


def test_rows_run_their_query_where_they_are_read(django_assert_num_queries):
    case = GIVEN["author"]
    serializer = case.serializer(case.queryset(), many=True)
    with django_assert_num_queries(1):
        assert serializer.rows is serializer.rows
    with django_assert_num_queries(0):
        PyForgeJSONRenderer().render(serializer.rows)


class Slow(CompiledSerializerMixin, serializers.ModelSerializer):
    secret = fields.SerializerMethodField()

    class Meta:
        model = Author
        fields = ("id", "secret")

    @reads("name")
    def get_secret(self, author):
        raise PermissionDenied("not yours")


def respond(view, query="", accept="application/json", **initial):
    response = view.as_view(**initial)(APIRequestFactory().get(f"/{query}", headers={"accept": accept}))
    response.render()
    return response.status_code, response.content


def test_error_of_a_method_goes_through_the_handler_of_drf():
    queryset = Author.objects.order_by("pk")
    bases = {"serializer_class": Slow, "queryset": queryset, "renderer_classes": [PyForgeJSONRenderer]}
    status, body = respond(type("Authors", (CompiledListMixin, generics.ListAPIView), bases))
    assert (status, json.loads(body)) == (403, {"detail": "not yours"})


def list_view(renderers, *, native, case_name="author", names=None):
    case = (GIVEN if native else EXPECTED)[case_name]
    pages = PyForgePageNumberPagination if native else PyForgePageNumberPagination.__mro__[2]

    class Authors(*((CompiledListMixin,) if native else ()), generics.ListAPIView):
        queryset = case.queryset().order_by("pk")
        serializer_class = case.serializer
        pagination_class = type("Pages", (pages,), {"page_size": 5})
        filter_backends = (filters.OrderingFilter, filters.SearchFilter)
        ordering_fields = "__all__"
        search_fields = ("name",)
        renderer_classes = renderers

    return Authors


QUERIES = ["", "?page=2", "?ordering=-name", "?search=1", "?page=99", "?format=json"]


@pytest.mark.parametrize("query", QUERIES)
def test_list_view_is_that_of_drf(query):
    expected = respond(list_view([JSONRenderer], native=False), query)
    assert respond(list_view([PyForgeJSONRenderer], native=True), query) == expected


def test_list_view_with_indent_is_that_of_drf():
    accept = "application/json; indent=4"
    expected = respond(list_view([JSONRenderer], native=False), accept=accept)
    assert respond(list_view([PyForgeJSONRenderer], native=True), accept=accept) == expected


@pytest.mark.parametrize("renderer", [PyForgeJSONRenderer, JSONRenderer])
@pytest.mark.parametrize("case_name", ["author", "nested", "method", "article"])
def test_list_view_makes_no_instances(case_name, renderer, monkeypatch):
    expected = respond(list_view([JSONRenderer], native=False, case_name=case_name))
    view = list_view([renderer], native=True, case_name=case_name)
    # What Django's own `Model.__init__` makes; a patched `ModelIterable` would be Django's path.
    monkeypatch.setattr("django.db.models.base.ModelState", lambda: pytest.fail("an instance was made"))
    assert respond(view) == expected


def test_list_view_needs_no_more_statements_than_drf():
    counts = []
    for native in (False, True):
        connections["default"].queries_log.clear()
        with CaptureQueriesContext(connections["default"]) as statements:
            respond(list_view([PyForgeJSONRenderer], native=native))
        counts.append(len(statements))
    assert counts[1] <= counts[0]


def enveloped(renderer, keys, *, native):
    """A view that answers with rows of so many keys in an envelope."""

    class Meta:
        model = Author
        fields = ("id", "name", "born")[:keys]

    bases = ((CompiledSerializerMixin,) if native else ()) + (serializers.ModelSerializer,)
    serializer_class = type("Small", bases, {"Meta": Meta})

    class Small(APIView):
        renderer_classes = (renderer,)

        def get(self, request):
            serializer = serializer_class(Author.objects.order_by("pk"), many=True)
            return Response({"authors": serializer.rows if native else serializer.data})

    return Small


def renderer_classes():
    from djangorestframework_camel_case.render import CamelCaseJSONRenderer
    from drf_orjson_renderer.renderers import ORJSONRenderer

    return [JSONRenderer, BrowsableAPIRenderer, ORJSONRenderer, CamelCaseJSONRenderer, PyForgeJSONRenderer]


@pytest.mark.parametrize("keys", [1, 2, 3])
@pytest.mark.parametrize("number", range(5))
def test_rows_under_other_renderers(number, keys, settings):
    settings.ROOT_URLCONF = "tests.rest_framework.urls"
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    renderer = renderer_classes()[number]
    accept = "text/html" if renderer is BrowsableAPIRenderer else "application/json"
    expected = respond(enveloped(renderer, keys, native=False), accept=accept)
    given = respond(enveloped(renderer, keys, native=True), accept=accept)
    assert without_token(given) == without_token(expected)


def without_token(answer):
    """A page of the browsable API, without the token that each request has."""
    return answer[0], re.sub(rb'"csrfToken": "\w+"', b"", answer[1])


def test_rows_data_without_bytes_is_a_list():
    rows = RowsData(None, None, [{"a": 1}])
    assert rows.body is None
    assert rows == [{"a": 1}]
    assert PyForgeJSONRenderer().render(rows) == b'[{"a":1}]'


def test_value_of_another_form_asks_the_query_again_once():
    """SQLite stores any text: rows that were streamed until there are fetched anew, and from then on at once."""
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE relations_author SET born = '1999-1-2' WHERE name LIKE '%5%'")
    queryset, names = Author.objects.order_by("pk"), ["name", "born"]
    expected = JSONRenderer().render(small_serializer(names)(queryset.all(), many=True).data)
    kind, counts = small_serializer(names, CompiledSerializerMixin), []
    for _ in range(2):
        connections["default"].queries_log.clear()
        with CaptureQueriesContext(connections["default"]) as statements:
            rows = kind(queryset.all(), many=True).rows
        counts.append(len(statements))
        assert PyForgeJSONRenderer().render(rows) == expected
        assert rows == kind(queryset.all(), many=True).data
    assert counts == [2, 1]


def test_streamed_rows_are_written_without_a_second_statement(django_assert_num_queries):
    queryset, names = Author.objects.order_by("pk"), ["id", "name", "born"]
    expected = small_serializer(names)(queryset.all(), many=True).data
    with django_assert_num_queries(1):
        rows = small_serializer(names, CompiledSerializerMixin)(queryset.all(), many=True).rows
        assert rows.body is not None
        assert rows == expected
        assert [type(row["born"]) for row in rows] == [type(row["born"]) for row in expected]


def small_serializer(names, *mixins):
    meta = type("Meta", (), {"model": Author, "fields": names})
    return type("SmallSerializer", (*mixins, serializers.ModelSerializer), {"Meta": meta})


def test_decimals_of_a_server_are_not_asked_for_twice(filled, django_assert_num_queries):
    """PostgreSQL's driver gives decimals for what a `ReadOnlyField` writes as it is."""
    meta = type("Meta", (), {"model": Article, "fields": ["id", "price"]})

    def make_kind(*mixins):
        attributes = {"Meta": meta, "price": fields.ReadOnlyField()}
        return type("DynamicSerializer", (*mixins, serializers.ModelSerializer), attributes)

    kind = make_kind(CompiledSerializerMixin)
    kind.get_fields = lambda self: super(kind, self).get_fields()  # compiled for each request
    queryset = Article.objects.using(filled["postgresql"]).order_by("pk")
    with django_assert_num_queries(1, using=filled["postgresql"]):
        rows = kind(queryset, many=True).rows
    assert rows == make_kind()(queryset.all(), many=True).data
