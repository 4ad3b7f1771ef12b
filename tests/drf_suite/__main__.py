"""`python -m tests.drf_suite [TEST ...]`: the tests of Django REST framework itself, with the native path in place.

The sdist of the installed version is downloaded into target/drf-suite/, and nothing of it is copied. Each run is a
process: first DRF as it is, then with what one line of settings puts in, then with our classes for DRF's. What fails
there alone is an error, unless expected.py gives the reason; so is an expected failure that does not happen.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import rest_framework

from tests.drf_suite.expected import EXPECTED, find_reason

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "target" / "drf-suite"
_MODES = ("setting", "classes")


def main():
    """Run the suite; return the number of what was not expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.drf_suite", description=__doc__)
    parser.add_argument("tests", nargs="*", help="files or ids below the sdist's folder; all tests without")
    chosen = parser.parse_args().tests
    source = _download(rest_framework.VERSION)
    untouched = _run("untouched", source, chosen)
    print(f"untouched: {untouched['passed']} tests pass, {len(untouched['failed'])} fail on this machine anyway")
    faults = 0
    for mode in _MODES:
        result = _run(mode, source, chosen)
        failed = {test: why for test, why in result["failed"].items() if test not in untouched["failed"]}
        unexpected = {test: why for test, why in failed.items() if find_reason(mode, test, why) is None}
        gone = [] if chosen else [each for each in EXPECTED if mode in each.modes and not each.is_among(failed)]
        print(
            f"{mode}: {result['passed']} pass, {len(unexpected)} fail, {len(failed) - len(unexpected)} as expected; "
            f"{result['lists']} lists were read from rows"
        )
        for test, why in unexpected.items():
            print(f"FAILED {test}: {why}")
        for each in gone:
            print(f"NO LONGER FAILS {each.test}: {each.reason}")
        faults += len(unexpected) + len(gone) + (not result["lists"])
    return faults


def _download(version):
    """Return the folder of DRF's sources of the installed version, with its tests."""
    folder = _FOLDER / f"djangorestframework-{version}"
    if not folder.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        name = "djangorestframework"
        arguments = ["--quiet", "--no-deps", "--no-binary", name, "--dest", str(_FOLDER)]
        subprocess.run([sys.executable, "-m", "pip", "download", *arguments, f"{name}=={version}"], check=True)
        with tarfile.open(_FOLDER / f"{name}-{version}.tar.gz") as archive:
            archive.extractall(_FOLDER, filter="data")
    return folder


def _run(mode, source, chosen):
    """Run the tests in one mode; return how many pass, what fails with its words, how many lists were native."""
    out = _FOLDER / f"{mode}.json"
    out.unlink(missing_ok=True)
    paths = (str(Path(__file__).parent / "plugin"), str(_ROOT), os.environ.get("PYTHONPATH", ""))
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SUITE_MODE": mode,
        "SUITE_OUT": str(out),
    }
    command = [sys.executable, "-m", "pytest", "-q", "--no-migrations", "-p", "no:cacheprovider", "-p", "suite_plugin"]
    with (_FOLDER / f"{mode}.log").open("wb") as log:
        subprocess.run(
            [*command, *(chosen or ["tests"])], cwd=source, env=environment, stdout=log, stderr=log, check=False
        )
    if not out.exists():
        sys.exit(f"the suite did not start: see {_FOLDER}/{mode}.log")
    return json.loads(out.read_text())


if __name__ == "__main__":
    sys.exit(min(main(), 100))
