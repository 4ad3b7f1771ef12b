"""The page of frameworks: every way writes what REST framework writes."""

import json

import pytest

from demo_site.airports import frameworks


@pytest.mark.parametrize("size", frameworks.SIZES)
def test_ways_are_equal(sample, size):
    results = frameworks.measure_ways(size)
    assert [result.way.slug for result in results] == ["drf", "mixin", "rows", "ninja", "native", "plain"]
    assert [result.difference for result in results] == [None] * len(results)
    assert all(result.same_bytes for result in results if result.way.slug in ("mixin", "rows"))


def test_native_operation_is_written_natively(sample, django_assert_num_queries):
    ways = {way.slug: way for way in frameworks.ways()}
    with django_assert_num_queries(2):  # the airports with their countries, and those near them
        assert json.loads(frameworks.respond_in_way(ways["native"], 25))


def test_page_shows_all_ways(client, sample):
    html = client.get("/frameworks/?size=1000").content.decode()
    assert html.count("the same bytes") >= 3
    assert "differs" not in html
    assert client.get("/frameworks/?size=x").status_code == 200


def test_bodies_can_be_read(client, sample):
    for way in frameworks.ways():
        assert client.get(f"/api/frameworks/{way.slug}/25/").json()
    assert client.get("/api/frameworks/flask/25/").status_code == 404
    assert client.get("/api/frameworks/drf/7/").status_code == 404
