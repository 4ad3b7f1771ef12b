"""Nothing the user's data or code does ends the process. Every scenario has a child process of its own."""

import subprocess
import sys

import pytest

from tests.crash import depth, memory, mutation, threads


def scenarios(*modules):
    return [f"{module.__name__.rpartition('.')[2]}.{name}" for module in modules for name in module.SCENARIOS]


@pytest.mark.parametrize("scenario", scenarios(depth, memory, mutation, threads))
def test_survives(scenario, pytestconfig):
    child = subprocess.run(
        [sys.executable, "-m", "tests.crash", scenario],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert child.returncode == 0, f"exit code {child.returncode}\n{child.stdout[-2000:]}\n{child.stderr[-6000:]}"
    assert child.stdout.endswith("survived\n")
