"""The rows of a QuerySet in a stream are those of Django's `iterator()`, to the byte, from as many statements."""

import json

import pytest
from django.core.exceptions import FieldError
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Count, F
from django.db.models.query import ModelIterable

import pyforge_web
from pyforge_web.metering import collect
from pyforge_web.querysets.django_path import has_own_rows
from tests.app.models import Member
from tests.oracle import assert_same, django_text, strict
from tests.querysets.judge import like_values, run
from tests.querysets.models import Customs, Event, Place, Scalars, Stored, Town
from tests.querysets.shapes import NO_ROWS, SHAPES
from tests.querysets.test_querysets import SUBCLASSES
from tests.streams.reading import last_line, lines, read, read_async
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def database(any_database):
    """The alias of each database in turn, MariaDB among them."""
    return any_database


def iterated(queryset):
    """The rows that Django gives a stream of its own."""
    if issubclass(queryset._iterable_class, ModelIterable) or has_own_rows(type(queryset)):
        return like_values(queryset)
    return list(queryset.iterator(chunk_size=3))


def assert_like_iterator(make, database, caplog):
    """`make()` is a new QuerySet at each call. Django's exception is the one that is logged."""
    expected = run(database, lambda: iterated(make()))
    for form in ("ndjson", "array"):
        caplog.clear()
        ours = run(database, lambda form=form: read(make(), form, chunk_size=3, django_bytes=True))
        assert ours.error is None
        assert ours.counts == expected.counts, (ours.statements, expected.statements)
        if expected.error is not None:
            (record,) = caplog.records
            assert type(record.exc_info[1]) is type(expected.error)
        elif form == "array":
            assert_same(ours.value, django_text(expected.value).encode())
        else:
            assert_same(ours.value, "".join(f"{django_text(row)}\n" for row in expected.value).encode())
    return expected


def on(database, shape):
    return lambda: shape(lambda model: model._default_manager.using(database))


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_like_iterator(shape, database, caplog):
    assert_like_iterator(on(database, shape), database, caplog)


@pytest.mark.parametrize("shape", cases(NO_ROWS))
def test_without_rows(shape, database, caplog):
    ended = assert_like_iterator(on(database, shape), database, caplog)
    assert ended.counts[database] <= 1
    assert (read(on(database, shape)()), read(on(database, shape)(), "array")) == (b"", b"[]")


@pytest.mark.parametrize("make", cases(SUBCLASSES))
def test_a_class_that_fetches_in_its_own_way_is_asked_for_its_rows(make, database):
    """As in a response that is not a stream."""
    assert_same(read(make(database), "array", chunk_size=3), pyforge_web.dumps(make(database)))


@pytest.mark.parametrize("size", [1, 2, 11, 12, 13, 1000])
def test_chunks_of_any_size_make_the_same_body(size, database):
    """Twelve rows: the last chunk is full, or is not."""
    rows = Event.objects.using(database).order_by("pk")
    assert_same(read(rows, "array", chunk_size=size), pyforge_web.dumps(rows))
    assert_same(read(rows, chunk_size=size), read(rows))
    assert_same(read_async(rows, chunk_size=size), read(rows))


@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_has_rows(size, database):
    rows = Event.objects.using(database)
    with pytest.raises(ValueError, match="strictly positive"):
        rows.iterator(chunk_size=size)
    with pytest.raises(ValueError, match="strictly positive"):
        pyforge_web.PyForgeStreamingResponse(rows, chunk_size=size)


class TestFields:
    def test_they_choose(self, database):
        rows = Scalars.objects.using(database).order_by("pk")
        names = ["moment", "pk", "decimal"]
        assert_same(read(rows, "array", fields=names), pyforge_web.dumps(rows, fields=names))
        assert_same(
            read(rows, "array", fields=names, django_bytes=True), django_text(list(rows.values(*names))).encode()
        )

    def test_the_statement_selects_no_others(self, database):
        ended = run(database, lambda: read(Scalars.objects.using(database), fields=["char"]))
        (sql,) = ended.statements[database]
        assert "char" in sql
        assert "moment" not in sql

    def test_a_wrong_name_is_an_error_of_the_view(self, database):
        with pytest.raises(FieldError, match="Choices are"):
            pyforge_web.PyForgeStreamingResponse(Scalars.objects.using(database), fields=["nonsense"])

    def test_secrets(self, db):
        with pytest.raises(TypeError, match="secret columns"):
            pyforge_web.PyForgeStreamingResponse(Member.objects.all())
        Member.objects.create(email="a@example.com", password="x")
        assert lines(read(Member.objects.all(), fields=["email"])) == [{"email": "a@example.com"}]
        assert lines(read(Member.objects.values("password"))) == [{"password": "x"}]
        assert last_line(read([Member.objects.get()]))["row"] == 0


