"""`python -m pyforge_web.report`: the report for a project that does not have the app installed yet."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

import django

from pyforge_web.report.runner import ReportError, add_arguments, run_report


def main() -> int:
    """Make the report for the settings of DJANGO_SETTINGS_MODULE; return the exit code."""
    parser = ArgumentParser(prog="python -m pyforge_web.report", description="What this project would gain.")
    add_arguments(parser)
    options = vars(parser.parse_args())
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        parser.error("set DJANGO_SETTINGS_MODULE to the settings of your project")
    # `python -m` puts the folder it is called in there already, `python -P` and installed scripts do not.
    sys.path.insert(0, str(Path.cwd()))
    django.setup()
    try:
        return run_report(options, sys.stdout)
    except ReportError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
