"""Who is near whom, and the nested endpoint: Django's instances say what it must give."""

import json
from math import acos, cos, pi, radians, sin

import pytest
from asgiref.sync import async_to_sync

from demo_site.airports.models import Airport
from demo_site.airports.nearby import EARTH_RADIUS, GREENWICH, KILOMETRES, NUMBER, distance, load, pairs
from demo_site.airports.other_cases import CASES
from pyforge_web.metering import collect

PATH = "/api/airports/nearby/"


def angle(one, other):
    """The kilometres between two places, by the spherical law of cosines."""
    (a, b), (c, d) = ([radians(side) for side in place] for place in (one, other))
    inside = sin(a) * sin(c) + cos(a) * cos(c) * cos(b - d)
    return acos(max(-1.0, min(1.0, inside))) * EARTH_RADIUS


def test_distances_are_in_kilometres():
    keflavik, nadi = (63.985, -22.6056), (-17.7553, 177.4430)
    assert distance(keflavik, nadi) == pytest.approx(angle(keflavik, nadi), rel=1e-9)
    assert distance((0, 0), (0, 180)) == pytest.approx(pi * EARTH_RADIUS)
    assert distance((10, 20), (10, 20)) == 0


def test_the_nearest_within_reach(sample):
    rows = list(Airport.objects.exclude(iata="").values_list("pk", "latitude", "longitude"))
    found = {}
    for one, other in pairs(rows):
        found.setdefault(one, []).append(other)
    places = {key: place for key, *place in rows}
    for key, place in places.items():
        far = sorted((angle(place, places[other]), other) for other in places if other != key)
        assert found.get(key, []) == [other for kilometres, other in far if kilometres <= KILOMETRES][:NUMBER]
    stored = Airport.nearby.through.objects.values_list("from_airport_id", "to_airport_id")
    assert sorted(stored) == sorted((one, other) for one, others in found.items() for other in others)
    assert sample.nearby == len(stored) > 100


def test_across_the_180th_meridian_and_at_the_poles():
    rows = [(1, -17.0, 179.9), (2, -17.0, -179.9), (3, 90.0, 0.0), (4, 89.9, 120.0), (5, 0.0, 0.0)]
    assert list(pairs(rows)) == [(1, 2), (2, 1), (3, 4), (4, 3)]
    assert list(pairs([])) == []


def test_the_endpoint_gives_what_djangos_instances_have(client, sample, django_assert_num_queries):
    case = next(case for case in CASES if case.slug == "nearby")
    with django_assert_num_queries(4), collect() as counted:
        answer = client.get(PATH, {"iata": "yes", "page_size": 500})
    page = answer.json()
    assert page["results"] == json.loads(json.dumps(case.plain()))["results"]
    assert counted.django_columns == counted.django_rows == 0
    assert any(row["nearby"] for row in page["results"])
    assert (page["count"], page["page"], page["pages"]) == (len(page["results"]), 1, 1)
    assert (page["next"], page["previous"]) == (None, None)
    assert client.get(PATH, {"iata": "yes", "page": 99}).status_code == 400
    assert client.get(PATH, {"country": "ZZ"}).status_code == 400


def test_the_addresses_in_the_endpoint_lead_on(client, sample):
    page = client.get(PATH, {"iata": "yes", "page_size": 5}).json()
    following = client.get(page["next"]).json()
    assert client.get(following["previous"]).json() == page
    row = page["results"][0]
    assert client.get(row["url"]).json()["icao"] == row["icao"]
    airport = Airport.objects.get(icao=row["icao"])
    assert row["country"]["regionName"] == airport.country.get_region_display()
    kilometres = angle((airport.latitude, airport.longitude), GREENWICH)
    assert row["kmToGreenwich"] == pytest.approx(kilometres, abs=1)


def test_the_asynchronous_one_gives_the_same(client, async_client, sample):
    async def ask():
        return await async_client.get("/api/async/airports/nearby/", {"country": "FJ"})

    answer = client.get(PATH, {"country": "FJ"})
    assert async_to_sync(ask)().content == answer.content
    assert answer.json()["results"]


def test_a_database_of_an_earlier_version_gets_its_pairs(sample, capsys):
    from django.core.management import call_command

    through = Airport.nearby.through.objects
    before = sorted(through.values_list("from_airport_id", "to_airport_id"))
    through.all().delete()
    call_command("seed_demo", verbosity=0)
    assert sorted(through.values_list("from_airport_id", "to_airport_id")) == before
    call_command("seed_demo", verbosity=0)
    assert capsys.readouterr().out.count("near each other") == 1
    through.all().delete()
    assert load() == len(before)
