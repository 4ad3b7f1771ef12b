"""The data: complete, atomic, loaded once, and what is derived says so."""

import datetime as dt
import io
import uuid
from collections import Counter

import airportsdata
import countryinfo
import pytest
from django.core.management import call_command
from django.test import override_settings

from demo_site.airports import seed, source
from demo_site.airports.models import Airport, Country
from tests.demo.conftest import SAMPLE


def seed_demo() -> str:
    """Run the command without its progress bar; give what it said."""
    out = io.StringIO()
    call_command("seed_demo", verbosity=0, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_everything_the_package_has_is_loaded_once():
    entries = airportsdata.load("ICAO")
    said = seed_demo()
    assert f"{len(entries):,} airports" in said
    assert "XK" in said, "the country that countryinfo does not know is named"

    rows = Airport.objects.values_list("icao", "iata", "country", "latitude", "longitude", "time_zone", "name", "uid")
    assert {row[0]: row[1:6] for row in rows} == {
        icao: (entry["iata"], entry["country"], entry["lat"], entry["lon"], entry["tz"])
        for icao, entry in entries.items()
    }
    assert {row[6] for row in rows} == {entry["name"].strip() for entry in entries.values()}
    assert all(row[7] == uuid.uuid5(source.NAMESPACE, row[0]) for row in rows)

    known = {country.iso(2) for country in countryinfo.all_countries()} - {""}
    used = Counter(entry["country"] for entry in entries.values())
    assert set(Country.objects.values_list("code", flat=True)) == known | set(used)

    before = Airport.objects.count(), Country.objects.count()
    assert seed_demo().startswith("Nothing to do")
    assert (Airport.objects.count(), Country.objects.count()) == before


@pytest.mark.django_db(transaction=True)
def test_a_failure_leaves_nothing_behind(monkeypatch):
    made = iter(range(100))

    def failing(entry, *args, airport=source.airport):
        if next(made) == 50:
            raise RuntimeError("the disk is full")
        return airport(entry, *args)

    monkeypatch.setattr(source, "airport", failing)
    monkeypatch.setattr(seed, "BATCH", 10)
    with pytest.raises(RuntimeError, match="disk is full"):
        seed.load(SAMPLE)
    assert not Airport.objects.exists()
    assert not Country.objects.exists()


def test_every_row_is_valid_as_django_judges_it(sample):
    assert sample.airports == Airport.objects.count() > 90
    assert sample.unknown == ("XK",)
    for row in (*Airport.objects.all(), *Country.objects.all()):
        row.full_clean(validate_unique=False, validate_constraints=False)


def test_a_country_that_is_not_known_keeps_its_airports(sample):
    kosovo = Country.objects.get(code="XK")
    assert (kosovo.name, kosovo.region, kosovo.area_km2, kosovo.outline) == ("XK", "", None, None)
    assert kosovo.airports.count() == 2


@pytest.mark.parametrize(("code", "name"), [("GB", "United Kingdom"), ("PS", "Palestine"), ("MM", "Myanmar")])
def test_of_several_entries_with_one_code_the_fullest_is_taken(code, name):
    (country,) = source.countries({code})
    assert country.name == name
    assert country.population


def test_derived_values_are_what_their_help_texts_say(sample):
    derived = {field.name for field in Airport._meta.fields if field.help_text.startswith("Derived")}
    assert derived == {"elevation_ft", "solar_offset", "uid"}
    keflavik = Airport.objects.get(icao="BIKF")
    assert keflavik.elevation_ft == round(airportsdata.load()["BIKF"]["elevation"])
    by_longitude = dt.timedelta(minutes=4 * keflavik.longitude)
    assert abs(keflavik.solar_offset - by_longitude) < dt.timedelta(seconds=1)
    assert keflavik.released_on == source.release_date()


@pytest.mark.django_db(databases="__all__")  # those that other tests have opened are asked, too
@override_settings(MIGRATION_MODULES={})
def test_migrations_are_complete():
    call_command("makemigrations", "airports", check=True, dry_run=True, verbosity=0)
