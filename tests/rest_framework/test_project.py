"""`PYFORGE_WEB["REST_FRAMEWORK"] = True`: DRF's own classes get the native path."""

import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from rest_framework import pagination, serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.conf import get_settings
from pyforge_web.rest_framework import project
from pyforge_web.rest_framework.pagination import PageQuerySet
from pyforge_web.rest_framework.recognition import standard_list
from tests.relations.models import Author
from tests.rest_framework.cases import make

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.urls("tests.rest_framework.urls"),
    pytest.mark.usefixtures("filled_scalars"),
]
CASES = make(())
CONTEXT = {"user": "me", "request": APIRequestFactory().get("/")}


@pytest.fixture
def installed():
    project.install_native_path()
    yield
    project.uninstall_native_path()


@pytest.mark.parametrize("name", CASES)
def test_project_data_is_what_drf_gives(name, sqlite, request):
    case = CASES[name]
    expected = case.serializer(case.queryset(), many=True, context=CONTEXT).data
    request.getfixturevalue("installed")
    assert case.serializer(case.queryset(), many=True, context=CONTEXT).data == expected


def test_project_serializers_make_no_instances(sqlite, installed):
    case = CASES["author"]
    queryset = case.queryset()
    assert case.serializer(queryset, many=True).data
    assert queryset._result_cache is None


def test_project_paginator_hands_on_a_queryset(sqlite, installed):
    paginator = type("Pages", (pagination.PageNumberPagination,), {"page_size": 3})()
    page = paginator.paginate_queryset(Author.objects.order_by("pk"), Request(APIRequestFactory().get("/?page=2")))
    assert isinstance(page, PageQuerySet)
    assert [author.pk for author in page] == list(Author.objects.order_by("pk").values_list("pk", flat=True)[3:6])


def test_uninstall_native_path_gives_drf_its_methods_back():
    project.install_native_path()
    project.uninstall_native_path()
    assert serializers.ListSerializer.to_representation is standard_list
    assert pagination.PageNumberPagination.paginate_queryset.__module__ == "rest_framework.pagination"


def test_method_that_somebody_replaced_stays_and_is_reported(monkeypatch):
    def theirs(self, data):
        return standard_list(self, data)

    monkeypatch.setattr(serializers.ListSerializer, "to_representation", theirs)
    project.install_native_path()
    try:
        assert serializers.ListSerializer.to_representation is theirs
        with override_settings(PYFORGE_WEB={"REST_FRAMEWORK": True}):
            found = [message for message in run_checks() if message.id == "pyforge_web.W041"]
        assert len(found) == 1
        assert "ListSerializer.to_representation" in found[0].msg
    finally:
        project.uninstall_native_path()


@pytest.mark.parametrize("value", [True, False])
def test_ready_obeys_the_setting(value):
    code = f"""
import django
from django.conf import settings
apps = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "pyforge_web"]
settings.configure(INSTALLED_APPS=apps,
    PYFORGE_WEB={{"REST_FRAMEWORK": {value}}})
django.setup()
from rest_framework.serializers import ListSerializer
print(ListSerializer.to_representation.__module__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = "pyforge_web.rest_framework.project" if value else "rest_framework.serializers"
    assert done.stdout.strip() == expected


@pytest.mark.parametrize("value", [None, "yes", 1])
def test_setting_of_another_type_is_an_error(value):
    with override_settings(PYFORGE_WEB={"REST_FRAMEWORK": value}):
        assert "pyforge_web.E001" in [message.id for message in run_checks()]
    assert get_settings()["REST_FRAMEWORK"] is False
