"""The guard of secret columns: by words, by model, by setting; and all that names no column asks it."""

import gc
import weakref

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.exceptions import FieldError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Length, Upper
from django.test import override_settings
from django.test.utils import isolate_apps

import pyforge_web
from pyforge_web import (
    Attribute,
    CompiledSerializer,
    Computed,
    Flat,
    Keys,
    PyForgeJsonResponse,
    PyForgeStreamingResponse,
    dumps,
    extract_model_fields,
    rows,
)
from pyforge_web.secrets import find_secret_fields, is_secret, is_secret_name, public_columns, secret_columns
from tests.app.models import Door, Member, Shelf, ShelfToken
from tests.secrets.names import HARMLESS_NAMES, MODELS, SECRET_NAMES, make_model
from tests.tables import cases

TEXT = models.CharField


@pytest.fixture(autouse=True)
def _isolated():
    with isolate_apps("tests.app"):
        yield


def refused():
    return pytest.raises(TypeError, match="secret columns")


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("field_class", [models.CharField, models.TextField, models.JSONField, models.FileField])
def test_a_secret_name_is_not_written_by_a_bare_call(name, field_class):
    made = make_model(**{name: field_class(max_length=9), "title": TEXT(max_length=9)})
    assert secret_columns(made) == (name,)
    assert public_columns(made) == ["id", "title"]
    assert is_secret_name(name)
    instance = made(pk=1, title="t", **{name: "s3cr3t"})
    for value in (made.objects.all(), instance, [instance], {"a": [instance]}, Paginator([instance], 1).page(1)):
        with refused():
            dumps(value)
    assert b"s3cr3t" not in dumps(instance, fields=["id", "title"])
    assert b"s3cr3t" in dumps(instance, fields=[name])


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_a_harmless_name_is_written(name):
    made = make_model(**{name: TEXT(max_length=9)})
    assert secret_columns(made) == ()
    assert not is_secret_name(name)
    assert b'"open"' in dumps(made(**{name: "open"}))


@pytest.mark.parametrize("case", cases(MODELS))
def test_known_models_are_not_written(case):
    base, secrets = case
    made = make_model(base.__name__ + "Own", (base,))
    assert secret_columns(made) == secrets
    with refused():
        dumps(made.objects.all())


@pytest.mark.parametrize(
    "field",
    [
        models.BooleanField(default=True),
        models.DateField(null=True),
        models.DateTimeField(null=True),
        models.DecimalField(max_digits=3, decimal_places=1, null=True),
        models.DurationField(null=True),
        models.FloatField(null=True),
    ],
    ids=lambda field: type(field).__name__,
)
def test_a_class_that_holds_no_secret(field):
    assert secret_columns(make_model(password=field)) == ()


def test_numbers_are_guarded_where_they_are_secret():
    whole = models.IntegerField
    made = make_model(tokens=whole(), max_token=whole(), cvv=whole(), card_number=models.BigIntegerField(), pin=whole())
    assert secret_columns(made) == ("cvv", "card_number", "pin")


def test_the_name_of_the_column_tells_too():
    assert secret_columns(make_model(phrase=TEXT(max_length=9, db_column="USER_PWD"))) == ("phrase",)


def test_generated_columns_are_known_by_their_value():
    made = make_model(
        name=TEXT(max_length=9),
        token=models.GeneratedField(expression=models.F("name"), output_field=TEXT(max_length=9), db_persist=True),
        has_token=models.GeneratedField(
            expression=models.Q(name="x"), output_field=models.BooleanField(), db_persist=True
        ),
    )
    assert secret_columns(made) == ("token",)


def generated(expression, output=TEXT):
    options = {"max_length": 9} if output is TEXT else {}
    return models.GeneratedField(expression=expression, output_field=output(**options), db_persist=True)


def test_generated_columns_of_a_secret_column():
    made = make_model(
        title=TEXT(max_length=9),
        password=TEXT(max_length=9),
        shown=generated(F("password")),
        upper=generated(Concat(Upper("password"), Value("x"))),
        chosen=generated(models.Case(models.When(password="a", then=Value("b")), default=Value("c"))),
        length=generated(Length("password"), models.IntegerField),
        again=generated(Upper("shown")),
        itself=generated(F("itself")),
        open=generated(Upper("title")),
        known=generated(models.Q(password=""), models.BooleanField),
    )
    secrets = ("password", "shown", "upper", "chosen", "length", "again")
    assert secret_columns(made) == secrets
    for name in ("shown", "again"):
        with pytest.raises(FieldError, match=f"secret column '{name}'"):
            dumps(made.objects.all(), fields=[{"other": F(name)}])
    child = make_model("Child", (made,))
    assert secret_columns(child) == secrets
    # The project has decided about what was computed: the column below it is asked for its own name.
    with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["app.Made.shown"]}):
        assert set(secrets) - set(secret_columns(made)) == {"shown", "again"}


