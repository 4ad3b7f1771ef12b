"""`CompiledSerializer` and the functions over descriptors: rows of values, their order, and what they refuse."""

import datetime
import decimal
import io
import json
import uuid
from importlib.metadata import version as installed_version

import pytest
from django.apps import apps
from django.core.exceptions import FieldError
from django.core.management import call_command

import pyforge_web
from pyforge_web.metering import collect
from pyforge_web.secrets import secret_columns
from pyforge_web.serializers import CompiledSerializer
from tests.app.models import Article, Blob, Member
from tests.querysets.data import MOMENTS
from tests.querysets.judge import assert_rows, run
from tests.querysets.models import Box, Customs, Deed, Event, House, Place, Restaurant, Scalars, Town

pytestmark = pytest.mark.django_db(databases="__all__")

MODELS = (Scalars, Customs, Event, Town, House, Deed, Place, Restaurant, Box)
NAMES = ("at", "price", "key", "length", "data")


class TestCompiled:
    @pytest.mark.parametrize("model", MODELS)
    def test_dump_queryset(self, model, database):
        rows = model._base_manager.using(database).order_by("pk")
        assert_rows(CompiledSerializer.for_model(model).dump_queryset(rows), list(rows.values()), "compact")

    @pytest.mark.parametrize("fields", [NAMES, ["pk", "before"], ["before_id"]])
    def test_fields(self, fields, database):
        rows = Event.objects.using(database).order_by("pk")
        compiled, like = CompiledSerializer.for_model(Event, fields), list(rows.values(*fields))
        assert_rows(compiled.dump_queryset(rows), like, "compact")
        assert_rows(compiled.dump_tuples(rows.values_list(*fields)), like, "compact")
        assert_rows(compiled.dump_instance(rows[0]), like[0], "compact")
        assert_rows(json.dumps(compiled.to_dict(rows[0])), like[0], "compact")

    @pytest.mark.parametrize("model", MODELS)
    def test_dump_tuples_of_all_columns(self, model, database):
        rows = model._base_manager.using(database).order_by("pk")
        names = [field.attname for field in model._meta.concrete_fields]
        compiled = CompiledSerializer.for_model(model)
        assert_rows(compiled.dump_tuples(list(rows.values_list(*names))), list(rows.values()), "compact")

    def test_it_is_compiled_once(self):
        assert CompiledSerializer.for_model(Event, NAMES) is CompiledSerializer.for_model(Event, list(NAMES))
        assert CompiledSerializer.for_model(Event) is not CompiledSerializer.for_model(Event, NAMES)

    def test_another_model_is_refused(self, sqlite):
        compiled = CompiledSerializer.for_model(Town)
        for call in (compiled.dump_queryset, lambda x: compiled.dump_instance(x[0]), lambda x: compiled.to_dict(x[0])):
            with pytest.raises(TypeError, match=r"Town.*Event"):
                call(Event.objects.all())

    @pytest.mark.parametrize(("value", "words"), [("app.Article", "not the text"), (Article(), "not an instance")])
    def test_only_a_model_is_taken(self, value, words):
        with pytest.raises(TypeError, match=words):
            CompiledSerializer.for_model(value)

    def test_an_unknown_name(self):
        with pytest.raises(FieldError, match=r"(?s)titel.*author_id"):
            CompiledSerializer.for_model(Article, ["titel"])

    def test_secrets_are_refused_everywhere_unless_named(self, sqlite):
        member = Member(email="a@example.com", password="hash")
        member.save()
        bare = CompiledSerializer.for_model(Member)
        for call in (
            lambda: bare.dump_queryset(Member.objects.all()),
            lambda: bare.dump_instance(member),
            lambda: bare.to_dict(member),
            lambda: bare.dump_tuples(Member.objects.values_list()),
        ):
            with pytest.raises(TypeError, match=r"(?s)secret.*password.*fields="):
                call()
        assert b"hash" in CompiledSerializer.for_model(Member, ["password"]).dump_instance(member)


