"""`manage.py pyforge_dump app.Model`: all rows of a model into a file, in bounded memory."""

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.base import ProgressBar
from django.core.serializers.json import Serializer as JSONSerializer
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model, QuerySet
from django.db.models.base import ModelBase

from pyforge_web.management.command_errors import command_error
from pyforge_web.management.model_labels import find_model
from pyforge_web.management.output_files import is_special, open_output, replace_file, report_errors
from pyforge_web.output.grammar import read_fields
from pyforge_web.secrets import public_columns, secret_columns
from pyforge_web.stock import find_foreign, why_not_native
from pyforge_web.streams import dumpdata as fixtures
from pyforge_web.streams import writer as streams
from pyforge_web.streams.sources import OpenSource, find_source


class Command(BaseCommand):
    """Writes all rows of a model."""

    help = "Writes all rows of a model as NDJSON, as a JSON array, or as the fixture that dumpdata makes of them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the model, the format and the place; the rest is dumpdata's."""
        parser.add_argument("model", help="the model, as app_label.Model")
        formats = ("ndjson", "array", "django")
        parser.add_argument(
            "--format", choices=formats, default="ndjson", help="django is dumpdata's (default: ndjson)"
        )
        parser.add_argument(
            "--fields", help='as id,title, \'["id", {"author": ["name"]}]\' or shop.api.ARTICLE (not django)'
        )
        parser.add_argument("-o", "--output", help="the file; .bz2, .gz, .lzma, .xz are compressed (default: stdout)")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="its alias")
        parser.add_argument("-a", "--all", action="store_true", help="also rows that the model's manager leaves out")
        parser.add_argument("--indent", type=int, help="blanks for each level (django)")
        parser.add_argument("--natural-foreign", action="store_true", help="natural keys of related rows (django)")
        parser.add_argument("--natural-primary", action="store_true", help="natural keys of the rows (django)")

    def handle(self, *args: Any, model: str, **options: Any) -> None:
        """Writes the rows."""
        found = find_model(model)
        _refuse_unused(options)
        _refuse_secrets(found, options)
        self.stdout.ending = ""  # each part is written as it is, without a line break after it
        reason = _why_dumpdata(found, options) if options["format"] == "django" else None
        if reason is None:
            self._write_rows(found, options)
        else:
            self._call_dumpdata(found, reason, options)

    def _call_dumpdata(self, model: type[Model], reason: str, options: dict[str, Any]) -> None:
        if options["verbosity"] > 0:
            self.stderr.write(f"{model._meta.label} is written by Django's own dumpdata: {reason}.")
        output = options["output"]
        if output is None or is_special(Path(output)):
            self._call_with_output(model, options, output)
            return
        # dumpdata writes into the file of that name itself, whoever else is writing there.
        with replace_file(Path(output)) as temporary:
            self._call_with_output(model, options, str(temporary.path))

    def _call_with_output(self, model: type[Model], options: dict[str, Any], output: str | None) -> None:
        call_command(
            "dumpdata",
            model._meta.label,
            use_base_manager=options["all"],
            use_natural_foreign_keys=options["natural_foreign"],
            use_natural_primary_keys=options["natural_primary"],
            output=output,
            stdout=self.stdout,
            stderr=self.stderr,
            **{name: options[name] for name in ("database", "indent", "verbosity", "traceback")},
        )

    def _write_rows(self, model: type[Model], options: dict[str, Any]) -> None:
        queryset = _ordered_queryset(model, options)
        try:
            writer = _FileWriter(_choose_format(options))
            parts = streams.write_chunks(self._choose_source(queryset, options), writer)
        except (FieldError, TypeError, ValueError) as error:
            raise command_error(str(error), "pyforge_dump") from error
        output = options["output"]
        if output is None:
            with report_errors("to standard output"), closing(parts):
                for part in parts:
                    self.stdout.write(part.decode())
                self.stdout.flush()
            return
        shown = self.stdout if self.stdout.isatty() and options["verbosity"] > 0 else None
        count = queryset.order_by().count() if shown else 0
        bar: Any = cast(Any, ProgressBar)(shown, count)
        with open_output(Path(output)) as file, closing(parts):  # the cursor is closed before the error is raised
            for part in parts:
                file.write(part)
                if count:
                    bar.update(min(writer.rows, count))

    def _choose_source(self, queryset: "QuerySet[Any, Any]", options: dict[str, Any]) -> OpenSource:
        """Return the function that opens the rows, or the objects that Django's serializer makes, and say why."""
        if options["format"] != "django":
            fields = options["fields"]
            parsed = None if fields is None else read_fields(fields)
            return cast(OpenSource, find_source(queryset, parsed, streams.CHUNK_SIZE))
        reason = _why_objects(queryset, options)
        if reason is None:
            return partial(fixtures.read_rows, queryset, indent=options["indent"])
        if options["verbosity"] > 0:
            self.stderr.write(f"Django makes the objects of {queryset.model._meta.label}: {reason}.")
        natural = {name: options[name] for name in ("natural_foreign", "natural_primary")}
        return partial(fixtures.read_objects, queryset, **natural)


