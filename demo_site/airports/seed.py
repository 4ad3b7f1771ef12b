"""Fills the tables from the packages: with everything for `seed_demo`, with a few countries for tests."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.utils import timezone

from demo_site.airports import nearby, source
from demo_site.airports.models import Airport, Country

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Seeded:
    """What `load` wrote."""

    countries: int
    airports: int
    nearby: int
    """Pairs of airports."""
    unknown: tuple[str, ...]
    """Codes of countries that countryinfo does not know."""


def load(
    codes: Collection[str] | None = None,
    *,
    progress: Callable[[list[source.Entry]], Iterable[source.Entry]] = iter,
) -> Seeded:
    """Write all countries and airports, or those of the countries in `codes`, in one transaction.

    `progress` wraps the list of airport entries, as tqdm does. The tables must not hold these rows yet.
    """
    entries = source.airport_entries(codes)
    known = source.country_entries()
    wanted = set(codes) if codes is not None else {entry["country"] for entry in entries} | set(known)
    released_on, loaded_at = source.release_date(), timezone.now()
    rows = (source.airport(entry, released_on, loaded_at) for entry in progress(entries))
    with transaction.atomic():
        Country.objects.bulk_create(source.countries(wanted), batch_size=BATCH)
        while batch := list(islice(rows, BATCH)):
            Airport.objects.bulk_create(batch)
        pairs = nearby.load()
    return Seeded(len(wanted), len(entries), pairs, tuple(sorted(wanted - set(known))))
