"""Nothing the user's data or code does ends the process. Every scenario has a child process of its own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crash import allocations, bodies, depth, memory, mutation, threads


def scenarios(*modules):
    return [f"{module.__name__.rpartition('.')[2]}.{name}" for module in modules for name in module.SCENARIOS]


@pytest.fixture(scope="module")
def children(request):
    """The children of all scenarios that were asked for, as many at a time as there are processors."""

    def run(scenario):
        command = [sys.executable, "-m", "tests.crash", scenario]
        return subprocess.run(command, cwd=request.config.rootpath, capture_output=True, text=True, timeout=300)

    asked = [item.callspec.params["scenario"] for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {scenario: pool.submit(run, scenario) for scenario in asked}
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def is_memory_safe(request):
    """Whether this CPython's own encoder survives failing allocations: 3.12.1 and 3.13.0 die in `json.dumps`."""
    command = [sys.executable, "-m", "tests.crash", "allocations.control"]
    return subprocess.run(command, cwd=request.config.rootpath, capture_output=True, timeout=300).returncode == 0


@pytest.mark.parametrize("scenario", scenarios(allocations, bodies, depth, memory, mutation, threads))
def test_process_survives_scenario(scenario, children, is_memory_safe):
    if scenario.startswith("allocations.") and not is_memory_safe:
        pytest.skip("this CPython itself dies in json.dumps where an allocation fails")
    child = children[scenario].result()
    assert child.returncode == 0, f"exit code {child.returncode}\n{child.stdout[-2000:]}\n{child.stderr[-6000:]}"
    assert child.stdout.endswith("survived\n")