class _FileWriter(streams.StreamWriter):
    """Writes a file: a row that cannot be written ends the command."""

    def fail(self, error: BaseException) -> bytes:
        if not isinstance(error, Exception) or isinstance(error, CommandError):
            raise error  # a row that has failed has said so already
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        raise CommandError(f"Unable to write row {self.rows}: {type(error).__name__}: {error}{notes}") from error


def _refuse_unused(options: dict[str, Any]) -> None:
    """Raises `CommandError` for an option that the format does not have, and for an ending that dumpdata renames."""
    of_django = [name for name in ("indent", "natural_foreign", "natural_primary") if options[name]]
    if options["format"] == "django":
        if options["fields"]:
            raise command_error("--fields is for ndjson and array: a fixture has all fields.", "pyforge_dump")
    elif of_django:
        raise command_error(f"--{of_django[0].replace('_', '-')} is for --format django.", "pyforge_dump")
    if (options["output"] or "").endswith(".zip"):
        raise command_error("A .zip is not written: use .gz, .bz2, .lzma or .xz.", "pyforge_dump")


def _refuse_secrets(model: type[Model], options: dict[str, Any]) -> None:
    """Raise `CommandError` for a model with secret columns and no `--fields`. A fixture is a backup, and has them."""
    secrets = secret_columns(model)
    if secrets and options["fields"] is None and options["format"] != "django":
        raise command_error(
            f"{model._meta.label} has secret columns ({', '.join(secrets)}): name the columns to write, as "
            f"--fields {','.join(public_columns(model))}",
            "pyforge_dump",
        )


def _ordered_queryset(model: type[Model], options: dict[str, Any]) -> "QuerySet[Any, Any]":
    """Return the rows in the order of their keys, as dumpdata does."""
    manager = model._base_manager if options["all"] else model._default_manager
    return manager.using(options["database"]).order_by(model._meta.pk.name)


def _why_dumpdata(model: type[Model], options: dict[str, Any]) -> str | None:
    """Return why Django's own command must write the whole fixture."""
    if serializers.get_serializer("json") is not JSONSerializer:
        return "SERIALIZATION_MODULES has another serializer of JSON"
    if reason := find_foreign(JSONSerializer) or why_not_native():
        return reason
    name = "_base_manager" if options["all"] else "_default_manager"
    if getattr(type(model), name) is not getattr(ModelBase, name):
        # django-polymorphic gives dumpdata another manager than its other callers.
        return f"{type(model).__name__} chooses its manager in its own way"
    if model._meta.app_config.models_module is None:
        return "its application has no module models, and dumpdata leaves such out"
    if model._meta.proxy:
        return "it is a proxy, whose rows are those of its model"
    if not router.allow_migrate_model(options["database"], model):
        return f"the routers keep it out of the database {options['database']}"
    if options["indent"] is not None:
        # Native code lays out the flat objects of rows alone.
        return _why_objects(_ordered_queryset(model, options), options)
    return None


def _why_objects(queryset: "QuerySet[Any, Any]", options: dict[str, Any]) -> str | None:
    """Return why Django's serializer must make the objects of a fixture."""
    model = queryset.model
    related = [model._meta.pk, *model._meta.local_fields, *model._meta.local_many_to_many]
    models = [model, *(field.remote_field.model for field in related if field.remote_field)]
    wants_natural = options["natural_foreign"] or options["natural_primary"]
    if wants_natural and any(hasattr(related_model, "natural_key") for related_model in models):
        return "it has natural keys"
    if options["natural_primary"] and model._meta.parents:
        return "it has the key of its parent"
    return fixtures.why_objects(queryset, options["indent"])


def _choose_format(options: dict[str, Any]) -> streams.StreamFormat:
    indent = options["indent"]
    if options["format"] != "django":
        return streams.find_format(options["format"])
    # Django 6 ends every fixture with a line feed, 5.2 only one with an indent: Django itself is asked.
    end = serializers.serialize("json", [], indent=indent).removeprefix("[").encode()
    return streams.StreamFormat(b"[", ", " if indent is None else ",", "", end, "fixture")
