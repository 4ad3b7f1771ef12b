"""Pages of a cursor: the links and rows of DRF, read from the rows of one statement."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from rest_framework import generics, pagination, renderers, serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import (
    CompiledListMixin,
    CompiledSerializerMixin,
    PyForgeCursorPagination,
    PyForgeJSONRenderer,
)
from tests.relations.models import Article, Author, Comment

pytestmark = pytest.mark.django_db(databases="__all__")
MODELS = {"author": (Author, ["id", "name"]), "article": (Article, ["title"]), "comment": (Comment, ["text", "at"])}
# The model, the ordering, and the size of a page: unique, equal, null and reversed positions, other names than columns.
ORDERINGS = [
    ("author", "name", 3),
    ("author", "-name", 2),
    ("author", ("born", "pk"), 3),
    ("author", "country", 3),
    ("author", "pk", 3),
    ("article", ("-published", "id"), 5),
    ("article", ("title", "-id"), 2),
    ("article", "price", 4),
    ("article", ("author_id", "id"), 4),
    ("comment", "score", 3),
    ("comment", "-at", 7),
    ("comment", "at", 100),
]


def make_view(name, ordering, size, database, *, native=False, mixins=()):
    model, names = MODELS[name]
    meta = type("Meta", (), {"model": model, "fields": names})
    bases = (CompiledSerializerMixin,) if native else ()
    pages = PyForgeCursorPagination if native else pagination.CursorPagination
    attributes = {
        "queryset": model._base_manager.using(database),
        "serializer_class": type("Rows", (*bases, serializers.ModelSerializer), {"Meta": meta}),
        "pagination_class": type("Pages", (pages,), {"ordering": ordering, "page_size": size}),
        "renderer_classes": [PyForgeJSONRenderer if native else renderers.JSONRenderer],
        "permission_classes": [],
        "authentication_classes": [],
    }
    return type("View", (*mixins, generics.ListAPIView), attributes).as_view()


def read(view, address, database):
    connections[database].queries_log.clear()
    with CaptureQueriesContext(connections[database]) as statements:
        try:
            response = view(APIRequestFactory().get(address)).render()
        except ValidationError as error:  # DRF's cursor of a null
            return str(error), len(statements)
    return response, len(statements)


@pytest.mark.parametrize("mixins", [(), (CompiledListMixin,)], ids=["data", "rows"])
@pytest.mark.parametrize(("name", "ordering", "size"), ORDERINGS)
def test_pages_are_those_of_drf(name, ordering, size, mixins, database):
    expected_view = make_view(name, ordering, size, database)
    given_view = make_view(name, ordering, size, database, native=True, mixins=mixins)
    addresses, seen = ["/?cursor="], set()
    while addresses:
        address = addresses.pop()
        if address in seen or len(seen) > 40:
            continue
        seen.add(address)
        expected, statements = read(expected_view, address, database)
        given, own_statements = read(given_view, address, database)
        assert own_statements <= statements
        if isinstance(expected, str):
            assert given == expected
            continue
        assert given.content == expected.content
        addresses += [expected.data[key] for key in ("next", "previous") if expected.data[key]]
    assert len(seen) > 1 or size == 100


def test_pages_make_no_instances(sqlite, monkeypatch):
    def refuse():
        raise AssertionError("instances are made")

    view = make_view("comment", "-at", 7, "default", native=True)
    monkeypatch.setattr("django.db.models.base.ModelState", refuse)  # of Django's own `Model.__init__`
    response, statements = read(view, "/", "default")
    assert statements == 1
    assert len(response.data["results"]) == 7


def paginate(kind, queryset, **attributes):
    paginator = type("Pages", (kind,), {"page_size": 3, "ordering": "name", **attributes})()
    request = generics.GenericAPIView().initialize_request(APIRequestFactory().get("/"))
    return paginator, paginator.paginate_queryset(queryset, request)


def test_page_is_a_list_of_instances_for_others(sqlite):
    ours, page = paginate(PyForgeCursorPagination, Author.objects.all())
    drf, expected = paginate(pagination.CursorPagination, Author.objects.all())
    assert page._result_cache is None
    assert (ours.has_next, ours.has_previous, ours.next_position) == (drf.has_next, drf.has_previous, drf.next_position)
    assert ours.display_page_controls == drf.display_page_controls
    assert page == expected
    page[0].extra = 1
    assert ours.page[0].extra == 1
    assert ours.get_next_link() == drf.get_next_link()
    assert ours.get_html_context() == drf.get_html_context()


def test_page_without_rows(sqlite):
    ours, page = paginate(PyForgeCursorPagination, Author.objects.none())
    assert list(page) == []
    assert (ours.has_next, ours.get_next_link(), ours.get_previous_link()) == (False, None, None)


@pytest.mark.parametrize(
    "queryset", [Author.objects.annotate(other=F("name")), Author.objects.extra({"other": "name"})]
)
def test_ordering_that_is_no_column_gives_a_list(queryset, sqlite):
    ours, page = paginate(PyForgeCursorPagination, queryset.all(), ordering="other")
    drf, expected = paginate(pagination.CursorPagination, queryset.all(), ordering="other")
    assert type(page) is list
    assert page == expected
    assert ours.get_next_link() == drf.get_next_link()


def test_own_positions_give_a_list(sqlite):
    position = lambda self, instance, ordering: f"own {instance.name}"  # noqa: E731
    ours, page = paginate(PyForgeCursorPagination, Author.objects.all(), _get_position_from_instance=position)
    drf, _ = paginate(pagination.CursorPagination, Author.objects.all(), _get_position_from_instance=position)
    assert type(page) is list
    assert ours.get_next_link() == drf.get_next_link()


def test_dicts_without_the_ordering_column_raise_what_drf_raises(sqlite):
    errors = []
    for kind in (pagination.CursorPagination, PyForgeCursorPagination):
        paginator = type("Pages", (kind,), {"ordering": "name", "page_size": 1})()
        request = Request(APIRequestFactory().get("/"))
        with pytest.raises(KeyError) as error:
            paginator.paginate_queryset(Author.objects.values("pk"), request)
        errors.append(str(error.value))
    assert errors[0] == errors[1]
