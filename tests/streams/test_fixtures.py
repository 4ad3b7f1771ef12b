"""`pyforge_dump --format django` writes what `dumpdata` writes, to the byte, of every model of the tests."""

import io

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management import CommandError, call_command
from django.core.serializers.json import Serializer as JSONSerializer
from django.core.serializers.python import Serializer as PythonSerializer
from django.db import connection, connections
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from pyforge_web.streams import dumpdata as fixtures
from tests.oracle import assert_same
from tests.streams.fixture_data import fill

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.filterwarnings("ignore:.*is a proxy model:django.core.management.commands.dumpdata.ProxyModelWarning"),
]
MODELS = {model._meta.label: model for model in apps.get_models()}


def dumpdata(model, database, **options):
    out = io.StringIO()
    call_command("dumpdata", model._meta.label, database=database, stdout=out, **options)
    return out.getvalue()


def dump(model, database, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "pyforge_dump", model._meta.label, format="django", database=database, stdout=out, stderr=err, **options
    )
    return out.getvalue(), err.getvalue()


def assert_like_dumpdata(model, database, **options):
    """The texts are the same, or both commands fail; gives what ours says of its way."""
    try:
        expected = dumpdata(model, database, **options)
    except CommandError:
        expected = None  # the error itself would keep Django's cursor open until it is collected
    if expected is None:
        with pytest.raises(CommandError):
            dump(model, database, **options)
        return "failed"
    ours, said = dump(model, database, **options)
    assert_same(ours, expected)
    return said


# The apps whose models are written from raw rows, but for these, with the reason: an instance is more than its row.
APPS = ("airports", "auth", "querysets", "querysets_pg", "streams", "tests_app")
OBJECTS = {
    "streams.FromDb": "FromDb has its own from_db",
    "streams.Init": "changes columns of Init",
    "streams.Listened": "runs for each Listened",
    "streams.PinnedModel": "name has a field class that changes how its value is written",
    "streams.ViewedModel": "name has a field class that changes how its value is written",
    "streams.DescribingModel": "name has a field class that changes how its value is written",
    "streams.Iterated": "Rewriting has its own iterator",
    "streams.Managed": "does more than filter rows",
    "streams.Prefetched": "does more than filter rows",
    "streams.Deferred": "does more than filter rows",
    "querysets.Seat": "a key of several columns",
}


@pytest.fixture(scope="module", autouse=True)
def committed(aliases, django_db_blocker):
    """The rows, once for all tests; a test with transactions of its own empties the tables."""
    with django_db_blocker.unblock():
        for vendor in ("sqlite", "postgresql"):
            if vendor in aliases:
                fill(aliases[vendor])


@pytest.fixture
def filled(database):
    fill(database)
    return database


@pytest.fixture
def filled_with_all(filled):
    if filled != "default":
        from tests.querysets.pg.models import Arrays, Extras, Ranges
        from tests.querysets.test_postgresql import ARRAYS, EXTRAS

        for model, rows in ((Arrays, ARRAYS), (Extras, EXTRAS), (Ranges, [{"integers": (1, 5)}])):
            for values in rows:
                model.objects.using(filled).create(**values)
    return filled


@pytest.mark.parametrize("options", [{}, {"indent": 2}], ids=["compact", "indented"])
def test_every_model_is_dumpdatas(options, filled_with_all):
    said = {}
    for label, model in MODELS.items():
        if model._meta.managed:
            try:
                said[label] = assert_like_dumpdata(model, filled_with_all, **options)
            except AssertionError as error:
                raise AssertionError(f"{label}: {error}") from error
    said = {label: words for label, words in said.items() if label.partition(".")[0] in APPS}
    natively = {label for label, words in said.items() if not words}
    assert [label for label, words in said.items() if words == "failed"] == ["querysets.Customs"]
    if options:
        assert {"streams.Label", "streams.Link", "querysets.Event"} - natively == {"querysets.Event"}  # it has JSON
    else:
        elsewhere = {label for label in said if label.startswith("querysets_pg.") and filled_with_all == "default"}
        assert said.keys() - natively == {"querysets.Customs", "querysets.OldPlace", *OBJECTS, *elsewhere}


@pytest.mark.parametrize(("label", "reason"), OBJECTS.items())
def test_reason_for_objects_is_said(label, reason, filled, monkeypatch):
    """Django's serializer makes the objects, and its command is not called."""
    monkeypatch.setattr("pyforge_web.management.commands.pyforge_dump.call_command", None)
    said = dump(MODELS[label], filled)[1]
    assert f"Django makes the objects of {label}: " in said
    assert reason in said
    assert dump(MODELS[label], filled, verbosity=0)[1] == ""


