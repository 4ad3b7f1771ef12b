"""The export, and the asynchronous views: the bytes of the synchronous ones."""

import json

import pytest
from asgiref.sync import async_to_sync

import pyforge_web
from demo_site.airports.models import Airport


def read(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("address", ["/api/export/", "/api/export-async/"])
def test_export_has_every_airport(client, sample, address):
    expected = pyforge_web.dumps(Airport.objects.all())
    answer = client.get(address)
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"] == 'attachment; filename="airports.ndjson"'
    assert "Content-Length" not in answer
    lines = read(answer).splitlines()
    assert len(lines) == sample.airports
    assert [json.loads(line) for line in lines] == json.loads(expected)
    answer = client.get(address, {"format": "array"})
    assert answer["Content-Type"] == "application/json"
    assert read(answer) == expected


def test_a_wrong_format_is_explained(client, sample):
    answer = client.get("/api/export/?format=csv")
    assert answer.status_code == 400
    assert "Write ndjson" in answer.content.decode()


PATHS = (
    "airports/?country=IS&page_size=5",
    "airports/?page=99",
    "airports/?country=ZZ",
    "airports/BIKF/",
    "countries/?region=Europe",
    "countries/?region=Mars",
    "countries/IS/",
)


@pytest.mark.parametrize("path", PATHS)
def test_the_asynchronous_views_give_the_same(client, async_client, sample, path):
    expected = client.get(f"/api/{path}")
    answer = client.get(f"/api/async/{path}")
    assert (answer.status_code, answer.json()) == (
        expected.status_code,
        json.loads(expected.content.replace(b"/api/airports/?", b"/api/async/airports/?")),
    )

    async def ask():
        return await async_client.get(f"/api/async/{path}")

    assert async_to_sync(ask)().content == answer.content


@pytest.mark.parametrize("path", ["airports/NONE/", "countries/ZZ/"])
def test_missing_rows_are_404(client, sample, path):
    assert client.get(f"/api/async/{path}").status_code == 404


@pytest.mark.parametrize("path", ["airports/BIKF/", "countries/IS/", "async/airports/BIKF/", "async/countries/IS/"])
def test_asked_again_it_is_304(client, sample, path):
    first = client.get(f"/api/{path}")
    again = client.get(f"/api/{path}", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Airport.objects.filter(icao="BIKF").update(name="Another name")
    changed = client.get(f"/api/{path}", headers={"if-none-match": first["ETag"]})
    assert changed.status_code == (200 if "airports" in path else 304)