class TestExplain:
    def paths(self, model):
        return {row.name: (row.kind, row.path) for row in CompiledSerializer.for_model(model).explain()}

    def test_every_column_has_a_row_with_a_reason(self):
        for model in MODELS:
            rows = CompiledSerializer.for_model(model).explain()
            assert [row.name for row in rows] == [field.attname for field in model._meta.concrete_fields]
            assert all(row.path in ("native", "django") and row.reason for row in rows)

    def test_all_scalars_are_native(self):
        assert {path for _, path in self.paths(Scalars).values()} == {"native"}

    def test_custom_converters_are_djangos(self):
        paths = {name: path for name, (_, path) in self.paths(Customs).items()}
        djangos = {name for name, path in paths.items() if path == "django"}
        assert djangos == {"backwards", "angry", "loud", "cents", "year", "weekday", "wrapped", "decoded"}

    def test_bytes_are_refused(self):
        _, content = CompiledSerializer.for_model(Blob).explain()
        assert content.path not in ("native", "django")

    def test_it_agrees_with_the_counters(self, sqlite):
        for model in MODELS:
            with collect() as crossings:
                pyforge_web.dumps(model._base_manager.all())
            paths = [path for _, path in self.paths(model).values()]
            assert crossings.native_columns == paths.count("native"), model
            assert crossings.django_columns == paths.count("django"), model
            assert crossings.rows == model._base_manager.count()

    @pytest.mark.parametrize("app", ["tests_app", "relations", "streams", "output"])
    def test_it_agrees_with_the_path_that_is_taken(self, app):
        models = apps.get_app_config(app).get_models()
        for model in (model for model in models if not secret_columns(model)):
            reasons = {row.reason for row in CompiledSerializer.for_model(model).explain()}
            with collect(details=True) as crossings:
                # Rows that other tests share may have bytes, which JSON has not.
                pyforge_web.dumps(model._default_manager.all(), default=repr)
            (group,) = crossings.groups
            expected = {f"Django reads the whole statement: {group.why}"} if group.path == "django" else set()
            assert {reason for reason in reasons if reason.startswith("Django reads the whole")} == expected, model

    @pytest.mark.parametrize("label", ["querysets.Customs", "querysets.Scalars"])
    def test_the_command(self, label):
        out = io.StringIO()
        call_command("pyforge_explain", label, stdout=out)
        text = out.getvalue()
        model = Customs if label.endswith("Customs") else Scalars
        for row in CompiledSerializer.for_model(model).explain():
            assert row.name in text
            assert row.reason in text


@pytest.fixture
def descriptors():
    found = pyforge_web.extract_model_fields(Event)
    return [descriptor for descriptor in found if descriptor["attname"] in ("id", "kind", "price", "at", "key")]


ROW = (1, "a", decimal.Decimal("1.50"), MOMENTS[1], uuid.UUID(int=5))


class TestDescriptors:
    def test_one_for_each_column_in_their_order(self):
        for model in MODELS:
            found = pyforge_web.extract_model_fields(model)
            columns = model._meta.concrete_fields
            assert [d["attname"] for d in found] == [field.attname for field in columns]
            assert [d["name"] for d in found] == [field.name for field in columns]
            assert [d["null"] for d in found] == [field.null for field in columns]

    def test_a_foreign_key_has_the_kind_of_its_target(self):
        kinds = {d["attname"]: d["kind"] for d in pyforge_web.extract_model_fields(Deed)}
        assert kinds == {"id": "integer", "house_id": "uuid", "instant_id": "datetime", "amount_id": "decimal"}
        assert [d["kind"] for d in pyforge_web.extract_model_fields(House)] == ["uuid", "text"]

    def test_they_are_plain_data(self):
        assert json.loads(json.dumps(found := pyforge_web.extract_model_fields(Event))) == found


