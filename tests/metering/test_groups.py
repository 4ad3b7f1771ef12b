"""What a collector says in detail: groups of calls by what was written, how, and from where."""

import inspect
import json
import re
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.template import engines
from django.utils.functional import lazy

import pyforge_web
from pyforge_web import CompiledSerializer, PyForgeJsonResponse, dumps, metering, serialize_instance
from pyforge_web._native import CallTotals
from pyforge_web.html import pyforge_json
from pyforge_web.metering import call_groups, collect
from pyforge_web.metering import compilations as compilation
from pyforge_web.validators import CompiledValidator
from tests.app.models import Article, Author
from tests.callbacks import CALLBACKS
from tests.querysets.models import Customs
from tests.tables import cases

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]


@pytest.fixture
def articles():
    author = Author.objects.create(name="Ann")
    return Article.objects.bulk_create([Article(title=f"{n}", author=author) for n in range(7)])


def group(call):
    """The one group of a call."""
    with collect(details=True) as found:
        call()
    (only,) = found.groups
    return only


def here():
    """The line after the caller's."""
    return inspect.currentframe().f_back.f_lineno + 1


ALL = ("id", "title", "live", "published", "price", "author_id", "editor_id")
TWO = ("id", "title")

# What is written: function, source, label, given type, fields, path, rows.
CALLS = {
    "a QuerySet": (
        lambda _: dumps(Article.objects.all()),
        ("dumps", "direct", "tests_app.Article", "QuerySet", ALL, "values", 7),
    ),
    "values() of a QuerySet": (
        lambda _: dumps(Article.objects.values(*TWO)),
        ("dumps", "direct", "tests_app.Article", "QuerySet", TWO, "values", 7),
    ),
    "chosen fields": (
        lambda _: PyForgeJsonResponse(Article.objects.all(), fields=list(TWO)),
        ("dumps_response", "response", "tests_app.Article", "QuerySet", TWO, "values", 7),
    ),
    "a QuerySet in a dict": (
        lambda _: PyForgeJsonResponse({"results": Article.objects.values(*TWO)}),
        ("dumps_response", "response", "tests_app.Article", "dict", TWO, "values", 7),
    ),
    "two QuerySets": (
        lambda _: dumps([Article.objects.values("id"), Author.objects.values("name")]),
        ("dumps", "direct", "tests_app.Article, tests_app.Author", "list", ("id",), "values", 8),
    ),
    "an instance": (
        lambda articles: dumps(articles[0]),
        ("dumps", "direct", "tests_app.Article", "Article", ALL, "instance", 1),
    ),
    "instances": (
        lambda articles: dumps(articles, fields=TWO),
        ("dumps", "direct", "tests_app.Article", "list", TWO, "instance", 7),
    ),
    "a page": (
        lambda articles: dumps(Paginator(articles, 3).page(2)),
        ("dumps", "direct", "tests_app.Article", "Page", ALL, "instance", 3),
    ),
    "an instance and a QuerySet": (
        lambda articles: dumps([articles[0], Author.objects.values("name")]),
        ("dumps", "direct", "tests_app.Author, tests_app.Article", "list", ("name",), "values + instance", 2),
    ),
    "an empty QuerySet": (
        lambda _: dumps(Article.objects.none()),
        ("dumps", "direct", "tests_app.Article", "QuerySet", (), "values", 0),
    ),
    "tuples": (
        lambda _: CompiledSerializer.for_model(Article, TWO).dump_tuples([(1, "a"), (2, "b")]),
        ("dumps", "direct", "tests_app.Article", "ValueTuples", (), "tuples", 2),
    ),
    "a dict of an instance": (
        lambda articles: CompiledSerializer.for_model(Article).to_dict(articles[0]),
        ("to_dict", "direct", "tests_app.Article", "Article", ALL, "instance", 1),
    ),
    "an instance by its descriptors": (
        lambda articles: serialize_instance(articles[0], pyforge_web.extract_model_fields(Article)),
        ("to_dict", "direct", "tests_app.Article", "Article", ALL, "instance", 1),
    ),
    "any value": (
        lambda _: PyForgeJsonResponse({"a": 1}),
        ("dumps_response", "response", "dict", "dict", (), "generic", 0),
    ),
    "a body": (
        lambda _: pyforge_web.loads(b"[1]"),
        ("loads", "direct", "bytes", "bytes", (), "generic", 0),
    ),
    "a value for a page": (
        lambda _: pyforge_json([1]),
        ("dumps_html", "tag", "list", "list", (), "generic", 0),
    ),
}


