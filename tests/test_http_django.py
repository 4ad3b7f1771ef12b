"""Django's own tests of JsonResponse and its encoder, written anew: each runs against Django's class and ours."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.http import JsonResponse
from django.utils.translation import gettext_lazy, override

from pyforge_web import PyForgeJsonResponse


@pytest.fixture(params=[JsonResponse, PyForgeJsonResponse])
def response_class(request):
    return request.param


class TestJsonResponse:
    def test_non_ascii(self, response_class):
        data = {"key": "\u0142\u00f3\u017cko"}
        assert json.loads(response_class(data).text) == data

    def test_raises_type_error_with_default_setting(self, response_class):
        message = "In order to allow non-dict objects to be serialized set the safe parameter to False"
        with pytest.raises(TypeError, match=message):
            response_class([1, 2, 3])

    def test_text(self, response_class):
        assert json.loads(response_class("foobar", safe=False).text) == "foobar"

    def test_list(self, response_class):
        assert json.loads(response_class(["foo", "bar"], safe=False).text) == ["foo", "bar"]

    def test_uuid(self, response_class):
        u = uuid.uuid4()
        assert json.loads(response_class(u, safe=False).text) == str(u)

    def test_custom_encoder(self, response_class):
        class CustomDjangoJSONEncoder(DjangoJSONEncoder):
            def encode(self, o):
                return json.dumps({"foo": "bar"})

        assert json.loads(response_class({}, encoder=CustomDjangoJSONEncoder).text) == {"foo": "bar"}

    def test_passing_arguments_to_json_dumps(self, response_class):
        assert response_class({"foo": "bar"}, json_dumps_params={"indent": 2}).text == '{\n  "foo": "bar"\n}'

    def test_lazy_text(self, response_class):
        data = {"lang": gettext_lazy("French")}
        assert json.loads(response_class(data).text) == {"lang": "French"}
        with override("fr"):
            assert json.loads(response_class(data).text) == {"lang": "Fran\u00e7ais"}

    def test_timedelta(self, response_class):
        data = {"a": timedelta(days=1, hours=2, seconds=3), "b": timedelta(0)}
        assert json.loads(response_class(data).text) == {"a": "P1DT02H00M03S", "b": "P0DT00H00M00S"}


class TestClient:
    def test_view(self, client):
        response = client.get("/values/")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert json.loads(response.text) == {
            "a": [1, 2, 3],
            "foo": {"bar": "baz"},
            "timestamp": "2013-05-19T20:00:00",
            "value": "3.14",
        }

    def test_json(self, client):
        response = client.get("/values/")
        assert response.json()["foo"] == {"bar": "baz"}
        assert response.json() is response.json()

    def test_json_vendor(self, client):
        response = client.get("/vendor/")
        assert response.headers["Content-Type"] == "application/vnd.api+json"
        assert response.json() == {"a": 1}

    def test_json_wrong_header(self, client):
        with pytest.raises(ValueError, match='Content-Type header is "text/html", not "application/json"'):
            client.get("/html/").json()

    def test_text_of_the_language_in_the_view(self, client):
        assert client.get("/lazy/").json() == {"error": "Dieses Feld ist zwingend erforderlich."}

    def test_error_reaches_the_client(self, client):
        with pytest.raises(TypeError, match=r"^Object of type set is not JSON serializable.*\$\.tags"):
            client.get("/broken/")

    def test_error_becomes_a_page(self, client):
        client.raise_request_exception = False
        assert client.get("/broken/").status_code == 500