class TestTuples:
    def test_rows(self, descriptors):
        names = [d["attname"] for d in descriptors]
        rows = [[self.by_name(row)[name] for name in names] for row in (ROW, (2, *[None] * 4))]
        like = [dict(zip(names, row, strict=True)) for row in rows]
        assert_rows(pyforge_web.serialize_value_tuples(descriptors, rows), like, "compact")
        assert_rows(pyforge_web.serialize_value_tuples(descriptors, map(tuple, rows)), like, "compact")

    @staticmethod
    def by_name(row):
        return dict(zip(("id", "kind", "price", "at", "key"), row, strict=True))

    def test_no_rows(self, descriptors):
        assert pyforge_web.serialize_value_tuples(descriptors, []) == b"[]"

    @pytest.mark.parametrize("row", [(), ROW[:-1], (*ROW, 1), [1]])
    def test_another_length_is_an_error_with_its_row(self, descriptors, row):
        with pytest.raises(ValueError, match=rf"(?s)2.*{len(row)}|{len(row)}.*2"):
            pyforge_web.serialize_value_tuples(descriptors, [ROW, ROW, row])

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("id", "1"),
            ("id", 1.5),
            ("id", MOMENTS[0]),
            ("kind", 5),
            ("kind", b"a"),
            ("kind", ["a"]),
            ("price", "abc"),
            ("price", MOMENTS[0]),
            ("price", {}),
            ("at", "2026-01-02"),
            ("at", 5),
            ("at", datetime.date(2026, 1, 2)),
            ("key", "5"),
            ("key", 5),
        ],
    )
    def test_a_value_that_its_field_cannot_be_is_an_error_with_row_and_field(self, descriptors, name, value):
        names = [d["attname"] for d in descriptors]
        wrong = [value if column == name else self.by_name(ROW)[column] for column in names]
        good = [self.by_name(ROW)[column] for column in names]
        with pytest.raises((TypeError, ValueError), match=rf"(?s)\[1\].*{name}|{name}.*\[1\]|row 1.*{name}"):
            pyforge_web.serialize_value_tuples(descriptors, [good, wrong])

    @pytest.mark.parametrize("rows", [5, None, [5], [None], ["abcde"], [{1, 2, 3, 4, 5}], [{"id": 1}]])
    def test_what_is_no_row(self, descriptors, rows):
        with pytest.raises((TypeError, ValueError)):
            pyforge_web.serialize_value_tuples(descriptors, rows)

    def test_one_crossing(self, descriptors):
        with collect() as crossings:
            pyforge_web.serialize_value_tuples(descriptors, [ROW] * 500)
        assert (crossings.crossings_in, crossings.crossings_out) == (1, 0)


class TestFunctions:
    def test_to_bytes(self, descriptors):
        names = [d["attname"] for d in descriptors]
        values = [TestTuples.by_name(ROW)[name] for name in names]
        assert_rows(
            pyforge_web.serialize_to_bytes(descriptors, values), dict(zip(names, values, strict=True)), "compact"
        )
        for wrong in (values[1:], [*values, 1]):
            with pytest.raises(ValueError, match=str(len(wrong))):
                pyforge_web.serialize_to_bytes(descriptors, wrong)

    def test_serialize_fields(self, descriptors):
        like = TestTuples.by_name(ROW)
        ours = pyforge_web.serialize_fields(descriptors, like)
        assert_rows(json.dumps(ours), {d["attname"]: like[d["attname"]] for d in descriptors}, "compact")
        assert type(ours["price"]) is type(ours["at"]) is type(ours["key"]) is str
        with pytest.raises(ValueError, match="nonsense"):
            pyforge_web.serialize_fields(descriptors, {**like, "nonsense": 1})

    def test_serialize_instance(self, sqlite):
        found = pyforge_web.extract_model_fields(Event)
        event, like = Event.objects.first(), Event.objects.values().first()
        with collect() as crossings:
            ended = run("default", lambda: pyforge_web.serialize_instance(event, found))
        assert ended.counts["default"] == 0
        assert crossings.crossings_in <= 1
        assert_rows(json.dumps(ended.value), like, "compact")

    def test_serialize_instance_of_a_file(self, sqlite):
        scalars, found = Scalars.objects.order_by("pk")[1], pyforge_web.extract_model_fields(Scalars)
        before = pyforge_web.serialize_instance(scalars, found)
        assert scalars.file.name == before["file"]
        assert pyforge_web.serialize_instance(scalars, found) == before

    def test_version(self):
        assert pyforge_web.version() == installed_version("pyforge-web") == pyforge_web.__version__
