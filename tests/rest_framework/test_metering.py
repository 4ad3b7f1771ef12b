"""Each list of DRF is one call for collectors, with the reason where DRF makes it."""

import pytest
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.metering import collect
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgePageNumberPagination, explain, project
from tests.relations.models import Author

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("filled_scalars")]


class Mixed(CompiledSerializerMixin, serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ("id", "name")


class Own(Mixed):
    def to_representation(self, instance):
        return {"x": instance.pk}


class OwnList(serializers.ListSerializer):
    def to_representation(self, data):
        return [{"pk": author.pk} for author in data]


class PrefetchingList(serializers.ListSerializer):
    """As linkding has it: it makes something ready, and leaves the list to DRF."""

    def to_representation(self, data):
        return super().to_representation(list(data))


class InOwnList(Mixed):
    class Meta(Mixed.Meta):
        list_serializer_class = OwnList


class InPrefetchingList(Mixed):
    class Meta(Mixed.Meta):
        list_serializer_class = PrefetchingList


@pytest.fixture(params=["mixin", "mixin and setting"])
def _installed(request):
    if request.param == "mixin":
        yield
        return
    project.install_native_path()
    yield
    project.uninstall_native_path()


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("way", ["data", "rows"])
@pytest.mark.parametrize(
    ("kind", "make", "path", "why"),
    [
        (Mixed, lambda rows: rows, "values", ""),
        (Mixed, list, "instance", "list is not a QuerySet: its instances are in memory"),
        (Own, lambda rows: rows, "django", "Own.to_representation is its own"),
        (InOwnList, lambda rows: rows, "django", "OwnList has its own to_representation()"),
        (InOwnList, list, "instance", "OwnList has its own to_representation()"),
    ],
)
def test_a_list_is_one_call(sqlite, way, kind, make, path, why):
    authors = make(Author.objects.order_by("pk"))
    with collect(details=True) as found:
        made = getattr(kind(authors, many=True), way)
    (group,) = found.groups
    assert (group.source, group.label, group.path, group.why) == ("serializer", "relations.Author", path, why)
    assert (group.calls, group.rows, group.all_rows) == (1, len(made), len(made))


@pytest.mark.parametrize("way", ["data", "rows"])
def test_a_page_counts_its_own_rows(sqlite, way):
    paginator = type("Pages", (PyForgePageNumberPagination,), {"page_size": 3})()
    page = paginator.paginate_queryset(Author.objects.order_by("pk"), Request(APIRequestFactory().get("/")))
    with collect(details=True) as found:
        assert len(getattr(Mixed(page, many=True), way)) == 3
    assert [group.rows for group in found.groups] == [3]


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("way", ["data", "rows"])
def test_a_list_of_its_own_that_asks_drf_is_one_call(sqlite, way):
    authors = Author.objects.order_by("pk")
    with collect(details=True) as found:
        made = getattr(InPrefetchingList(authors, many=True), way)
    (group,) = found.groups
    assert (group.source, group.calls, group.all_rows) == ("serializer", 1, len(made))
    assert group.path in ("django", "instance")
    assert list(made) == [{"id": author.pk, "name": author.name} for author in authors]


def test_explain_tells_of_a_list_of_its_own(sqlite):
    assert explain(InOwnList).reason == "OwnList has its own to_representation()"
    assert explain(Mixed).mode == "rows"
