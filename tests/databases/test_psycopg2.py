"""Django prefers psycopg 3, so psycopg2 is tested in a process that does not see the other."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).with_name("psycopg2_checks.py")


def test_psycopg2_rows_are_djangos():
    pytest.importorskip("psycopg2")
    options = ["-q", "-p", "tests.databases.without_psycopg", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, CHECKS], capture_output=True, text=True, cwd=CHECKS.parents[2]
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    assert " passed" in run.stdout
    assert "skipped" not in run.stdout
