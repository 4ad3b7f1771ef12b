"""`manage.py pyforge_reads app.Model.attribute`: which columns an attribute reads, as `reads=[...]` to paste."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from pyforge_web.management.command_errors import command_error
from pyforge_web.management.model_labels import find_model
from pyforge_web.output.attribute_reads import watch_attribute


class Command(BaseCommand):
    """Reads an attribute of an instance once, and prints what it has read."""

    help = "Reads a property or method of one row, and prints the columns and relations that it reads as reads=[...]."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the attribute and the row."""
        parser.add_argument("attribute", help="the property or method, as app_label.Model.attribute")
        parser.add_argument("--pk", help="the key of the row (default: the first row)")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="its alias")

    def handle(self, *args: Any, attribute: str, pk: str | None, database: str, **options: Any) -> None:
        """Prints the line."""
        label, _, name = attribute.rpartition(".")
        model = find_model(label, "app_label.Model.attribute")
        if not hasattr(model, name):
            raise command_error(f"{model.__name__} has no attribute {name!r}.", "pyforge_reads")
        read = watch_attribute(self._find_instance(model, pk, database), name)
        if read.error is not None:
            self.stderr.write(f"It raised {type(read.error).__name__}: {read.error}. This is what it has read before.")
        names = ", ".join(f'"{path}"' for path in read.names)
        self.stdout.write(f'{{"{name}": Attribute("{name}", reads=[{names}])}}')
        for sql in read.queries:
            self.stderr.write(f"It sends a query of its own, which Attribute refuses: {sql[:200]}")
        self.stderr.write("Of this row. A condition in its code may read others: a column that is not named raises.")

    def _find_instance(self, model: type[Model], pk: str | None, database: str) -> Model:
        rows = model._default_manager.using(database)
        instance = rows.order_by("pk").first() if pk is None else rows.filter(pk=pk).first()
        if instance is None:
            where = "no rows" if pk is None else f"no row with the key {pk!r}"
            raise command_error(f"{model.__name__} has {where} in the database {database}.", "pyforge_reads")
        return instance
