"""`python -m demo_site.manage import_airports FILE`: validate rows of airports and import them."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override
from tqdm import tqdm

from demo_site.airports import imports, reports
from pyforge_web import BatchValidationError, BodyError


class Command(BaseCommand):
    """Import the airports in a file, all or none."""

    help = "Import airports from a CSV or JSON file (UTF-8): all, or none and a list of all errors."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and the options."""
        parser.add_argument(
            "file", type=Path, help=f"CSV with a line of names, or a JSON array: {', '.join(imports.FIELDS)}"
        )
        parser.add_argument("--valid-rows", action="store_true", help="import the rows without errors")
        parser.add_argument("--dry-run", action="store_true", help="validate, and write nothing")
        codes = [code for code, _ in settings.LANGUAGES]
        parser.add_argument("--language", choices=codes, default=settings.LANGUAGE_CODE, help="of the errors")

    def handle(self, *args: Any, **options: Any) -> None:
        """Validate with a progress bar, list the errors, import."""
        with override(options["language"]):
            rows = self._read(options["file"])
            with tqdm(
                desc="Rows",
                total=len(rows),
                unit="",
                unit_scale=True,
                file=sys.stderr,
                disable=options["verbosity"] < 1,
            ) as bar:
                checked = imports.check(rows, progress=lambda done, total: bar.update(done - bar.n))
                bar.update(len(rows) - bar.n)
            self._report(rows, checked)
            if checked.errors and not options["valid_rows"]:
                raise CommandError(
                    f"{len(checked.errors):,} of {checked.total:,} rows have errors: nothing was imported."
                )
            if options["dry_run"]:
                self.stdout.write(f"{len(checked.airports):,} of {checked.total:,} rows are valid.")
                return
            try:
                created = imports.create(checked.airports)
            except BatchValidationError as error:
                raise CommandError(f"The database changed meanwhile, nothing was imported: {error}") from error
        self.stdout.write(self.style.SUCCESS(f"Imported {len(created):,} of {checked.total:,} airports."))

    def _read(self, path: Path) -> list[Any]:
        try:
            return imports.read(path.read_text("utf-8-sig"), max_size=sys.maxsize)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{path} is not UTF-8.") from error
        except BodyError as error:
            raise CommandError(f"{path}: {' '.join(error.messages)}") from error

    def _report(self, rows: list[Any], checked: imports.Checked) -> None:
        """List every error, one on a line."""
        for row in reports.tell(rows, checked.errors):
            for fault in row.faults:
                value = "" if fault.value is None else f" {fault.value}"
                for text in fault.texts:
                    self.stderr.write(f"Row {row.number}, {fault.field}{value}: {text}")
