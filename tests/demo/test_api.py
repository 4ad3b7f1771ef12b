"""The JSON endpoints: Django's values, filters, pages, and errors that say what to do."""

import json

import airportsdata
import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count
from django.urls import reverse

from demo_site.airports.api import AIRPORT_FIELDS, COUNTRY_FIELDS
from demo_site.airports.forms import PAGE_SIZE, PAGE_SIZE_MAX
from demo_site.airports.models import Airport, Country
from pyforge_web.fields import to_camel
from pyforge_web.metering import collect


def as_django(value):
    """What a client reads when Django writes the value."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def in_camel_case(row):
    """A row of the list: its keys, and the address of its airport."""
    row = {to_camel(name): value for name, value in row.items()}
    return {**row, "url": reverse("airport-detail", kwargs={"icao": row["icao"]})}


def codes(response) -> list[str]:
    """The ICAO codes of a list response."""
    assert response.status_code == 200, response.content
    return [row["icao"] for row in response.json()["results"]]


def test_the_list_gives_djangos_values(client, sample):
    answer = client.get("/api/airports/", {"country": "IS"})
    assert answer["Content-Type"] == "application/json"
    found = Airport.objects.filter(country="IS")
    assert answer.json() == {
        "count": found.count(),
        "page": 1,
        "pages": -(-found.count() // PAGE_SIZE),
        "next": "/api/airports/?country=IS&page=2",
        "previous": None,
        "results": [in_camel_case(row) for row in as_django(list(found.values(*AIRPORT_FIELDS)[:PAGE_SIZE]))],
    }
    assert list(answer.json()["results"][0])[-3:] == ["elevationFt", "timeZone", "url"]


def test_an_instance_gives_djangos_values(client, sample):
    answer = client.get("/api/airports/bikf/").json()
    assert answer == as_django(Airport.objects.values().get(icao="BIKF"))
    assert set(answer) == {field.attname for field in Airport._meta.concrete_fields}


def test_countries_give_djangos_values(client, sample):
    rows = Country.objects.annotate(airport_count=Count("airports")).values(*COUNTRY_FIELDS, "airport_count")
    assert client.get("/api/countries/").json() == {"count": 4, "results": as_django(list(rows))}
    assert client.get("/api/countries/is/").json() == as_django(Country.objects.values().get(code="IS"))
    assert [row["code"] for row in client.get("/api/countries/?region=Europe").json()["results"]] == ["AD", "IS"]


def test_filters_select_rows(client, sample):
    entries = airportsdata.load()
    iceland = sorted(icao for icao, entry in entries.items() if entry["country"] == "IS")
    with_iata = [icao for icao in iceland if entries[icao]["iata"]]
    ask = {"country": "is", "page_size": PAGE_SIZE_MAX}
    assert codes(client.get("/api/airports/", ask)) == iceland
    assert codes(client.get("/api/airports/", {**ask, "iata": "yes"})) == with_iata
    assert codes(client.get("/api/airports/", {**ask, "iata": "no"})) == sorted(set(iceland) - set(with_iata))
    assert codes(client.get("/api/airports/", {"q": "KEFLA"})) == ["BIKF"]
    assert codes(client.get("/api/airports/", {"q": "kef"})) == ["BIKF"]
    assert codes(client.get("/api/airports/", {"q": "nowhere at all"})) == []


@pytest.mark.parametrize(
    ("bbox", "inside"),
    [
        ((-25, 63, -13, 67), lambda lon, lat: -25 <= lon <= -13 and 63 <= lat <= 67),
        ((179, -20, -178, -15), lambda lon, lat: (lon >= 179 or lon <= -178) and -20 <= lat <= -15),
    ],
    ids=["plain", "across the 180th meridian"],
)
def test_box_selects_the_airports_inside(client, sample, bbox, inside):
    rows = Airport.objects.values_list("icao", "longitude", "latitude")
    expected = [icao for icao, lon, lat in rows if inside(lon, lat)]
    assert expected
    asked = {"bbox": ",".join(map(str, bbox)), "page_size": PAGE_SIZE_MAX}
    assert codes(client.get("/api/airports/", asked)) == expected


def test_following_next_meets_every_airport_once(client, sample):
    url, seen = "/api/airports/?page_size=17", []
    while url:
        answer = client.get(url)
        seen += codes(answer)
        url = answer.json()["next"]
    assert seen == list(Airport.objects.values_list("icao", flat=True))
    assert answer.json()["previous"] == f"/api/airports/?page_size=17&page={answer.json()['pages'] - 1}"


@pytest.mark.parametrize(
    ("path", "columns"), [("/api/airports/", len(AIRPORT_FIELDS)), ("/api/countries/", len(COUNTRY_FIELDS) + 1)]
)
def test_a_list_takes_two_queries_and_is_read_natively(client, sample, django_assert_num_queries, path, columns):
    with django_assert_num_queries(2), collect() as counted:  # the count and the rows
        rows = client.get(path).json()["results"]
    assert counted.rows == len(rows) > 0
    assert (counted.native_columns, counted.django_columns) == (columns, 0)


@pytest.mark.parametrize(
    ("query", "name", "hint"),
    [
        ("page=0", "page", "at least 1"),
        ("page=two", "page", "at least 1"),
        ("page=99", "page", "The last page is"),
        ("page_size=0", "page_size", f"at most {PAGE_SIZE_MAX}"),
        (f"page_size={PAGE_SIZE_MAX + 1}", "page_size", f"at most {PAGE_SIZE_MAX}"),
        ("country=ZZ", "country", "/api/countries/"),
        ("country=Iceland", "country", "at most 2 characters"),
        ("iata=maybe", "iata", "Write yes"),
        ("q=x", "q", "at least 2 characters"),
        ("q=a%00b", "q", "Null characters"),
        ("bbox=1,2,3", "bbox", "for example -25,63,-13,67"),
        ("bbox=a,b,c,d", "bbox", "west,south,east,north"),
        ("bbox=0,10,0,-10", "bbox", "south first"),
        ("bbox=0,0,nan,0", "bbox", "between -180 and 180"),
        ("bbox=0,0,200,10", "bbox", "between -180 and 180"),
        ("contry=IS", "contry", "There are: country, iata, q, bbox, page, page_size."),
    ],
)
def test_a_bad_parameter_is_named_and_explained(client, sample, query, name, hint):
    answer = client.get(f"/api/airports/?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert (problem["status"], problem["title"], list(problem["errors"])) == (400, "Bad parameters", [name])
    assert hint in " ".join(problem["errors"][name])


def test_a_wrong_region_lists_the_regions(client, sample):
    answer = client.get("/api/countries/?region=Mars")
    assert answer.status_code == 400
    assert "There are: Europe, Oceania." in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/api/airports/NONE/", "/api/airports/?q="),
        ("/api/countries/ZZ/", "/api/countries/"),
        ("/api/compare/nothing/", "countries"),
        ("/api/compare/page/flask/", "django, pyforge"),
        ("/api/planes/", "lists the endpoints"),
    ],
)
def test_what_is_not_there_is_404_as_json(client, sample, path, hint):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert hint in json.loads(answer.content)["detail"]


def test_only_reading_is_allowed(client, sample):
    for path in ("/api/airports/", "/api/airports/BIKF/", "/api/countries/", "/api/countries/IS/", "/api/x/"):
        assert client.post(path).status_code == 405
        assert client.head(path).status_code in {200, 404}