@pytest.mark.parametrize("case", cases(CALLS))
def test_group_describes_its_call(articles, case):
    call, expected = case
    said = group(lambda: call(articles))
    assert (said.function, said.source, said.label, said.value_type, said.fields, said.path, said.rows) == expected


@pytest.mark.parametrize("case", cases(CALLS))
def test_the_sums_are_those_without_details(articles, case):
    call, _ = case
    call(articles)  # what is compiled once is compiled
    with collect() as plain, collect(details=True) as detailed:
        call(articles)
    names = ("calls", "crossings_in", "crossings_out", "rows", "bytes", "native_ns", "python_ns", "functions")
    for name in (*names, "native_columns", "django_columns", "fallbacks", "django_rows"):
        assert getattr(plain, name) == getattr(detailed, name), name
    (only,) = detailed.groups
    for name in ("calls", "crossings_out", "rows", "bytes", "native_ns", "python_ns", "django_rows"):
        assert getattr(only, name) == getattr(detailed, name), name
    assert plain.groups == []


class Slow(QuerySet):
    """Fetches in its own way."""

    def _fetch_all(self):
        super()._fetch_all()


def test_a_queryset_on_django_s_path_says_why(articles):
    said = group(lambda: dumps(Slow(Article).values("id")))
    assert (said.path, said.django_rows, said.rows, said.label) == ("django", 7, 0, "tests_app.Article")
    assert said.why == "Slow fetches its rows in its own way"


def test_columns_are_counted_by_path():
    Customs.objects.bulk_create([Customs(unchanged="a", backwards="abc", loud="x") for _ in range(3)])
    rows = Customs.objects.count()  # others keep some there for their whole session
    said = group(lambda: dumps(Customs.objects.values("unchanged", "backwards")))
    assert (said.columns["unchanged"].native, said.columns["unchanged"].django) == (rows, 0)
    assert said.columns["unchanged"].why == ""
    backwards = said.columns["backwards"]
    assert (backwards.native, backwards.django, backwards.fallbacks) == (0, rows, 0)
    assert backwards.callback_ns > 0
    assert "Backwards.from_db_value" in backwards.why


def test_values_in_another_format_are_counted():
    Author.objects.bulk_create([Author(name=f"{n}", born="1990-01-02") for n in range(4)])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tests_app_author SET born = '1990-01-02 00:00:00' WHERE name = '2'")
    with collect(details=True) as found:
        dumps(Author.objects.values("born"))
    born = found.groups[0].columns["born"]
    assert (born.native, born.django, born.fallbacks) == (3, 0, 1)
    assert (found.native_columns, found.django_columns, found.fallbacks) == (1, 0, 1)


def test_the_database_s_time_is_part_of_python_s(articles):
    with collect() as found:
        dumps(Article.objects.all())
    assert 0 < found.database_ns <= found.python_ns
    said = group(lambda: dumps(Article.objects.all()))
    assert 0 < said.database_ns <= said.python_ns


class Curious(list):
    """A list that asks the database when it is written."""

    def __iter__(self):
        yield from Author.objects.values_list("name", flat=True)


def test_queries_beside_those_of_the_querysets(articles):
    with collect(details=True) as found:
        dumps({"a": Article.objects.all()})
        dumps({"a": Slow(Article).values("id")})
        dumps({"b": Curious("x"), "c": Curious("x")})
        list(Author.objects.all())  # outside
    own, django, curious = found.groups
    assert (own.query_count, own.queries, django.query_count) == (0, {}, 0)
    assert curious.query_count == 2
    assert list(curious.queries.values()) == [2]
    assert "app_author" in next(iter(curious.queries))
    assert 0 < curious.query_ns <= curious.python_ns


def test_the_call_site_and_the_stack():
    with collect(details=True) as found:
        line = here()
        dumps([1])
    (said,) = found.groups
    assert said.site == (__file__, line, "test_the_call_site_and_the_stack")
    assert said.stack[0] == said.site
    assert not any("pyforge_web" in Path(frame.file).parts for frame in said.stack)


def test_lines_are_groups_of_their_own():
    with collect(details=True) as found:
        for _ in range(3):
            dumps([1])
            dumps([2])
    assert [said.calls for said in found.groups] == [3, 3]


def test_a_response_is_called_from_the_view(client, settings):
    settings.ROOT_URLCONF = "tests.urls"
    with collect(details=True) as found:
        client.get("/values/")
    (said,) = found.groups
    assert (Path(said.site.file).name, said.site.name) == ("urls.py", "values")
    assert [frame.name for frame in said.stack] == ["values"]