class TestCompositeKeys:
    """A key of several columns is called `pk`, and holds them all."""

    @pytest.fixture
    def session(self):
        return make_model(
            "Login",
            pk=models.CompositePrimaryKey("door_id", "token"),
            door=models.ForeignKey(Door, models.CASCADE, related_name="logins"),
            token=TEXT(max_length=9),
        )

    @pytest.mark.parametrize("read", [lambda made: made.objects.all(), lambda made: [made(door_id=1, token="s3")]])
    def test_it_is_written_by_the_names_of_its_columns(self, read, session):
        for fields in (["pk"], [{"key": F("pk")}], [{"key": Computed(str, "pk")}]):
            with pytest.raises(FieldError, match="secret column 'pk' of Login"):
                dumps(read(session), fields=fields)
        assert dumps(session(door_id=1, token="s3"), fields=["door_id", "token"]) == b'{"door_id":1,"token":"s3"}'

    def test_without_a_secret_it_is_written(self, session):
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["app.Login.token"]}):
            assert dumps([session(door_id=1, token="s3")], fields=["pk"]) == b'[{"pk":[1,"s3"]}]'


class TestForeignKeys:
    def test_a_name_does_not_make_a_key_secret(self):
        named = {name: models.ForeignKey(Door, models.CASCADE, related_name="+") for name in ("secret", "api_key")}
        assert secret_columns(make_model(**named)) == ()

    def test_a_key_that_holds_a_secret_is_secret(self):
        token = make_model("ShareToken", key=TEXT(max_length=40, primary_key=True))
        login = make_model("Login", name=TEXT(max_length=9), secret=TEXT(max_length=9, unique=True))
        made = make_model(
            "Use",
            link=models.ForeignKey(token, models.CASCADE),
            login=models.ForeignKey(login, models.CASCADE, to_field="secret"),
            plain=models.ForeignKey(login, models.CASCADE, related_name="+"),
        )
        assert secret_columns(made) == ("link_id", "login_id")
        child = make_model("Child", (token,))
        again = make_model("Again", child=models.ForeignKey(child, models.CASCADE))
        assert secret_columns(child) == ("key", "sharetoken_ptr_id")
        assert secret_columns(again) == ("child_id",)


class TestSettings:
    def test_sensitive_fields_are_exact_names(self):
        assert secret_columns(Door) == ()
        with override_settings(PYFORGE_WEB={"SENSITIVE_FIELDS": ["pin_code"]}):
            assert secret_columns(Door) == ("pin_code",)
        with override_settings(PYFORGE_WEB={"SENSITIVE_FIELDS": ["pin", "code", "PIN_CODE"]}):
            assert secret_columns(Door) == ()
        assert secret_columns(Door) == ()

    def test_they_take_nothing_away(self):
        with override_settings(PYFORGE_WEB={"SENSITIVE_FIELDS": []}):
            assert secret_columns(Member) == ("password",)

    @pytest.mark.parametrize("path", ["app.Made.token", "app.made.token"])
    def test_a_public_field_is_written(self, path):
        made = make_model(token=TEXT(max_length=9), secret=TEXT(max_length=9))
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": [path]}):
            assert secret_columns(made) == ("secret",)
            assert secret_columns(make_model("Other", token=TEXT(max_length=9))) == ("token",)
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": [path, "app.Made.secret"]}):
            assert dumps(made(token="t", secret="s")) == b'{"id":null,"token":"t","secret":"s"}'
        with refused():
            dumps(made())

    def test_a_public_field_wins_over_an_exact_name(self):
        made = make_model(secret=TEXT(max_length=9))
        given = {"PUBLIC_FIELDS": ["app.Made.secret"], "SENSITIVE_FIELDS": ["secret"]}
        with override_settings(PYFORGE_WEB=given):
            assert not is_secret(made._meta.get_field("secret"))

    def test_children_and_proxies_have_what_is_public_of_their_parents(self):
        made = make_model(token=TEXT(max_length=9))
        child = make_model("Child", (made,))
        proxy = type(
            "Proxy", (made,), {"__module__": __name__, "Meta": type("M", (), {"proxy": True, "app_label": "app"})}
        )
        assert secret_columns(child) == secret_columns(proxy) == ("token",)
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["app.Made.token"]}):
            assert secret_columns(child) == secret_columns(proxy) == ()
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["app.Child.token", "app.Proxy.token"]}):
            assert secret_columns(made) == ("token",)
            assert secret_columns(child) == secret_columns(proxy) == ()

    @pytest.mark.parametrize("wrong", ["app.Made.token", ["token"], ["app.Made"], [1], {"app.Made.token": True}, None])
    def test_a_wrong_value_is_found(self, wrong):
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": wrong}):
            (message,) = (found for found in run_checks() if found.id == "pyforge_web.E001")
        assert "['app.Model.field']" in message.msg


