"""`make coverage` measures what the workers of pytest run, and the processes that tests start."""

import os
import subprocess
import sys
from pathlib import Path

from coverage import CoverageData

from tests.instrumented import list_lines

_ROOT = Path(__file__).parents[1]
_STARTS_ANOTHER = """import subprocess, sys
subprocess.run([sys.executable, "-c", "import pyforge_web.stock"], check=True)
"""


def test_processes_that_tests_start_are_measured(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(_STARTS_ANOTHER)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment |= {"COVERAGE_FILE": str(tmp_path / "data"), "PYTHONPATH": str(_ROOT)}
    for arguments in (["run", script], ["combine", "--quiet"]):
        subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=_ROOT, env=environment, check=True)
    measured = CoverageData(tmp_path / "data")
    measured.read()
    assert str(_ROOT / "pyforge_web" / "stock.py") in measured.measured_files()
    assert measured.has_arcs()


_EXPORTED = """SF:/copy/native/src/b.rs
DA:3,1
DA:4,0
DA:6,0
DA:8,2
DA:9,0
end_of_record
SF:/copy/native/src/a.rs
DA:1,7
end_of_record
"""


def test_lines_of_rust_that_were_not_executed_are_listed_as_those_of_python():
    heading, row, total = list_lines(_EXPORTED, "/copy").splitlines()
    assert heading.split() == ["Name", "Lines", "Miss", "Cover", "Missing"]
    assert row.split() == ["native/src/b.rs", "5", "3", "40.0%", "4-6,", "9"]
    assert total.split() == ["TOTAL", "6", "3", "50.0%"]