TEMPLATES = {
    "Django": ("django", "{% load pyforge %}\n\n{% pyforge_json x %}", "{% pyforge_json %}"),
    "Jinja2": ("jinja2", "\n\n{% pyforge_json x %}", "pyforge_json"),
}


@pytest.mark.parametrize("case", cases(TEMPLATES))
def test_a_tag_names_its_template_and_line(settings, case):
    name, source, tag = case
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "NAME": "django"},
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "NAME": "jinja2",
            "OPTIONS": {"extensions": ["pyforge_web.jinja.PyForgeExtension"]},
        },
    ]
    template = engines[name].from_string(source)
    with collect(details=True) as found:
        line = here()
        template.render({"x": [1, 2]})
        dumps([1])
    said, after = found.groups
    assert (said.source, said.template.line, said.template.name) == ("tag", 3, tag)
    assert said.site.line == line
    assert after.template is None


def test_each_native_function_has_its_source():
    """A door that is new must say what it is."""
    source = "".join(path.read_text() for path in (ROOT / "native" / "src").rglob("*.rs"))
    calls = r"meter\.finish\(py, |metered\(\w+, |write\(py, obj, fields, fetch, options, dates, "
    counted = set(re.findall(rf'(?:{calls})"(\w+)"', source))
    assert {"dumps", "dumps_response", "clean"} < counted
    direct = {"dumps", "to_dict", "loads"}
    assert counted - direct <= metering.CALL_SOURCES.keys()


def run(code, name, **names):
    """Runs code of its own, which is freed afterwards."""
    exec(compile(code, name, "exec"), {"__name__": "own", "dumps": dumps, **names})


def test_code_and_types_that_are_gone_are_not_taken_for_others():
    """Native code knows a group again by addresses, which Python gives to the next object."""
    with collect(details=True) as found:
        for number in range(30):
            run("dumps([1])", f"file{number}")
        for number in range(30):
            run("dumps(value)", "same", value=type(f"Kind{number}", (list,), {})([1]))
    assert [said.site.file for said in found.groups[:30]] == [f"file{number}" for number in range(30)]
    assert [said.value_type for said in found.groups[30:]] == [f"Kind{number}" for number in range(30)]


def test_the_names_of_fields_tell_groups_apart():
    names, article = ["id"], Article(id=1, title="a")
    with collect(details=True) as found:
        for added in (None, "title", None):
            names += [added] if added else []
            dumps(article, fields=names)
    assert [(said.fields, said.calls) for said in found.groups] == [(("id",), 1), (TWO, 2)]
    with collect(details=True) as found:
        for fields in (TWO, ("id",), TWO):
            dumps(article, fields=fields)
    assert [(said.fields, said.calls) for said in found.groups] == [(TWO, 2), (("id",), 1)]


def test_each_tag_is_a_group_also_from_one_line(settings):
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "NAME": "django"}]
    template = engines["django"].from_string("{% load pyforge %}{% pyforge_json x %}\n{% pyforge_json x %}")
    with collect(details=True) as found:
        for _ in range(3):
            template.render({"x": [1, 2]})
    assert [(said.template.line, said.calls) for said in found.groups] == [(1, 3), (2, 3)]


def test_calls_of_a_framework_belong_to_the_line_before_it():
    with collect(details=True) as found:
        for _ in range(3):
            run("dumps([1])", "a", __name__="django.views")
            run("dumps([1])", "b", __name__="pyforge_web.own")
    assert [(said.site.file, said.calls) for said in found.groups] == [(__file__, 6)]


def test_durations_and_lanes_are_limited():
    with collect(details=True) as found:
        for _ in range(400):
            dumps([1])
    (said,) = found.groups
    assert said.calls == 400
    assert len(said.durations) == 50
    assert 0 < said.min_ns <= min(said.durations) <= max(said.durations) <= said.max_ns
    assert said.native_ns + said.python_ns >= 400 * said.min_ns
    lane = found.lanes["direct"]
    assert len(lane) == 300
    assert lane == sorted(lane)
    assert lane[0][0] == said.start_ns >= 0


def test_groups_are_bounded_and_the_sums_are_exact():
    kinds = [type(f"Kind{n}", (list,), {}) for n in range(300)]
    with collect(details=True) as found:
        size = sum(len(dumps(kind([n]))) for n, kind in enumerate(kinds))
    assert len(found.groups) == 200
    assert found.recorder.ungrouped == 100
    assert (found.calls, found.bytes) == (300, size)
    assert sum(bool(said.stack) for said in found.groups) == 25