BARE_CALLS = {
    "response, QuerySet": lambda user: PyForgeJsonResponse(User.objects.all()),
    "response, instance": lambda user: PyForgeJsonResponse(user),
    "stream": lambda user: b"".join(PyForgeStreamingResponse(User.objects.all())),
    "deferred": lambda user: dumps(User.objects.defer("email")),
    "union": lambda user: dumps(User.objects.all().union(User.objects.all())),
    "page": lambda user: dumps(Paginator(User.objects.order_by("pk"), 5).page(1)),
    "dump_queryset": lambda user: CompiledSerializer.for_model(User).dump_queryset(User.objects.all()),
    "dump_instance": lambda user: CompiledSerializer.for_model(User).dump_instance(user),
    "to_dict": lambda user: CompiledSerializer.for_model(User).to_dict(user),
    "dump_tuples": lambda user: CompiledSerializer.for_model(User).dump_tuples(User.objects.values_list()),
    "serialize_instance": lambda user: pyforge_web.serialize_instance(user, extract_model_fields(User)),
    "serialize_fields": lambda user: pyforge_web.serialize_fields(
        extract_model_fields(User), {"password": user.password}
    ),
    "serialize_to_bytes": lambda user: pyforge_web.serialize_to_bytes(
        extract_model_fields(User), User.objects.values_list()[0]
    ),
    "serialize_value_tuples": lambda user: pyforge_web.serialize_value_tuples(
        extract_model_fields(User), User.objects.values_list()
    ),
}


@pytest.mark.django_db
class TestEntryPoints:
    """All that is given a model, and no name."""

    @pytest.mark.parametrize("call", cases(BARE_CALLS))
    def test_a_bare_call_is_refused(self, call):
        user = User.objects.create_user("ada", "ada@example.com", "pass the word")
        with refused() as caught:
            call(user)
        assert user.password not in str(caught.value)
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["auth.User.password"]}):
            call(user)

    def test_a_stream_of_instances_ends_before_the_secret(self, caplog):
        user = User.objects.create_user("ada", "ada@example.com", "pass the word")
        body = b"".join(PyForgeStreamingResponse(iter([Door(room="1"), user, Door(room="2")])))
        assert user.password.encode() not in body
        assert "secret columns" in caplog.text

    def test_descriptors_without_the_secret_are_written(self):
        user = User.objects.create_user("ada", "ada@example.com", "pass the word")
        descriptors = [found for found in extract_model_fields(User) if found["name"] != "password"]
        assert pyforge_web.serialize_instance(user, descriptors).keys() == set(public_columns(User))

    def test_descriptors_of_a_model_that_is_not_installed(self):
        made = make_model("Gone", (models.Model,), "gone", token=TEXT(max_length=9))
        with refused():
            pyforge_web.serialize_instance(made(token="t"), extract_model_fields(made))


@pytest.mark.django_db
class TestOtherNames:
    """A secret column is written under its own name: not as `pk`, and not as the key of a relation."""

    @pytest.fixture(autouse=True)
    def token(self):
        shelf = Shelf.objects.create(room="1")
        return ShelfToken.objects.create(key="s3cr3t", shelf=shelf, only=shelf)

    @pytest.mark.parametrize("read", [lambda q: q, list, lambda q: q.get(), lambda q: (len(q), q)[1]])
    @pytest.mark.parametrize("write", [dumps, lambda data, **options: dumps(rows(data, **options))])
    @pytest.mark.parametrize(
        "fields",
        [
            ["shares"],
            ["share"],
            ["share__pk"],
            [{"shares": ["pk"]}],
            [{"share": ["pk"]}],
            [{"keys": Keys("shares")}],
            [{"keys": Flat("shares", "key")}],
            [{"own": F("share")}],
            [{"own": F("share__key")}],
            [{"own": Computed(str, "share__pk")}],
            ["room", {"shares": ["*", "pk"]}],
        ],
        ids=repr,
    )
    def test_relations(self, fields, write, read):
        with pytest.raises(FieldError, match="secret column 'key' of ShelfToken"):
            write(read(Shelf.objects.all()), fields=fields, fetch=True)

    @pytest.mark.parametrize("read", [lambda q: q, list, lambda q: q.get(), lambda q: (len(q), q)[1]])
    @pytest.mark.parametrize("fields", [["pk"], ["shelf", "pk"], [{"own": F("pk")}], [{"own": F("key")}]], ids=repr)
    def test_the_key_itself(self, fields, read):
        with pytest.raises(FieldError, match="secret column 'key' of ShelfToken"):
            dumps(read(ShelfToken.objects.all()), fields=fields)
        assert b"s3cr3t" in dumps(read(ShelfToken.objects.all()), fields=["key"])
        assert b"s3cr3t" not in dumps(read(ShelfToken.objects.all()), fields=["shelf_id"])

    def test_own_names_are_obeyed(self):
        for fields in (["share__key"], [{"shares": ["key"]}], [{"share": ["key"]}]):
            assert b"s3cr3t" in dumps(Shelf.objects.all(), fields=fields)
            assert b"s3cr3t" in dumps(list(Shelf.objects.all()), fields=fields, fetch=True)
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["tests_app.ShelfToken.key"]}):
            assert dumps(Shelf.objects.all(), fields=["shares", "share"]) == b'[{"shares":["s3cr3t"],"share":"s3cr3t"}]'


