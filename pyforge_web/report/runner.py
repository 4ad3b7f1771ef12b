"""The report as a whole: its options, its steps, its outputs."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import Resolver404

from pyforge_web.report.databases import summarize_databases
from pyforge_web.report.endpoints import Endpoint, find_endpoint_at, find_endpoints
from pyforge_web.report.environment import summarize_environment
from pyforge_web.report.measure import measure_endpoint
from pyforge_web.report.pages import write_html
from pyforge_web.report.results import EndpointReport, ProjectReport
from pyforge_web.report.texts import write_text
from pyforge_web.report.verdicts import is_native, judge_measured, judge_static

REPORT_VERSION = 1


class ReportError(Exception):
    """An option that cannot be followed; its text says why."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options of the command and of `python -m pyforge_web.report`."""
    parser.add_argument("--measure", action="store_true", help="call the GET endpoints, and measure them both ways")
    parser.add_argument("--all", action="store_true", help="measure also views whose source does not mention JSON")
    parser.add_argument("--yes", action="store_true", help="measure although DEBUG is off: views may send mail")
    parser.add_argument("--user", help="the username to measure as")
    parser.add_argument("--header", action="append", default=[], metavar="NAME:VALUE", help="a header to measure with")
    parser.add_argument(
        "--path", action="append", default=[], metavar="ADDRESS", help="an address to measure, as /shops/3/orders/"
    )
    parser.add_argument("--only", default="", help="only routes that begin with this text")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON")
    parser.add_argument("--html", metavar="FILE", help="write the report as one HTML file")
    parser.add_argument(
        "--baseline", metavar="FILE", help="exit with 1 if an endpoint of this file is not native any more"
    )


def run_report(options: dict[str, Any], out: TextIO) -> int:
    """Make the report, write it, and return the exit code.

    Raise `ReportError` for options that cannot be followed.
    """
    # A GET view may send mail or call a payment service, and no rollback undoes that. DEBUG says: not production.
    if options["measure"] and not (settings.DEBUG or options["yes"]):
        raise ReportError(
            "--measure calls your views: what they write to the database is rolled back, but files that they "
            "write and services that they call are not. Set DEBUG, or add --yes."
        )
    # Before anything is measured, which may take minutes.
    baseline = _read_baseline(options) if options["baseline"] else None
    for file in filter(None, (options["json"], options["html"])):
        _check_folder(Path(file))
    user = _find_user(options["user"]) if options["user"] else None
    headers = _read_headers(options["header"])
    named = [_find_named(address) for address in options["path"]]
    endpoints = [*named, *(found for found in find_endpoints() if found.route.startswith(options["only"]))]
    # Without --all a view whose source does not mention JSON is listed but not called: HTML pages are slow and many.
    reports = [
        _report_endpoint(
            found,
            options["measure"] and (options["all"] or found in named or found.kind != "html"),
            user,
            headers,
        )
        for found in _with_progress(endpoints)
    ]
    report = ProjectReport(summarize_environment(), summarize_databases(), reports)
    write_text(report, out)
    if options["json"]:
        _write_file(options["json"], json.dumps(to_json(report), indent=2) + "\n")
    if options["html"]:
        _write_file(options["html"], write_html(report))
    return 0 if baseline is None else _compare_baseline(report, baseline, out)


def to_json(report: ProjectReport) -> dict[str, Any]:
    """Return the report as plain data."""
    return {
        "version": REPORT_VERSION,
        "environment": report.environment._asdict(),
        "databases": [database._asdict() for database in report.databases],
        "endpoints": [asdict(endpoint) for endpoint in report.endpoints],
    }


def _report_endpoint(endpoint: Endpoint, measures: bool, user: Any, headers: dict[str, str]) -> EndpointReport:
    measured = measure_endpoint(endpoint.path, user, headers) if measures and endpoint.path else None
    verdict = judge_static(endpoint) if measured is None else judge_measured(endpoint, measured)
    return EndpointReport(endpoint, measured, verdict, is_native(endpoint, measured))


def _find_named(address: str) -> Endpoint:
    try:
        return find_endpoint_at(address)
    except Resolver404 as error:
        raise ReportError(f"--path: no URL of the project has the address {address!r}.") from error


def _read_headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise ReportError(f"--header takes NAME:VALUE, not {line!r}.")
        headers[name.strip()] = value.strip()
    return headers


def _find_user(username: str) -> Any:
    model: Any = get_user_model()
    # A project's user may be named by its email, or by anything else.
    user = model._default_manager.filter(**{model.USERNAME_FIELD: username}).first()
    if user is None:
        raise ReportError(f"There is no user {username!r}.")
    return user


def _with_progress(endpoints: list[Endpoint]) -> Any:
    """Return the endpoints, and show in a terminal how many are done."""
    # On stderr: the report itself goes to stdout, and may be piped into a file.
    width, shows = 30, sys.stderr.isatty()
    for number, endpoint in enumerate(endpoints, 1):
        if shows:
            filled = width * number // len(endpoints)
            sys.stderr.write(f"\r[{'#' * filled:{width}}] {number}/{len(endpoints)} {endpoint.route[:40]:40}")
        yield endpoint
    if shows:
        sys.stderr.write("\r" + " " * 90 + "\r")


def _check_folder(file: Path) -> None:
    if not file.parent.is_dir():
        raise ReportError(f"Unable to write {file}: there is no folder {file.parent}")
    if file.is_dir():
        raise ReportError(f"Unable to write {file}: it is a folder")


def _write_file(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, "utf-8")
    except OSError as error:
        raise ReportError(f"Unable to write {file}: {error.strerror or error}") from error


def _read_baseline(options: dict[str, Any]) -> set[str]:
    """Return the routes that were native in an earlier report."""
    file = options["baseline"]
    try:
        before = json.loads(Path(file).read_text("utf-8"))
        if before["version"] != REPORT_VERSION:
            raise ReportError(f"{file} was written by another version of the report.")
        was_measured = any(found["measured"] for found in before["endpoints"])
        # By route: line numbers and times change from day to day.
        native = {found["endpoint"]["route"] for found in before["endpoints"] if found["native"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{file} is not a report: {error}") from error
    # The code alone tells less than a measurement: each endpoint that only this knows to be native would be an alarm.
    if was_measured and not options["measure"]:
        raise ReportError(f"{file} was written with --measure: add --measure, or write it anew without.")
    return native


def _compare_baseline(report: ProjectReport, native: set[str], out: TextIO) -> int:
    """Return 1 if an endpoint that was native is not any more."""
    lost = [found for found in report.endpoints if found.endpoint.route in native and not found.native]
    for found in lost:
        out.write(f"No longer native: {found.endpoint.route} ({found.verdict})\n")
    return 1 if lost else 0
