"""Runs of the report that end early: what cannot be written, other versions, and a terminal that shows the progress."""

import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError

from pyforge_web.report import __main__ as program
from pyforge_web.report import runner
from tests.report.test_report import project, report  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(databases="__all__")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_in_a_terminal(project, monkeypatch):  # noqa: F811
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    report("--measure", "--only", "/native")
    assert "1/1 /native/" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")


def test_disk_that_is_full_is_an_error(project, monkeypatch, tmp_path):  # noqa: F811
    def write_text(path, *arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(CommandError, match="No space left on device"):
        report("--json", str(tmp_path / "report.json"))


def test_baseline_of_another_version_is_an_error(project, tmp_path):  # noqa: F811
    file = tmp_path / "baseline.json"
    report("--json", str(file))
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": -1}))
    with pytest.raises(CommandError, match="another version"):
        report("--baseline", str(file))


@pytest.fixture
def arguments(monkeypatch):
    """The program without arguments, in a process with settings."""
    monkeypatch.setattr(sys, "argv", ["report"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.settings")
    return monkeypatch


def test_program_needs_settings(arguments, capsys):
    arguments.delenv("DJANGO_SETTINGS_MODULE")
    with pytest.raises(SystemExit):
        program.main()
    assert "DJANGO_SETTINGS_MODULE" in capsys.readouterr().err


def test_error_of_the_program_is_one_line(arguments, capsys):
    def run_report(options, out):
        raise runner.ReportError("There is no user 'x'.")

    arguments.setattr(program, "run_report", run_report)
    with pytest.raises(SystemExit):
        program.main()
    assert "There is no user 'x'." in capsys.readouterr().err
