"""Nothing the user's data or code does ends the process. Every scenario has a child process of its own."""

import json
import subprocess
import sys

import pytest

from tests.crash import allocations, bodies, depth, memory, mutation, threads

# CPython's own encoder, with failing allocations.
CONTROL = "allocations.control"


def scenarios(*modules):
    return [f"{module.__name__.rpartition('.')[2]}.{name}" for module in modules for name in module.SCENARIOS]


@pytest.fixture(scope="module")
def children(request):
    """How the child of each scenario that was asked for ended, and what it said."""
    asked = [item.callspec.params["scenario"] for item in request.session.items if item.path == request.path]
    command = [sys.executable, "-m", "tests.crash", CONTROL, *asked]
    ran = subprocess.run(command, cwd=request.config.rootpath, stdout=subprocess.PIPE, text=True, check=True)
    return {scenario: (status, output) for scenario, status, output in map(json.loads, ran.stdout.splitlines())}


@pytest.mark.parametrize("scenario", scenarios(allocations, bodies, depth, memory, mutation, threads))
def test_process_survives_scenario(scenario, children):
    if scenario.startswith("allocations.") and children[CONTROL][0] != 0:
        pytest.skip("this CPython itself dies in json.dumps where an allocation fails")  # 3.12.1 and 3.13.0
    status, output = children[scenario]
    assert status == 0, f"exit code {status}\n{output}"
    assert output.endswith("survived\n")
