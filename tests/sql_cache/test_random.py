"""QuerySets that are drawn: some differ in values alone, others in structure alone.

Nobody listens to the connection, so the rows come by the shortest way, and Django's own cursor runs the oracle. What
SQLite itself was asked is compared.
"""

import contextlib

import pytest
from django.db import connections
from django.db.models import Count, F, Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyforge_web
from pyforge_web.querysets.relations import rows
from tests.relations.models import Article, Author

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]

NUMBERS = st.one_of(st.integers(-3, 8), st.sampled_from([10**30, 1.5, "2", True, None]))
TEXTS = st.sampled_from(["a", "A", "", "%", "_", "t", "title 1", None])
CONDITIONS = {
    "id__gte": NUMBERS,
    "id__lt": NUMBERS,
    "id": NUMBERS,
    "author": NUMBERS,
    "editor__isnull": st.booleans(),
    "id__in": st.lists(st.integers(-1, 7), max_size=4),
    "title__contains": TEXTS,
    "title__istartswith": TEXTS,
    "author__name__gte": TEXTS,
    "tags": st.integers(0, 4),
}
FIELDS = [
    ["id", "title"],
    ["id", "title", "price", "published", "author_id"],
    ["title", "id"],
    ["id", {"author": ["name", {"country": ["code"]}]}],
    ["id", {"tags": ["name"]}],
    ["id", {"comments": ["text"]}, {"author": ["name"]}],
    ["id", {"tags": ["id", "name"]}, {"comments": ["text"]}],
    ["id", "tags"],
]
ORDERS = [("id",), ("-id",), ("title", "id"), ("-author__name", "id"), (F("published").desc(nulls_last=True), "id")]


@st.composite
def structures(draw):
    """What decides the SQL: which lookups, how they are combined, order, slice, columns."""
    names = draw(st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=3))
    return (
        names,
        draw(st.sampled_from(["and", "or", "not"])),
        draw(st.sampled_from(ORDERS)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(FIELDS)),
    )


def make(structure, values, marks):
    names, way, order, is_distinct, is_counted, fields = structure
    conditions = [Q(**{name: value}) for name, value in zip(names, values, strict=True)]
    queryset = Article.objects.all()
    if way == "or" and conditions:
        either = conditions[0]
        for condition in conditions[1:]:
            either |= condition
        queryset = queryset.filter(either)
    for condition in conditions if way != "or" else ():
        queryset = queryset.exclude(condition) if way == "not" else queryset.filter(condition)
    if is_counted:
        queryset = queryset.annotate(n=Count("tags"))
        fields = [*fields, "n"]
    if is_distinct:
        queryset = queryset.distinct()
    return queryset.order_by(*order)[marks[0] : marks[1]], fields


def written(build):
    """What a call writes or raises, and what SQLite was asked, with the values in their places."""
    raw, asked = connections["default"].connection, []
    raw.set_trace_callback(asked.append)
    try:
        queryset, fields = build()
        result = pyforge_web.dumps(queryset, fields=fields)
    except Exception as error:
        result = type(error), str(error)
    finally:
        raw.set_trace_callback(None)
    return result, asked


def written_by_django(build, cache):
    def hand_on(execute, *given):
        return execute(*given)

    cache.why_off = "the oracle is asked"
    try:
        with connections["default"].execute_wrapper(hand_on):
            return written(build)
    finally:
        cache.why_off = None


@pytest.fixture
def quiet():
    """The connections of the tests without what listens to them."""
    connections["default"].ensure_connection()
    pyforge_web.dumps(Article.objects.all()[:1], fields=["id"])  # asks a new connection how it parses dates
    with contextlib.ExitStack() as stack:
        for alias in connections:
            wrappers = connections[alias].execute_wrappers
            stack.callback(wrappers.extend, list(wrappers))
            wrappers.clear()
        yield


random = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@random
@given(data=st.data())
def test_random_values_alone(data, cache, quiet):
    """One structure, other values and slices each time: what was remembered of one is never given to another."""
    structure = data.draw(structures())
    drawn = st.tuples(*[CONDITIONS[name] for name in structure[0]])
    marks = st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 6)))
    for values, (low, count) in data.draw(st.lists(st.tuples(drawn, marks), min_size=2, max_size=4)):
        limits = low, None if count is None else low + count

        def build(values=values, limits=limits):
            return make(structure, values, limits)

        expected = written_by_django(build, cache)
        assert [written(build) for _ in range(3)] == [expected] * 3
    assert cache.why_off is None


@random
@given(data=st.data())
def test_random_structures_alone(data, cache, quiet):
    """The same values in queries of other structures, in turn."""
    value = data.draw(st.integers(0, 4))
    builds = []
    for structure in data.draw(st.lists(structures(), min_size=2, max_size=5)):
        values = [
            [value]
            if name == "id__in"
            else str(value)
            if "t" in name.split("__")[-1][:1]
            else bool(value)
            if name.endswith("isnull")
            else value
            for name in structure[0]
        ]
        builds.append(lambda structure=structure, values=values: make(structure, values, (0, 3)))
    expected = [written_by_django(build, cache) for build in builds]
    for _ in range(3):
        assert [written(build) for build in builds] == expected
    assert cache.why_off is None


@pytest.mark.parametrize("fields", [fields for fields in FIELDS if "comments" not in str(fields)], ids=str)
def test_page_is_taken(fields, cache, quiet, monkeypatch):
    """The shortest way would be right if it were never taken; comments have a manager of their own, which is asked."""
    queryset = Article.objects.filter(id__gte=1).order_by("id")
    for _ in range(4):
        pyforge_web.dumps(queryset[:25], fields=fields)
    monkeypatch.setattr(rows, "open_query", None)
    assert pyforge_web.dumps(queryset[:25], fields=fields)


@pytest.mark.parametrize("fields", [["id", "author__name"], ["id", {"author": ["name"]}]], ids=str)
def test_page_of_a_related_manager(fields, cache, quiet):
    """The same SQL with and without a parent in memory: the rows of a related manager have that parent."""
    author = Author.objects.filter(articles__isnull=False).order_by("id").first()
    for _ in range(4):
        pyforge_web.dumps(Article.objects.filter(author=author)[:25], fields=fields)
    author.name = "in memory"
    written = pyforge_web.dumps(author.articles.all()[:25], fields=fields)
    assert written.count(b'"in memory"') == author.articles.count() > 0