@pytest.mark.parametrize(
    ("label", "options", "reason"),
    [
        ("querysets.OldPlace", {}, "it is a proxy"),
        ("streams.Init", {"indent": 2}, "changes columns of Init"),
        ("streams.Tagged", {"indent": 2}, "may take several lines"),
    ],
)
def test_reason_for_dumpdata_is_said(label, options, reason, filled):
    said = dump(MODELS[label], filled, **options)[1]
    assert f"{label} is written by Django's own dumpdata: " in said
    assert reason in said
    assert dump(MODELS[label], filled, verbosity=0, **options)[1] == ""


NATURAL = ["Natural", "NaturalChild", "Referrer", "Label", "Explicit", "Tagged", "Child"]


@pytest.mark.parametrize("name", NATURAL)
@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("primary", [False, True])
def test_natural_keys_are_dumpdatas(name, foreign, primary, filled):
    model = MODELS[f"streams.{name}"]
    expected = dumpdata(model, filled, use_natural_foreign_keys=foreign, use_natural_primary_keys=primary)
    assert_same(dump(model, filled, natural_foreign=foreign, natural_primary=primary)[0], expected)


@pytest.mark.parametrize("name", ["Place", "Iterated", "Managed", "Prefetched", "Deferred"])
def test_all_rows_are_dumpdatas(name, filled):
    model = MODELS[f"streams.{name}"]
    expected = dumpdata(model, filled, use_base_manager=True)
    ours, said = dump(model, filled, all=True)
    assert_same(ours, expected)
    assert not said  # the base manager is Django's: the rows are native


@pytest.mark.parametrize("indent", [-1, 0, 1, 4])
@pytest.mark.parametrize("name", ["Label", "Bare", "Odd", "Tagged"])
def test_indent_is_dumpdatas(indent, name, filled):
    model = MODELS[f"streams.{name}"]
    assert_same(dump(model, filled, indent=indent)[0], dumpdata(model, filled, indent=indent))


def test_empty_table_is_dumpdatas(database):
    MODELS["streams.Label"].objects.using(database).all().delete()
    for indent in (None, 2):
        assert_like_dumpdata(MODELS["streams.Label"], database, indent=indent)


def test_table_of_many_chunks_is_dumpdatas(database):
    model = MODELS["streams.Label"]
    model.objects.using(database).bulk_create(model(name=f"name {n}") for n in range(1_700))
    assert not assert_like_dumpdata(model, database)
    assert not assert_like_dumpdata(model, database, indent=1)


def test_row_whose_parent_is_missing_is_left_out(database):
    """dumpdata reads the tables of the parents too."""
    child = MODELS["streams.Explicit"]
    kept = child.objects.using(database).create(name="kept")
    lost = child.objects.using(database).create(name="lost")
    used = connections[database]
    with used.constraint_checks_disabled(), used.cursor() as cursor:
        if used.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("DELETE FROM streams_label WHERE id = %s", [lost.pk])
        assert not assert_like_dumpdata(child, database)
        assert f'"pk": {kept.pk}' in dumpdata(child, database)
        cursor.execute("INSERT INTO streams_label (id, name) VALUES (%s, 'lost')", [lost.pk])


# Column: what SQLite may hold in it and Django did not write.
ODD_VALUES = {
    "data": ['{"a":\n[1 ,2]}', '["\\u00e9", "\\ud83d\\ude00"]', "NaN", "[1e400]", '{"a":1,"b":2,"a":3}', "1.10"],
    "length": ["5", "-1", "'text'"],
    "number": ["1", "'text'", "9e999", "-9e999", "1.5e-7"],
    "file": ["5", "x'6162'", "''", "NULL"],
    "image": ["x'6162'"],
    "blob": ["'text'", "5", "x'00ff'"],
}


class TestOddValues:
    @pytest.mark.parametrize("column", ODD_VALUES)
    def test_like_dumpdata(self, column, sqlite):
        model = MODELS["streams.Odd"]
        for value in ODD_VALUES[column]:
            row = model.objects.create()
            with connection.cursor() as cursor:
                text = f"'{value}'" if column == "data" else value
                cursor.execute("PRAGMA ignore_check_constraints = ON")
                cursor.execute(f"UPDATE streams_odd SET {column} = {text} WHERE id = %s", [row.pk])
            try:
                assert_like_dumpdata(model, "default")
            except AssertionError as error:
                raise AssertionError(f"{value}: {error}") from error
            row.delete()

    def test_a_lone_surrogate_has_no_utf8(self, sqlite, tmp_path):
        """dumpdata cannot write it to a file either."""
        model = MODELS["streams.Odd"]
        model.objects.create(data=["\ud800"])
        with pytest.raises(CommandError, match="surrogates not allowed"):
            call_command("dumpdata", "streams.Odd", output=str(tmp_path / "theirs.json"))
        with pytest.raises(CommandError, match="surrogates not allowed"):
            call_command("pyforge_dump", "streams.Odd", format="django", output=str(tmp_path / "ours.json"))
        assert not (tmp_path / "ours.json").exists()


