"""`manage.py pyforge_explain app.Model`: what of a model is native, and why the rest is not. `--all`: of a project."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldError
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from pyforge_web.management.command_errors import command_error
from pyforge_web.management.model_labels import find_model
from pyforge_web.output.grammar import read_fields
from pyforge_web.report.model_paths import PathSummary, summarize_validated, summarize_written
from pyforge_web.serializers import CompiledSerializer
from pyforge_web.validators import CompiledValidator, FieldRules


class Command(BaseCommand):
    """Print how each field of a model, or all fields of a project, are written and validated."""

    help = "Shows for each field of a model how it is written and validated: natively, or by Django, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("model", nargs="?", default="", help="the model, as app_label.Model")
        parser.add_argument("--all", action="store_true", help="shares and ranked reasons for all models")
        parser.add_argument("--serializer", default="", help="a serializer of DRF, as shop.api.ArticleSerializer")
        parser.add_argument(
            "--fields", help='as id,title, \'["id", {"author": ["name"]}]\' or shop.api.ARTICLE (default: all columns)'
        )
        parser.add_argument("--database", default="default", help="the alias of the database (default: default)")

    def handle(
        self, *args: Any, model: str, serializer: str, database: str, fields: str | None, **options: Any
    ) -> None:
        """Print the table, or the summary of the project."""
        if options["all"]:
            self._explain_project(database)
            return
        if serializer:
            self._explain_serializer(serializer)
            return
        if not model:
            raise command_error("Name a model, as app_label.Model, or give --all or --serializer.", "pyforge_explain")
        found = find_model(model)
        try:
            compiled = CompiledSerializer.for_model(found, None if fields is None else read_fields(fields))
        except (FieldError, TypeError, ValueError) as error:
            raise command_error(f"--fields: {error}", "pyforge_explain") from error
        self._print_table("Written as JSON", ("column", "kind", "path", "reason"), compiled.explain(database))
        if fields is None:
            rules = [_summarize_rules(field) for field in CompiledValidator.for_model(found).explain()]
            self._print_table("\nValidated", ("field", "path", "by", "reason"), rules)

    def _explain_project(self, database: str) -> None:
        """Print the native shares of a project, and what keeps the other fields from it, the most frequent first."""
        self._print_summary(f"Written as JSON from the database {database!r}", summarize_written(database))
        self._print_summary("\nValidated", summarize_validated())

    def _print_summary(self, title: str, summary: PathSummary) -> None:
        self.stdout.write(f"{title}: {summary.native} of {summary.total} fields native ({summary.share:.1%})")
        for reason, fields, example in summary.reasons:
            self.stdout.write(f"  {fields:4}  {reason} ({example})")

    def _explain_serializer(self, path: str) -> None:
        """Print how the rows of a serializer of Django REST framework are made."""
        try:
            serializer = import_string(path)
            # Imported here: the command works without DRF.
            from pyforge_web.rest_framework import explain

            self.stdout.write(str(explain(serializer)))
        except (ImportError, TypeError) as error:
            raise command_error(f"--serializer: {error}", "pyforge_explain") from error

    def _print_table(self, title: str, head: Sequence[str], rows: Sequence[tuple[str | None, ...]]) -> None:
        self.stdout.write(title)
        lines = [[*(cell or "-" for cell in row[:3]), row[3] or ""] for row in (head, *rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(3)]
        for line in lines:
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
            self.stdout.write("  ".join([*cells, line[3]]).rstrip())


def _summarize_rules(rules: FieldRules) -> tuple[str, str, str, str]:
    called = [f"{name}()" for name in rules.called]
    by = ", ".join([*filter(None, [rules.conversion]), *rules.rules, *called])
    return rules.name, rules.path, by, rules.reason