def test_statements_and_errors_are_bounded(articles, monkeypatch):
    """Their texts may have values of clients in them; the numbers go on."""
    monkeypatch.setattr(call_groups, "_MAX_STATEMENTS", 1)
    monkeypatch.setattr(call_groups, "_MAX_ERRORS", 1)

    class Lazy:
        def __init__(self, number):
            self.number = number

    def write(value):
        list(Author.objects.values_list("pk")[: value.number])
        raise ValueError(value.number)

    with collect(details=True) as found:
        for value in (1, 2, 3):
            with pytest.raises(ValueError, match=str(value)):
                dumps({"a": Lazy(value)}, default=write)
    (only,) = found.groups
    assert (len(only.errors), len(only.queries), only.query_count) == (1, 1, 3)


def test_compilations_of_a_collector_are_bounded(monkeypatch):
    monkeypatch.setattr(compilation, "_MAX_EVENTS", 2)
    with collect() as found:
        for _ in range(4):
            compilation.count_compiled("app.Model", "serializer", 1, 1, 0)
    assert len(found.compiled) == 2


def test_outputs_that_were_written_before():
    with collect(details=True) as found:
        for n in (1, 2, 1, 1, 3, 2):
            dumps([n])
    assert found.groups[0].duplicates == 3


def test_sums_are_kept_by_source_and_function():
    with collect() as found:
        dumps([1])
        dumps([1])
        PyForgeJsonResponse({})
    assert {name: sums.calls for name, sums in found.functions.items()} == {"dumps": 2, "dumps_response": 1}
    assert {name: sums.bytes for name, sums in found.sources.items()} == {"direct": 6, "response": 2}


@pytest.mark.parametrize("make", cases(CALLBACKS))
def test_a_call_inside_of_a_call(make):
    with collect(details=True) as found:
        dumps([make(lambda: dumps(Author.objects.values("name")))])
    inner, outer = found.groups
    assert (inner.label, inner.path) == ("tests_app.Author", "values")
    assert (outer.label, outer.path) == ("list", "generic")


def test_the_notes_of_a_call_go_on_after_a_call_inside(articles):
    """What the outer call reads after the inner one has ended is noted as its own."""
    text = lazy(lambda: dumps(Author.objects.values("name")).decode(), str)()
    with collect(details=True) as found:
        dumps({"lazy": text, "rows": Article.objects.values("title")})
    inner, outer = found.groups
    assert (inner.label, outer.label) == ("tests_app.Author", "tests_app.Article")
    assert (outer.path, list(outer.columns), outer.columns["title"].native) == ("values", ["title"], len(articles))


def test_the_notes_end_with_the_call(articles):
    with collect(details=True) as found:
        with pytest.raises(TypeError):
            dumps({"a": Article.objects.all(), "b": {1}})
        with pytest.raises(FieldError):
            dumps(Article.objects.all(), fields=["nothing"])
        with pytest.raises(TypeError):
            CompiledSerializer.for_model(Article).to_dict(Article(title={1}))
        assert metering.call_notes.get() is None
    assert [(said.calls, said.bytes) for said in found.groups] == [(1, 0)] * 3


def test_the_user_s_exception_comes_first():
    def broken(*call):
        raise LookupError("the collector's")

    collector = metering.Collector(details=True)
    collector.find_group = broken
    token = metering.active_collectors.set((collector,))
    try:
        with pytest.raises(TypeError, match="set"):
            dumps({1})
        with pytest.raises(LookupError, match="the collector's"):
            dumps([1])
    finally:
        metering.active_collectors.reset(token)
    assert metering.call_notes.get() is None
    assert collector.calls == 2


def test_threads_add_to_the_same_collector():
    text = lazy(lambda: "x" * 50, str)()
    with collect(details=True) as found, ThreadPoolExecutor(8) as pool:
        contexts = [copy_context() for _ in range(8)]
        futures = [pool.submit(context.run, lambda: [dumps([text]) for _ in range(500)]) for context in contexts]
    size = sum(len(text) for future in futures for text in future.result())
    assert (found.calls, found.crossings_out, found.bytes) == (4000, 4000, size)
    (said,) = found.groups
    assert (said.calls, said.crossings_out, said.bytes) == (4000, 4000, size)


def test_a_bare_thread_is_not_counted():
    with collect() as found:
        thread = threading.Thread(target=dumps, args=([1],))
        thread.start()
        thread.join()
    assert found.calls == 0


