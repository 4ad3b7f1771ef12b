"""The report: who writes JSON in a project, what it would gain, measured on its own data and rolled back."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import django
import html5lib
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse, JsonResponse
from django.urls import path
from rest_framework import generics, serializers

from pyforge_web import PyForgeJsonResponse as AliasedResponse
from pyforge_web import dumps
from pyforge_web.report import measure
from pyforge_web.report.endpoints import Endpoint, find_endpoints
from pyforge_web.report.measure import Measurement
from pyforge_web.report.results import EndpointReport
from pyforge_web.report.verdicts import judge_measured, judge_static, sort_endpoints
from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.app.models import Article, Author
from tests.report import urls

pytest.importorskip("rest_framework")
ROOT = Path(__file__).resolve().parents[2]
URLCONF = "tests.report.urls"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

# The report looks at every database of the project.
pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def project(settings, db):
    settings.ROOT_URLCONF = URLCONF
    settings.DEBUG = True
    settings.MIDDLEWARE = MIDDLEWARE
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    authors = Author.objects.bulk_create([Author(name=f"author {number}") for number in range(60)])
    Article.objects.bulk_create([Article(title=f"title {n}", author=author) for n, author in enumerate(authors)])
    return settings


def report(*arguments):
    out = io.StringIO()
    call_command("pyforge_report", *arguments, stdout=out)
    return out.getvalue()


def test_endpoints_are_found_with_their_kinds():
    kinds = {found.route: (found.kind, found.path != "") for found in find_endpoints(URLCONF)}
    assert kinds == {
        "/plain/": ("plain", True),
        "/each/": ("plain", True),
        "/native/": ("pyforge", True),
        "/text/": ("html", True),
        "/members/": ("plain", True),
        "/keyed/": ("plain", True),
        "/writes/": ("plain", True),
        "/broken/": ("html", True),
        "/api/authors/": ("drf", True),
        "/api/chosen/": ("drf", True),
        "/detail/<int:pk>/": ("plain", False),
        "/old/(?P<pk>\\d+)/": ("plain", False),
        "/logout/": ("plain", False),
    }


def test_serializers_of_drf_are_explained(project):
    text = report()
    assert "tests.report.urls.AuthorSerializer: 2 native" in text
    assert "the view chooses its serializer at run time" in text
    assert "default  django.db.backends.sqlite3  " in text
    assert " columns native" in text


def test_endpoints_are_measured_and_judged(project, tmp_path):
    file = tmp_path / "report.json"
    report("--measure", "--all", "--json", str(file))
    found = {item["endpoint"]["route"]: item for item in json.loads(file.read_text())["endpoints"]}
    assert {route for route, item in found.items() if item["native"]} == {"/native/"}
    assert found["/native/"]["verdict"] == "native already"
    assert found["/each/"]["verdict"].startswith("61 queries first")
    assert found["/text/"]["verdict"] == "leave alone: no JSON to write"
    assert found["/members/"]["verdict"] == "not measured: status 403; try --user or --header"
    assert found["/broken/"]["verdict"] == "not measured: LookupError: broken"
    assert found["/detail/<int:pk>/"]["measured"] is None
    assert found["/logout/"]["measured"] is None
    for route in ("/plain/", "/api/authors/"):
        measured = found[route]["measured"]
        assert (measured["status"], measured["equal"], measured["queries"]) == (200, True, 1)
        assert measured["pyforge_ms"] > 0
        assert measured["write_ms"] > 0
        assert measured["size"] > 1000


def test_a_view_of_rows_is_native(project):
    from pyforge_web.rest_framework import CompiledListMixin, PyForgeJSONRenderer

    compiled = type("Compiled", (CompiledSerializerMixin, urls.AuthorSerializer), {"__module__": __name__})
    own = {"serializer_class": compiled, "renderer_classes": [PyForgeJSONRenderer]}
    for bases in ((urls.AuthorList,), (CompiledListMixin, urls.AuthorList)):
        project.ROOT_URLCONF = urlconf = ModuleType("urlconf")
        urlconf.urlpatterns = [path("rows/", type("Rows", bases, own).as_view())]
        measured = measure.measure_endpoint("/rows/")
        assert (measured.status, measured.native) == (200, True)


def test_the_parts_of_a_request_are_measured(project):
    """Each part by itself, and none that the endpoint does not have."""
    listed, written = measure.measure_endpoint("/api/authors/"), measure.measure_endpoint("/plain/")
    assert min(listed.query_ms, listed.instances_ms, listed.serializer_ms, listed.json_ms) > 0
    assert (written.instances_ms, written.serializer_ms) == (0, 0)
    assert min(written.query_ms, written.json_ms) > 0
    assert list(listed.parts)[:4] == ["queries", "instances", "serializer", "JSON"]
    assert sum(listed.parts.values()) >= listed.total_ms * 0.999
    assert "serializer" in report("--measure", "--only", "/api/authors")


def test_an_address_with_arguments_can_be_named(project):
    text = report("--measure", "--path", "/detail/7/?x=1", "--path", "/logout/", "--only", "/none")
    assert text.count(" bytes, ") == 2
    assert "/detail/7/?x=1  [JSON]" in text
    assert "/logout/  [JSON]" in text
    with pytest.raises(CommandError, match="no URL of the project has the address '/nothing/'"):
        report("--path", "/nothing/")


def test_what_views_write_is_rolled_back(project):
    before = Author.objects.count()
    assert measure.measure_endpoint("/writes/").status == 200
    assert Author.objects.count() == before


def test_a_user_can_be_named(project):
    User.objects.create_user("ann")
    assert "/members/  [JSON]  leave alone" in report("--measure", "--user", "ann", "--only", "/members")
    with pytest.raises(CommandError, match="no user 'bob'"):
        report("--measure", "--user", "bob")


def test_a_header_can_be_sent(project):
    assert "status 403" in report("--measure", "--only", "/keyed")
    assert "/keyed/  [JSON]  leave alone" in report("--measure", "--only", "/keyed", "--header", "X-Key: a key")
    with pytest.raises(CommandError, match="NAME:VALUE"):
        report("--measure", "--header", "X-Key")


def test_measuring_needs_debug_or_a_yes(project):
    project.DEBUG = False
    project.ALLOWED_HOSTS = ["shop.example"]
    with pytest.raises(CommandError, match="Set DEBUG, or add --yes"):
        report("--measure")
    assert "native already" in report("--measure", "--yes", "--only", "/native")


def test_an_endpoint_that_is_no_longer_native_fails_the_run(project, tmp_path):
    file = tmp_path / "baseline.json"
    report("--measure", "--json", str(file))
    report("--measure", "--baseline", str(file))
    stored = json.loads(file.read_text())
    for item in stored["endpoints"]:
        item["native"] = item["endpoint"]["route"] in ("/plain/", "/native/")
    file.write_text(json.dumps(stored))
    with pytest.raises(SystemExit) as caught:
        report("--measure", "--baseline", str(file))
    assert caught.value.code == 1
    file.write_text("[]")
    with pytest.raises(CommandError, match="is not a report"):
        report("--baseline", str(file))


def test_a_baseline_that_was_measured_is_compared_with_a_measurement(project, tmp_path):
    """The code alone does not know what a measurement knows: it would be an alarm for each endpoint."""
    file = tmp_path / "baseline.json"
    report("--measure", "--json", str(file))
    with pytest.raises(CommandError, match="add --measure"):
        report("--baseline", str(file))
    report("--json", str(file))
    report("--baseline", str(file))


def test_python_comes_first(project):
    first, second, *_ = report().splitlines()
    assert first == "Python"
    assert f"cpython {sys.version.split()[0]}  native  Django {django.__version__}" in second
    project.PYFORGE_WEB = {"NATIVE": False}
    assert "not native" in report().splitlines()[1]
    assert 'PYFORGE_WEB["NATIVE"] is False' in report().splitlines()[2]


def test_an_endpoint_that_raises_is_listed(project):
    assert "/broken/  not measured: LookupError: broken" in report("--measure", "--all", "--only", "/broken")


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_file_that_cannot_be_written_is_an_error_before_the_views_are_called(project, option, tmp_path, monkeypatch):
    monkeypatch.setattr("pyforge_web.report.runner.measure_endpoint", None)
    with pytest.raises(CommandError, match="Unable to write"):
        report("--measure", option, str(tmp_path / "none" / "report"))
    with pytest.raises(CommandError, match="is a folder"):
        report("--measure", option, str(tmp_path))


def test_a_view_of_drf_that_has_the_mixin_uses_pyforge(project):
    compiled = type("Compiled", (CompiledSerializerMixin, urls.AuthorSerializer), {"__module__": __name__})
    lists = type("OwnList", (serializers.ListSerializer,), {"to_representation": lambda self, data: []})
    meta = type("Meta", (urls.AuthorSerializer.Meta,), {"list_serializer_class": lists})
    own = type("Own", (compiled,), {"Meta": meta, "__module__": __name__})
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [
        path(f"{kind.__name__}/", generics.ListAPIView.as_view(queryset=Author.objects.all(), serializer_class=kind))
        for kind in (compiled, own, urls.AuthorSerializer)
    ]
    first, second, third = find_endpoints(urlconf)
    assert (judge_static(first), first.reasons) == ("uses PyForge", {})
    assert judge_static(second) == "renderer only: a few percent"
    assert "OwnList has its own to_representation()" in second.reasons
    assert judge_static(third).startswith("rows: ")


def test_a_view_that_uses_pyforge_under_another_name_uses_pyforge():
    def aliased(request):
        return AliasedResponse({"a": 1})

    def kept(request):
        return HttpResponse(dumps([1]), content_type="application/json")

    async def awaited(request):
        return await AliasedResponse.afrom([1], safe=False)

    def other(request):
        return JsonResponse({"a": 1})

    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [path(f"{view.__name__}/", view) for view in (aliased, kept, awaited, other)]
    assert [found.kind for found in find_endpoints(urlconf)] == ["pyforge"] * 3 + ["plain"]


def test_the_page_is_one_file_with_charts(project, tmp_path):
    file = tmp_path / "report.html"
    report("--measure", "--all", "--html", str(file))
    assert "LookupError: broken" in file.read_text()
    page = html5lib.parse(file.read_text(), namespaceHTMLElements=False)
    assert not list(page.iter("script"))
    assert not [element for element in page.iter() if {"src", "href"} & set(element.attrib)]
    assert len(list(page.iter("{http://www.w3.org/2000/svg}svg"))) >= 2
    assert "/plain/" in file.read_text()
    text = " ".join("".join(page.itertext()).split())
    assert re.search(r"today [\d.]+ (µs|ms) PyForge [\d.]+ (µs|ms)", text), "each bar has its name beside its time"
    assert text.index("/native/") > text.index("/plain/"), "native already comes last"


def test_what_gains_most_comes_first_and_what_is_native_last():
    def found(name, **measured):
        item = Measurement(**{"status": 200, "is_json": True, "equal": True, **measured})
        return EndpointReport(Endpoint(name, "", "plain"), item, "", item.native)

    endpoints = [
        found("native", native=True, write_ms=9.0),
        found("slower", write_ms=2.0, pyforge_ms=3.0),
        EndpointReport(Endpoint("not measured", "", "plain"), None, "", False),
        found("small", write_ms=2.0, pyforge_ms=1.0),
        found("large", write_ms=90.0, pyforge_ms=10.0),
        found("queries", queries=61, query_ms=14.0, write_ms=2.0, pyforge_ms=3.0),
    ]
    order = [item.endpoint.route for item in sort_endpoints(endpoints)]
    assert order == ["large", "queries", "small", "slower", "not measured", "native"]


def test_the_reason_of_a_field_is_given_once(project):
    class Named(urls.AuthorSerializer):
        label = serializers.SerializerMethodField()

        class Meta(urls.AuthorSerializer.Meta):
            fields = ("name", "label")

        def get_label(self, author):
            return author.name

    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [
        path("named/", generics.ListAPIView.as_view(queryset=Author.objects.all(), serializer_class=Named))
    ]
    assert find_endpoints(urlconf)[0].reasons == {"get_label() may read anything: declare it with @reads(...)": 1}


def test_verdict_on_queries_of_a_serializer_names_both_ways():
    found = Measurement(
        status=200, is_json=True, equal=True, queries=202, query_ms=15.0, total_ms=411.0, write_ms=360.0, pyforge_ms=4.0
    )
    verdict = judge_measured(Endpoint("/a/", "", "drf"), found)
    assert verdict == "202 queries first (15 ms of 411), or 90x: two lines (setting and renderer)"


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (
            {"total_ms": 100.0, "write_ms": 3.0, "pyforge_ms": 0.3, "query_ms": 60.0},
            "leave alone: the JSON is 3.0% of the request",
        ),
        (
            {"total_ms": 100.0, "write_ms": 3.0, "pyforge_ms": 0.3},
            "leave alone: the JSON is 3.0% of the request; most of it is Python code of the view",
        ),
        ({"total_ms": 10.0, "write_ms": 9.0, "pyforge_ms": 0.8}, "11x on 90% of the request, one line (import)"),
        ({"total_ms": 10.0, "write_ms": 8.0, "pyforge_ms": 5.0}, "1.6x on 80% of the request, one line (import)"),
        ({"total_ms": 10.0, "write_ms": 9.0, "pyforge_ms": 8.0}, "leave alone: 1.1x on 90% of the request"),
        ({"queries": 312, "query_ms": 80.0, "total_ms": 100.0}, "312 queries first (80 ms of 100)"),
        (
            {"total_ms": 100.0, "write_ms": 3.0, "pyforge_ms": 0.3, "queries": 1, "size": 9000},
            (
                "the JSON is 3.0% of the request, most of it is Python code of the view: "
                "if it makes rows of a QuerySet, pass the QuerySet, or rows()"
            ),
        ),
        ({"equal": False, "difference": "$.a"}, "not the same at $.a"),
        ({"status": 405}, "leave alone: it does not take GET"),
        ({"error": "LookupError: x"}, "not measured: LookupError: x"),
    ],
)
def test_a_verdict_is_a_sentence(measured, verdict):
    found = Measurement(**{"status": 200, "is_json": True, "equal": True, **measured})
    assert judge_measured(Endpoint("/a/", "", "plain"), found) == verdict


def test_a_project_without_the_app_can_be_looked_at(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from django.http import JsonResponse\nfrom django.urls import path\n"
        "SECRET_KEY = 'x'\nDEBUG = True\nROOT_URLCONF = 'shop'\nINSTALLED_APPS = []\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n"
        "def rows(request):\n    return JsonResponse({'rows': list(range(500))})\n"
        "urlpatterns = [path('rows/', rows)]\n"
    )
    command = [sys.executable, "-m", "pyforge_web.report", "--measure"]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "shop", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "/rows/  [JSON]" in done.stdout
    assert "data to bytes" in done.stdout


def test_one_object_is_not_promised_the_gain_of_a_list():
    """By the code alone: lists gain, one object does not, and a method of the view's own may answer with either."""
    from rest_framework import decorators, generics, routers, viewsets

    class Authors(viewsets.ModelViewSet):
        queryset = Author.objects.all()
        serializer_class = urls.AuthorSerializer

        @decorators.action(detail=True)
        def others(self, request, pk): ...

        @decorators.action(detail=True, methods=["post"])
        def archive(self, request, pk): ...

    router = routers.SimpleRouter()
    router.register("authors", Authors)
    urlconf = ModuleType("urlconf")
    own = {"queryset": Author.objects.all(), "serializer_class": urls.AuthorSerializer}
    kinds = ("ListAPIView", "ListCreateAPIView", "RetrieveAPIView", "RetrieveUpdateAPIView", "CreateAPIView")
    views = [path(f"{name}/", getattr(generics, name).as_view(**own)) for name in kinds]
    views.append(path("own/", type("Own", (generics.GenericAPIView,), {"get": lambda self, request: None}).as_view()))
    urlconf.urlpatterns = [*router.urls, *views]
    answers = {endpoint.route: endpoint.answers for endpoint in find_endpoints(urlconf)}
    assert answers == {
        "/authors/": "list",
        "/authors/(?P<pk>[^/.]+)/": "object",
        "/authors/(?P<pk>[^/.]+)/others/": "",
        "/authors/(?P<pk>[^/.]+)/archive/": "object",
        "/ListAPIView/": "list",
        "/ListCreateAPIView/": "list",
        "/RetrieveAPIView/": "object",
        "/RetrieveUpdateAPIView/": "object",
        "/CreateAPIView/": "object",
        "/own/": "",
    }
    verdicts = {
        answer: judge_static(Endpoint("", "", "drf", mode="rows", answers=answer)) for answer in answers.values()
    }
    assert verdicts["list"].startswith("rows: 2 to 4x")
    assert verdicts["object"] == "leave alone: one object, not a list"
    assert verdicts[""] == "measure it"
