"""Scenarios with a process of their own: memory, and the driver's other implementation."""

import os
import subprocess
import sys

import pytest

from tests.querysets.children import SCENARIOS

ENVIRONMENT = {"psycopg_in_python": {"PSYCOPG_IMPL": "python"}}
NEEDS_POSTGRESQL = {"psycopg_in_python", "server_side_binding"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_in_a_process_of_its_own_passes(name, request):
    if name in NEEDS_POSTGRESQL:
        request.getfixturevalue("postgresql_binaries")
    command = [sys.executable, "-m", "tests.querysets.children", name]
    environment = {**os.environ, **ENVIRONMENT.get(name, {})}
    child = subprocess.run(
        command, cwd=request.config.rootpath, env=environment, capture_output=True, text=True, timeout=300
    )
    assert child.returncode == 0, f"exit code {child.returncode}\n{child.stdout[-2000:]}\n{child.stderr[-6000:]}"
    assert child.stdout.endswith("passed\n")
