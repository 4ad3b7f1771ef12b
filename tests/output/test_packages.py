"""Packages that change models and queries: each in a process of its own, as they patch Django."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.output.packages import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_project_with_the_package(name):
    assert importlib.util.find_spec(name), f"{name} belongs to the group test"
    command = [sys.executable, "-m", "tests.output.packages", name]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
