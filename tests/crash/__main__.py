"""`python -m tests.crash MODULE.SCENARIO ...`: run scenarios, each in a child that is forked when Django is set up.

So Django is imported once, not once a scenario. For each scenario a line of JSON says how its child ended.
"""

import faulthandler
import importlib
import json
import os
import signal
import sys
import tempfile
import traceback

import django

SECONDS = 300


def run(scenario):
    """Run a scenario in this process."""
    module, name = scenario.split(".")
    module = importlib.import_module(f"tests.crash.{module}")
    (module.SCENARIOS.get(name) or getattr(module, name))()
    print("survived")


def start_child(scenario):
    """Fork a child for a scenario; give its id and the file that it writes to."""
    output = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - run_all closes it
    if child := os.fork():
        return child, output
    status = 1
    try:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        signal.alarm(SECONDS)  # ends a child that hangs
        run(scenario)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run_all(scenarios):
    """Run scenarios, as many at a time as there are processors; print how each ended as soon as it has."""
    waiting, running = list(scenarios), {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            scenario = waiting.pop(0)
            child, output = start_child(scenario)
            running[child] = scenario, output
        child, status = os.wait()
        scenario, output = running.pop(child)
        output.seek(0)
        print(json.dumps([scenario, os.waitstatus_to_exitcode(status), output.read()[-8000:]]), flush=True)
        output.close()


if __name__ == "__main__":
    faulthandler.enable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    run_all(sys.argv[1:])