def test_rows_make_no_instance(filled, monkeypatch):
    model = MODELS["streams.Label"]
    expected = dumpdata(model, filled)
    made = []
    monkeypatch.setattr(model, "from_db", classmethod(lambda *args, **options: made.append(args)))
    monkeypatch.setattr(fixtures, "_why_model", lambda model: None)
    assert_same(dump(model, filled)[0], expected)
    assert not made


def test_keys_of_related_instances_made_in_their_own_way(filled, monkeypatch):
    """Their keys are what the instances have, not what the table holds."""
    label = MODELS["streams.Label"]

    def from_db(cls, db, field_names, values, **options):
        instance = Model.from_db.__func__(cls, db, field_names, values, **options)
        instance.pk += 1000
        return instance

    before = dumpdata(MODELS["streams.Tagged"], filled)
    monkeypatch.setattr(label, "from_db", classmethod(from_db))
    assert_like_dumpdata(MODELS["streams.Tagged"], filled)
    assert dumpdata(MODELS["streams.Tagged"], filled) != before


@pytest.mark.parametrize("name", ["value_from_object", "value_to_string"])
@pytest.mark.parametrize("model", ["Label", "Tagged"])
def test_functions_on_a_field_are_called(name, model, filled, monkeypatch):
    """On the field itself, where its class has Django's own."""
    before = dumpdata(MODELS[f"streams.{model}"], filled)
    for field in MODELS["streams.Label"]._meta.local_fields:
        # Into the dict: monkeypatch.setattr() would leave the class's method on the field.
        monkeypatch.setitem(vars(field), name, lambda instance: f"own {instance.pk}")
    assert_like_dumpdata(MODELS[f"streams.{model}"], filled)
    changed = dumpdata(MODELS[f"streams.{model}"], filled) != before
    assert changed is (model == "Label" or name == "value_from_object")


def test_an_application_without_a_module_of_models(filled, monkeypatch):
    """dumpdata leaves out its models, wherever they are defined."""
    monkeypatch.setattr(apps.get_app_config("streams"), "models_module", None)
    assert "no module models" in assert_like_dumpdata(MODELS["streams.Label"], filled)
    assert dump(MODELS["streams.Label"], filled)[0].strip() == "[]"


def test_another_json_serializer_takes_dumpdata(filled, settings):
    settings.SERIALIZATION_MODULES = {"json": "django.core.serializers.jsonl"}
    serializers._serializers.clear()
    try:
        said = assert_like_dumpdata(MODELS["streams.Label"], filled)
    finally:
        del settings.SERIALIZATION_MODULES
        serializers._serializers.clear()
    assert "SERIALIZATION_MODULES" in said


SERIALIZERS = {
    "get_dump_object": (PythonSerializer, lambda self, instance: {"model": "a", "pk": instance.pk, "fields": {}}),
    "handle_field": (PythonSerializer, lambda self, instance, field: self._current.update({field.name: "own"})),
    "_value_from_field": (PythonSerializer, lambda self, instance, field: "own"),
    "end_object": (JSONSerializer, lambda self, instance: setattr(self, "_current", None)),
}


@pytest.mark.parametrize("name", SERIALIZERS)
@pytest.mark.parametrize("indent", [None, 2])
def test_methods_of_djangos_serializers_that_a_tool_replaces(filled, monkeypatch, name, indent):
    before = dumpdata(MODELS["streams.Label"], filled, indent=indent)
    owner, method = SERIALIZERS[name]
    monkeypatch.setattr(owner, name, method)
    assert f"{owner.__name__}.{name}" in assert_like_dumpdata(MODELS["streams.Label"], filled, indent=indent)
    assert dumpdata(MODELS["streams.Label"], filled, indent=indent) != before


def test_statements_are_no_more_than_dumpdatas(filled):
    for name in ("Label", "Tagged", "Child"):
        model = MODELS[f"streams.{name}"]
        with CaptureQueriesContext(connections[filled]) as theirs:
            dumpdata(model, filled)
        with CaptureQueriesContext(connections[filled]) as ours:
            dump(model, filled)
        assert len(ours) <= len(theirs)
