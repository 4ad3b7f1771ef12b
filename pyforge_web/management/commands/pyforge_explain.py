"""`manage.py pyforge_explain app.Model`: which columns take the native path, and why the others do not."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pyforge_web.serializers import CompiledSerializer, FieldPath


class Command(BaseCommand):
    """Prints a row for each column of a model."""

    help = "Shows for each column of a model its kind, whether it takes the native path, and if not, why."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the model and the database."""
        parser.add_argument("model", help="the model, as app_label.Model")
        parser.add_argument("--database", default="default", help="the alias of the database (default: default)")

    def handle(self, *args: Any, model: str, database: str, **options: Any) -> None:
        """Prints the table."""
        try:
            found = apps.get_model(model)
        except (LookupError, ValueError) as error:
            raise CommandError(f"No model {model!r}: {error}") from error
        rows = [
            FieldPath("column", "kind", "path", "reason"),
            *CompiledSerializer.for_model(found).explain(database),
        ]
        widths = [max(len(str(row[place] or "-")) for row in rows) for place in range(3)]
        for row in rows:
            cells = [str(cell or "-").ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.stdout.write("  ".join([*cells, row.reason]))