EVALUATED = {
    "model": (lambda q: q(Scalars).order_by("pk"), None),
    "model, some fields": (lambda q: q(Scalars).order_by("pk"), ["moment", "pk"]),
    "annotated": (lambda q: q(Town).order_by("pk").annotate(n=Count("streets"), x=F("name")), None),
    "annotated, some fields": (lambda q: q(Town).order_by("pk").annotate(n=Count("streets")), ["n", "name"]),
    "inheritance": (lambda q: q(Place), None),
    "values()": (lambda q: q(Event).order_by("pk").values("at", "data"), None),
    "values(), some fields": (lambda q: q(Event).order_by("pk").values("at", "data"), ["data"]),
    "values_list()": (lambda q: q(Event).order_by("pk").values_list("at", "data"), None),
    "flat": (lambda q: q(Event).order_by("pk").values_list("key", flat=True), None),
}


@pytest.mark.parametrize(("shape", "fields"), [pytest.param(*row, id=name) for name, row in EVALUATED.items()])
def test_evaluated_rows_are_written_without_a_query(shape, fields, database):
    """What is in memory is written as it is now, without a query."""
    queryset = on(database, shape)()
    expected = pyforge_web.dumps(on(database, shape)(), fields=fields)
    assert len(queryset) > 1
    ended = run(database, lambda: read(queryset, "array", fields=fields))
    assert not any(ended.counts.values())
    assert_same(strict(ended.value), strict(expected))


def test_a_page(database):
    page = Paginator(Event.objects.using(database).order_by("pk"), 5).page(2)
    assert_same(strict(read(page, "array")), strict(pyforge_web.dumps(page)))


def test_a_raw_queryset(database):
    raw = Place.objects.raw("SELECT * FROM querysets_place ORDER BY id", using=database)
    assert_same(read(raw, "array"), pyforge_web.dumps(list(raw)))


def test_querysets_inside_of_values(database):
    def rows():
        for town in Town.objects.using(database).order_by("pk"):
            yield {"name": town.name, "streets": town.streets.order_by("pk").values_list("slug", flat=True)}

    expected = [{**row, "streets": list(row["streets"])} for row in rows()]
    assert_same(read(rows(), "array", django_bytes=True), django_text(expected).encode())


TEXTS = ['{"a": 1,\n "b": [\r\n1]}', "[\n]", '"a\\nb"', "\n5 ", '{"a":\t"\\u2028"}']


def test_line_breaks_of_stored_json_do_not_break_a_line(database):
    """A column of text keeps what other programs gave it; jsonb does not. A reader of lines must not see them."""
    with connections[database].cursor() as cursor:
        # MariaDB commits what came before another sort of table.
        cursor.execute("CREATE TEMPORARY TABLE querysets_stored (id integer, json text)")
        cursor.executemany("INSERT INTO querysets_stored VALUES (%s, %s)", list(enumerate(TEXTS)))
    rows = Stored.objects.using(database).order_by("pk").values_list("json", flat=True)
    assert lines(read(rows)) == [json.loads(text) for text in TEXTS] == list(rows)
    assert json.loads(read(rows, "array")) == list(rows)
    with connections[database].cursor() as cursor:
        cursor.execute(f"DROP {'TEMPORARY ' if database == 'mysql' else ''}TABLE querysets_stored")


class TestCollectors:
    """Many native calls write a stream: each is told what it reads."""

    def test_of_a_native_query(self, database):
        rows = Event.objects.using(database).order_by("pk")
        with collect(details=True) as found:
            read(rows, chunk_size=5)
        (group,) = [group for group in found.groups if group.rows]
        assert (group.source, group.label, group.path, group.rows) == ("stream", "querysets.Event", "values", 12)
        assert group.fields == tuple(field.attname for field in Event._meta.concrete_fields)
        assert (found.rows, found.django_rows, found.django_columns) == (12, 0, 0)
        assert found.database_ns > 0

    def test_of_columns_that_are_djangos(self, database):
        with collect(details=True) as found:
            read(Customs.objects.using(database).order_by("pk").values("pk", "backwards"), chunk_size=2)
        (group,) = [group for group in found.groups if group.rows]
        assert group.columns["backwards"].django == 4
        assert "from_db_value" in group.columns["backwards"].why
        assert found.django_columns == 1

    def test_of_djangos_path(self, database):
        with collect(details=True) as found:
            read(SUBCLASSES["__iter__"](database), chunk_size=5)
        (group,) = [group for group in found.groups if group.label == "querysets.Event"]
        assert (group.source, group.path) == ("stream", "django")
        assert "Backwards fetches its rows in its own way" in group.why
        assert (found.rows, found.django_rows) == (0, 12)
