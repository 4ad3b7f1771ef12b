"""`manage.py pyforge_report`: what this project would gain from PyForge Web, endpoint by endpoint."""

import sys
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandParser

from pyforge_web.management.command_errors import command_error
from pyforge_web.report import runner


class Command(BaseCommand):
    """Look at databases, serializers and endpoints; with --measure, call the endpoints."""

    help = "Shows what this project would gain: databases, endpoints, serializers; with --measure, on its own data."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        runner.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the report; exit with 1 if an endpoint of the baseline is no longer native."""
        try:
            code = runner.run_report(options, cast(Any, self.stdout))
        except runner.ReportError as error:
            raise command_error(str(error), "pyforge_report") from error
        if code:
            sys.exit(code)