def test_validator_calls_are_grouped():
    validator = CompiledValidator.for_model(Author)
    right, wrong = Author(name="Ann", born="1990-01-02"), Author(name="x" * 100)
    with pytest.raises(ValidationError) as django:
        wrong.clean_fields()
    validator.clean(right)  # compiled, and compiled again if the fields have changed
    with collect(details=True) as found:
        validator.clean(right)
        with pytest.raises(ValidationError):
            validator.clean(wrong)
        validator.clean_rows([right, wrong, right])
    said = [(each.function, each.source, each.label, each.value_type, each.path, each.rows) for each in found.groups]
    assert said == [
        ("clean", "validate", "tests_app.Author", "Author", "rules", 1),
        ("clean", "validate", "tests_app.Author", "Author", "rules", 1),
        ("clean_rows", "validate", "tests_app.Author", "list", "rules", 3),
    ]
    codes = {(name, error.code) for name, errors in django.value.error_dict.items() for error in errors}
    by_code = {("tests_app.Author", *each) for each in codes}
    assert by_code <= found.failures.keys()
    unread = {key for key in found.failures if key[2] == "unread"}
    assert found.failures.keys() == by_code | unread
    assert sum(found.failures.values()) == 2 * len(codes)
    assert wrong.name not in str(found.failures)


def test_validators_that_are_compiled_at_start_up():
    code = """
import django
django.setup()
from pyforge_web import metering
from tests.app.models import Author
from pyforge_web.validators import CompiledValidator

event = metering.compilation_log.validators["tests_app.Author"]
rules = [field.rules for field in CompiledValidator.for_model(Author).explain()]
print(event.when, event.native == sum(map(len, rules)), event.ns > 0)
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert child.stdout == "startup True True\n", child.stderr


def test_failures_are_counted_by_field_and_code():
    with collect() as found:
        metering.count_failures("a.B", {("title", "max_length"): 2, ("price", "invalid"): 1})
        metering.count_failures("a.B", {("title", "max_length"): 3})
    assert found.failures == {("a.B", "title", "max_length"): 5, ("a.B", "price", "invalid"): 1}
    with collect() as found:
        metering.count_failures("a.B", {(f"{n}", "invalid"): 1 for n in range(1000)})
    assert len(found.failures) == 100


def test_compilations_are_logged_once():
    class Fresh(CompiledSerializer):
        pass

    before = metering.compilation_log.count
    Fresh(Author)
    lazily = metering.compilation_log.newest[-1]
    with collect() as found:
        Fresh(Author, ("name",))
    (event,) = found.compiled
    assert (lazily.label, lazily.kind, lazily.when) == ("tests_app.Author", "serializer", "lazily")
    assert (event.label, event.kind, event.when) == ("tests_app.Author", "serializer", "request")
    assert (event.native, event.django) == (1, 0)
    assert 0 < event.ns < event.after_ns
    assert metering.compilation_log.count == before + 2
    assert event is metering.compilation_log.newest[-1]


def test_columns_of_queries_and_instances_are_compiled_once():
    Customs.objects.create(unchanged="a", backwards="b")
    with collect() as found:
        for _ in range(2):
            dumps(Customs.objects.values("backwards", "unchanged", "id"))
            dumps(Customs(unchanged="x"), fields=["unchanged", "id", "backwards"])
            b"".join(pyforge_web.PyForgeStreamingResponse(Customs.objects.values("backwards", "unchanged", "id")))
    label = Customs._meta.label
    assert [(each.label, each.kind, each.native, each.django) for each in found.compiled] == [
        (label, "serializer", 2, 1),
        (label, "serializer", 3, 0),
    ]
    assert all(each.ns > 0 for each in found.compiled)


def test_texts_of_a_group_are_plain(articles):
    """All of it can be stored as JSON, but for the tuples."""
    said = group(lambda: dumps(Article.objects.all()))
    names = [*said.__slots__, *(name for name, kind in vars(CallTotals).items() if inspect.isgetsetdescriptor(kind))]
    plain = {name: getattr(said, name) for name in names if name != "columns"}
    assert plain["calls"] == 1
    assert json.loads(json.dumps(plain))


def test_a_validators_compilation_is_known_however_much_was_compiled_since():
    compiled = compilation.CompilationLog()
    first = compiled.add("a.B", "validator", 5, 1, 0, in_request=False)
    for number in range(2000):
        compiled.add(f"a.M{number}", "serializer", 1, 1, 0, in_request=False)
    assert compiled.validators == {"a.B": first}
    assert len(compiled.newest) < compiled.count == 2001


def test_collectors_leave_no_finalizers():
    """Each connection to a signal makes one. 20,000 collectors of version 0.1.0 left 20,000 of them."""
    with collect(details=True):
        pass
    before = len(weakref.finalize._registry)
    for _ in range(50):
        with collect(details=True):
            pass
    assert len(weakref.finalize._registry) == before
