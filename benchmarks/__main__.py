"""`python -m benchmarks [suite ...]`: run suites, print their reports, write them to benchmarks/results/."""

import argparse
import os
import sys
from time import monotonic

from benchmarks.measure import Effort
from benchmarks.report import RESULTS


def main() -> None:
    options = _arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    try:
        import django

        django.setup()
        from benchmarks import machine
        from benchmarks.compare import DifferentOutputError
        from benchmarks.suites import SUITES
    except ModuleNotFoundError as missing:
        raise SystemExit(f"The benchmarks need {missing.name}: `make bench` installs and builds all.") from missing

    if unknown := set(options.suites) - set(SUITES):
        raise SystemExit(f"No suite named {', '.join(sorted(unknown))}; there are: {', '.join(SUITES)}")
    whole = not (options.quick or options.only)
    began = monotonic()
    for name in options.suites or SUITES:
        print(f"{name} ...", flush=True)
        facts = machine.facts()
        stamp, suite_began = machine.stamp(facts), monotonic()
        try:
            report = SUITES[name](Effort.quick() if options.quick else Effort.full(), options.only)
        except DifferentOutputError as different:
            sys.exit(f"Not timed: {different}")
        print(f"\n{report.text(stamp)}")
        if whole:
            report.write(RESULTS, name, stamp, {**facts, "seconds": round(monotonic() - suite_began)})
    print(f"All of it took {(monotonic() - began) / 60:.0f} minutes.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help="all of them, if none is named")
    parser.add_argument("--quick", action="store_true", help="few and short rounds; writes no results file")
    parser.add_argument("--only", default="", metavar="TEXT", help="workloads with TEXT in their name; writes no file")
    return parser.parse_args()


main()