@pytest.mark.django_db
@pytest.mark.parametrize(
    "read",
    [
        lambda q: q,
        list,
        lambda q: q.get(),
        lambda q: (len(q), q)[1],
        lambda q: Paginator(list(q), 5).page(1),
        lambda q: User.objects.raw("SELECT * FROM auth_user"),
    ],
)
@pytest.mark.parametrize("fetch", [True, False])
def test_a_secret_of_rows_in_memory_has_no_other_key(read, fetch):
    User.objects.create_user("ada", "ada@example.com", "pass the word")
    for expression in (F("password"), Upper("password"), Computed(str, "password"), Attribute("x", reads=["password"])):
        with pytest.raises((FieldError, ValueError)) as caught:
            dumps(read(User.objects.all()), fields=["id", {"shown": expression}], fetch=fetch)
        assert caught.type is FieldError or not fetch


class TestCheck:
    def messages(self):
        return [message for message in run_checks() if message.id in ("pyforge_web.I030", "pyforge_web.W031")]

    def test_every_guarded_field_is_listed_with_its_line(self):
        (message,) = self.messages()
        paths = [f"{field.model._meta.label}.{field.name}" for field in find_secret_fields()]
        assert {"auth.User.password", "tests_app.Member.password", "bodies.Item.secret"} <= set(paths)
        assert all(path in message.msg and f'"{path}",\n' in message.hint for path in paths)
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": paths}):
            assert not list(find_secret_fields())
            assert not self.messages()

    def test_what_is_decided_gives_no_message(self):
        names = {field.name for field in find_secret_fields()}
        with override_settings(PYFORGE_WEB={"SENSITIVE_FIELDS": sorted(names)}):
            assert not self.messages()

    @pytest.mark.parametrize(
        "path", ["auth.User.passwort", "auth.Nobody.password", "nothing.User.password", "..", "a.b."]
    )
    def test_a_public_field_that_does_not_exist(self, path):
        with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": [path]}):
            assert repr(path) in next(found for found in self.messages() if found.id == "pyforge_web.W031").msg


def test_a_field_that_comes_later_is_seen():
    made = make_model(name=TEXT(max_length=9))
    assert secret_columns(made) == ()
    TEXT(max_length=9, default="").contribute_to_class(made, "token")
    assert secret_columns(made) == ("token",)


def test_a_model_made_at_run_time_is_freed():
    with isolate_apps("tests.app"):
        made = make_model(token=TEXT(max_length=9))
        secret_columns(made)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


@pytest.mark.django_db
def test_a_serializer_writes_the_keys_that_it_names(django_assert_num_queries):
    from rest_framework import serializers

    from pyforge_web.rest_framework import CompiledSerializerMixin

    shelf = Shelf.objects.create(room="1")
    ShelfToken.objects.create(key="s3cr3t", shelf=shelf, only=shelf)
    bases = (serializers.ModelSerializer,)
    plain, native = (
        type(
            "ShelfSerializer",
            own,
            {
                "shares": type(
                    "TokenSerializer", own, {"Meta": type("Meta", (), {"model": ShelfToken, "fields": ["key"]})}
                )(many=True),
                "Meta": type("Meta", (), {"model": Shelf, "fields": ["room", "share", "shares"]}),
            },
        )
        for own in (bases, (CompiledSerializerMixin, *bases))
    )
    shelves = Shelf.objects.prefetch_related(models.Prefetch("shares", ShelfToken.objects.order_by("-key")))
    assert native(shelves, many=True).data == plain(shelves, many=True).data
    assert "s3cr3t" in str(native(shelves, many=True).data)
    with django_assert_num_queries(2):
        assert native(shelves.all(), many=True).data
