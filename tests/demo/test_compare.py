"""The measuring behind the compare page: agreement first, then sizes and times."""

import json

import pytest

from demo_site.airports.cases import Case
from demo_site.airports.compare import PARTS, SIDES, compare, first_difference
from demo_site.airports.models import Airport
from demo_site.airports.other_cases import CASES, VALIDATED
from demo_site.airports.timing import RUNS_MIN


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, None),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": 0}]}, "$.a[1].b"),
        ([1, 2], [1, 2, 3], "$"),
        ([1], [1.0], "$[0]"),
        ([1], [True], "$[0]"),
        ([0.0], [-0.0], "$[0]"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "$"),
    ],
)
def test_first_difference_has_a_path(one, other, path):
    assert first_difference(one, other) == path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
def test_every_case_is_equal_and_measured(sample, case):
    found = compare(case, budget=0)
    assert found.difference is None
    assert found.same_bytes or case.slug in ("embed", "stream")
    assert found.runs == 1
    assert set(found.sides) == set(SIDES)
    assert found.sides["pyforge"].size <= found.sides["django"].size
    for side in found.sides.values():
        assert 0 < side.timing.best <= side.timing.median
        assert sum(side.timing.parts.values()) == pytest.approx(side.timing.best)


@pytest.mark.parametrize("case", [case for case in CASES if case.queryset], ids=lambda case: case.slug)
def test_a_queryset_is_measured_in_parts_and_read_natively(sample, case):
    found = compare(case, budget=0)
    django, pyforge = (found.sides[side].timing.parts for side in SIDES)
    assert [*django, list(pyforge)[1]] == [part.slug for part in PARTS]
    assert list(pyforge) == ["sql", "native"]
    assert all(time > 0 for time in (*django.values(), *pyforge.values()))
    rows = list(case.queryset())
    assert rows
    assert found.columns["rows"] == len(rows)
    assert found.columns["native_columns"] == len(rows[0])
    assert found.columns["django_columns"] == 0


def test_the_import_stores_rows_and_leaves_none(sample):
    case = next(case for case in CASES if case.slug == "create")
    before = set(Airport.objects.values_list("pk", flat=True))
    found = compare(case, budget=0)
    assert found.difference is None
    rows = [json.loads(way()) for way in case.ways]
    assert rows[0] == rows[1]
    assert 0 < len(rows[0]) <= VALIDATED
    assert {row["icao"] for row in rows[0]}.isdisjoint(Airport.objects.values_list("icao", flat=True))
    assert set(Airport.objects.values_list("pk", flat=True)) == before


def test_what_is_no_queryset_has_no_parts(sample):
    found = compare(next(case for case in CASES if not case.queryset), runs=1)
    assert [list(side.timing.parts) for side in found.sides.values()] == [["whole"], ["whole"]]
    assert found.columns is None


def test_a_difference_is_found():
    case = Case("x", "", "", lambda: {"rows": [1, 2]}, lambda: {"rows": [1, 3]})
    found = compare(case, budget=1e-9)
    assert found.runs == RUNS_MIN
    assert found.difference == "$.rows[1]"
    assert not found.same_bytes


def test_the_endpoint_gives_the_comparison(client, sample):
    answer = client.get("/api/compare/instance/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert answer.json()["difference"] is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
def test_the_bodies_can_be_looked_at(client, sample, case):
    bodies = [client.get(f"/api/compare/{case.slug}/{side}/") for side in SIDES]
    django, pyforge = (case.read(body.content) for body in bodies)
    assert django == pyforge
    assert {body["Content-Type"] for body in bodies} == {case.content_type}


@pytest.mark.django_db
def test_without_data_it_says_what_to_do(client):
    answer = client.get("/api/compare/instance/")
    assert answer.status_code == 503
    assert b"seed_demo" in answer.content
