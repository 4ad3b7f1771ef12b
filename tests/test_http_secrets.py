"""Bare models with secret columns never leave: the error says which `fields=` to write."""

import json
import re

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.test import RequestFactory, override_settings
from django.utils.functional import SimpleLazyObject

import pyforge_web
from pyforge_web import PyForgeJsonResponse
from tests.app.models import Door, Member
from tests.oracle import encode
from tests.tables import cases

pytestmark = pytest.mark.django_db
ERRORS = (TypeError, ValueError, ImproperlyConfigured)


@pytest.fixture(autouse=True)
def users():
    User.objects.create_user("ada", "ada@example.com", "pass the word")
    Member.objects.create(email="ben@example.com", password="md5$hash")


BARE = {
    "QuerySet": lambda model: model.objects.all(),
    "empty QuerySet": lambda model: model.objects.none(),
    "evaluated QuerySet": lambda model: (q := model.objects.all(), len(q))[0],
    "instance": lambda model: model.objects.first(),
    "instance, not saved": lambda model: model(password="hash"),
    "list": lambda model: list(model.objects.all()),
    "mixed list": lambda model: [Group(name="g"), model.objects.first()],
    "Page": lambda model: Paginator(model.objects.order_by("pk"), 5).page(1),
    "inside a dict": lambda model: {"users": model.objects.all()},
    "inside lists": lambda model: [{"a": [model.objects.first()]}],
    "lazy, as request.user is": lambda model: {"user": SimpleLazyObject(model.objects.first)},
}


@pytest.mark.parametrize("make", cases(BARE))
@pytest.mark.parametrize("model", [User, Member])
class TestPassword:
    def test_response(self, make, model):
        with pytest.raises(ERRORS, match=r"fields=") as caught:
            PyForgeJsonResponse(make(model), safe=False)
        assert "password" in str(caught.value)
        assert "email" in str(caught.value)
        offered = re.search(r"fields=(\[.*?\])", str(caught.value))
        assert "password" not in offered[1]

    def test_dumps(self, make, model, form):
        with pytest.raises(ERRORS, match=r"fields="):
            encode(make(model), form)


@pytest.mark.parametrize("model", [User, Member])
class TestExplicit:
    def test_the_offered_fields_work(self, model):
        with pytest.raises(ERRORS, match=r"fields=") as caught:
            PyForgeJsonResponse(model.objects.all())
        offered = json.loads(re.search(r"fields=(\[.*?\])", str(caught.value))[1].replace("'", '"'))
        rows = json.loads(PyForgeJsonResponse(model.objects.all(), fields=offered).content)
        assert set(rows[0]) == {field.attname for field in model._meta.concrete_fields} - {"password"}

    def test_fields_are_obeyed(self, model):
        for given in (model.objects.all(), list(model.objects.all())):
            rows = json.loads(PyForgeJsonResponse(given, fields=["email"]).content)
            assert [list(row) for row in rows] == [["email"]]

    def test_a_named_secret_is_obeyed(self, model):
        row = json.loads(PyForgeJsonResponse(model.objects.first(), fields=["id", "password"]).content)
        assert row["password"] == model.objects.first().password

    def test_values_are_obeyed(self, model):
        for queryset in (model.objects.values(), model.objects.values("password")):
            assert "password" in json.loads(PyForgeJsonResponse(queryset).content)[0]
        assert json.loads(pyforge_web.dumps(model.objects.values_list("password", flat=True)))


class TestSensitiveFields:
    def test_nothing_secret_by_default(self):
        Door.objects.create(room="1", pin_code="1234")
        assert b"1234" in PyForgeJsonResponse(Door.objects.all()).content

    @override_settings(PYFORGE_WEB={"SENSITIVE_FIELDS": ["pin_code"]})
    def test_named_in_the_setting(self):
        Door.objects.create(room="1", pin_code="1234")
        for given in (Door.objects.all(), Door.objects.first(), {"doors": list(Door.objects.all())}):
            with pytest.raises(ERRORS, match=r"fields=.*room") as caught:
                PyForgeJsonResponse(given)
            assert "1234" not in str(caught.value)
        assert json.loads(PyForgeJsonResponse(Door.objects.all(), fields=["room"]).content) == [{"room": "1"}]
        assert b"1234" in PyForgeJsonResponse(Door.objects.values("pin_code")).content

    @override_settings(PYFORGE_WEB={"SENSITIVE_FIELDS": []})
    def test_the_password_of_a_user_stays_secret(self):
        with pytest.raises(ERRORS, match=r"fields="):
            PyForgeJsonResponse(User.objects.all())


def test_an_anonymous_user_is_no_model():
    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(AnonymousUser)
    with pytest.raises(TypeError, match=r"^Object of type AnonymousUser is not JSON serializable.*\$\.user"):
        PyForgeJsonResponse({"user": request.user})
