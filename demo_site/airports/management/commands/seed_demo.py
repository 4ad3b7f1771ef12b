"""`python -m demo_site.manage seed_demo`: load the airports and their countries, once."""

import sys
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from demo_site.airports import nearby, seed
from demo_site.airports.models import Airport, Country


class Command(BaseCommand):
    """Load the demo's data; do nothing where it is loaded already."""

    help = "Load the world's airports (airportsdata) and countries (countryinfo). Does nothing if there are any."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all tables, or none, and say what was done."""
        if Airport.objects.exists():
            if not Airport.nearby.through.objects.exists():  # a database of an earlier version
                self.stdout.write(self.style.SUCCESS(f"Found {nearby.load():,} pairs of airports near each other."))
            self.stdout.write(
                f"Nothing to do: there are {Airport.objects.count():,} airports and "
                f"{Country.objects.count():,} countries."
            )
            return
        bar = partial(
            tqdm, desc="Airports", unit="", unit_scale=True, file=sys.stderr, disable=options["verbosity"] < 1
        )
        done = seed.load(progress=bar)
        self.stdout.write(
            self.style.SUCCESS(
                f"Loaded {done.airports:,} airports and {done.countries:,} countries, and found {done.nearby:,} pairs "
                "of airports near each other."
            )
        )
        if done.unknown:
            self.stdout.write(
                f"countryinfo does not know {', '.join(done.unknown)}: made with the code for a name, "
                "so that no airport is lost."
            )
