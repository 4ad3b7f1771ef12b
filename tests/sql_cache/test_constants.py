"""Constants of an expression: what a field makes of them, and what reads the column, belong to what is remembered."""

import contextlib
import json
from unittest import mock

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Count, Value
from django.db.models.functions import Coalesce, Lower, Upper
from django.test import override_settings
from django.test.utils import isolate_apps

from pyforge_web import dumps
from pyforge_web.querysets import rows
from tests.querysets.models import Seat
from tests.relations.models import Article, Word
from tests.sql_cache.oracle import run, run_django_keeping

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


class Moment:
    """What projects keep in a context variable: the tenant, the user."""

    now = "a"


class OwnEncoder(DjangoJSONEncoder):
    def encode(self, o):
        return json.dumps(f"{o} of {Moment.now}")


class OwnDecoder(json.JSONDecoder):
    def decode(self, s):
        return f"decoded {s}"


def value(text, field):
    return lambda: (Article.objects.annotate(x=Value(text, output_field=field())).order_by("id"), ["id", "x"])


def own_reading():
    field = models.CharField()
    field.from_db_value = lambda value, expression, connection: f"read {value}"
    return field


def document(**options):
    return lambda: (
        Article.objects.annotate(x=Coalesce("data", "data", output_field=models.JSONField(**options))).order_by("id"),
        ["id", "x"],
    )


ALIKE = {
    "encoders": [value("q", models.JSONField), value("q", lambda: models.JSONField(encoder=OwnEncoder))],
    "decoders": [document(), document(decoder=OwnDecoder), document(decoder=json.JSONDecoder)],
    "addresses": [
        value("::ffff:10.0.0.1", lambda unpack=unpack: models.GenericIPAddressField(unpack_ipv4=unpack))
        for unpack in (True, False)
    ],
    "methods of a field": [value("5", models.CharField), value("5", own_reading)],
    "places": [
        value("1", lambda places=places: models.DecimalField(max_digits=5, decimal_places=places))
        for places in (0, 1, 2)
    ],
    "fields": [value("5", field) for field in (models.CharField, models.TextField, models.IntegerField)],
    "fields of a model": [value("q", lambda name=name: Word._meta.get_field(name)) for name in ("text",)]
    + [value("q", models.CharField)],
}


@pytest.mark.parametrize("name", ALIKE)
def test_expressions_of_other_fields(name, cache):
    expected = {make: run_django_keeping(make, cache) for make in ALIKE[name]}
    for makes in (ALIKE[name], ALIKE[name][::-1], ALIKE[name] * 2):
        for make in makes:
            assert run(make) == expected[make]


def prepare(self, value):
    return f"{value} of {Moment.now}"


PREPARED = {
    "encoder": (value("q", lambda: models.JSONField(encoder=OwnEncoder)), contextlib.nullcontext),
    "field of a model": (
        value("q", lambda: Word._meta.get_field("text")),
        lambda: mock.patch.object(type(Word._meta.get_field("text")), "get_prep_value", prepare),
    ),
    "patched class": (
        value("q", models.TextField),
        lambda: mock.patch.object(models.TextField, "get_prep_value", prepare),
    ),
    "patched instance": (
        value("q", lambda: Article._meta.get_field("body")),
        lambda: mock.patch.object(
            Article._meta.get_field("body"), "get_prep_value", prepare.__get__(Article._meta.get_field("body"))
        ),
    ),
}


@pytest.mark.parametrize("name", PREPARED)
def test_values_of_the_moment(name, cache, monkeypatch):
    """What a field makes of a constant may depend on the moment."""
    make, change = PREPARED[name]
    for _ in range(2):
        assert run(make) == run_django_keeping(make, cache)
    with change():
        for now in ("a", "b", "a"):
            monkeypatch.setattr(Moment, "now", now)
            expected = run_django_keeping(make, cache)
            assert [run(make) for _ in range(2)] == [expected] * 2
            assert f"of {now}" in str(expected)
    assert run(make) == run_django_keeping(make, cache)


@contextlib.contextmanager
def transforms(*kinds):
    for kind in kinds:
        models.CharField.register_lookup(kind)
    try:
        yield
    finally:
        for kind in kinds:
            models.CharField._unregister_lookup(kind)


def test_patched_function_on_the_left(cache):
    """A function that stands in a condition alone is compared like one that is selected."""

    def make():
        return Article.objects.filter(title__upper__contains="T", title__lower__contains="t").order_by("id"), ["id"]

    with transforms(Upper, Lower):
        plain = run_django_keeping(make, cache)
        assert [run(make) for _ in range(2)] == [plain] * 2
        for kind in (Upper, Lower):
            with mock.patch.object(kind, "as_sql", return_value=("'nothing'", [])):
                changed = run_django_keeping(make, cache)
                assert [run(make) for _ in range(2)] == [changed] * 2 != [plain] * 2
            assert run(make) == plain


class TableOfTheMoment(str):
    """The name of a tenant's table, as some projects have it."""

    __slots__ = ()

    def __str__(self):
        return "relations_tag" if Moment.now == "a" else "relations_shelf"

    def startswith(self, *given):
        return False


@isolate_apps("tests.relations")
def test_table_of_the_moment(cache, monkeypatch):
    """A text that says something else each time it is written into SQL."""

    class Numbered(models.Model):
        class Meta:
            app_label = "relations"
            db_table = TableOfTheMoment("relations_tag")

        def __str__(self):
            return str(self.pk)

    def make():
        return Numbered.objects.order_by("id"), ["id"]

    results = []
    for now in ("a", "b", "a"):
        monkeypatch.setattr(Moment, "now", now)
        results.append(run_django_keeping(make, cache))
        assert [run(make) for _ in range(2)] == [results[-1]] * 2
    assert results[0] != results[1]


def test_group_of_an_unmanaged_model(cache):
    """PostgreSQL groups by the key alone where Django manages the table."""

    def make():
        return Article.objects.annotate(n=Count("tags")).order_by("id"), ["id", "title", "n"]

    features = "django.db.backends.sqlite3.features.DatabaseFeatures.allows_group_by_selected_pks"
    with mock.patch(features, True):
        plain = run_django_keeping(make, cache)
        assert [run(make) for _ in range(2)] == [plain] * 2
        with mock.patch.object(Article._meta, "managed", False):
            assert [run(make) for _ in range(2)] == [run_django_keeping(make, cache)] * 2
        assert run(make) == plain


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("names", [("pk",), ("pk", "taken")])
def test_key_of_several_columns_is_compiled_once(names, is_on, cache):
    """Django reads its rows, and compiles the query itself: twice would be slower than Django."""
    with (
        mock.patch.object(rows, "compile_remembered", side_effect=AssertionError),
        override_settings(PYFORGE_WEB={"SQL_CACHE": is_on}),
    ):
        written = dumps(Seat.objects.values(*names).order_by("pk"))
    assert json.loads(written) == json.loads(
        json.dumps(list(Seat.objects.values(*names).order_by("pk")), cls=DjangoJSONEncoder)
    )
