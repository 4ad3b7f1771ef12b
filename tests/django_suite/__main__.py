"""`python -m tests.django_suite [--django VERSION] [--all] [LABEL ...]`: Django's own tests with the product in place.

Django's sdist is downloaded into target/django-suite/, and nothing of it is copied. Without labels a part
of some ten minutes runs, with `--all` every label that the product touches (an hour). Each run is a process: first the
product in place of Django, then beside it, then every QuerySet beside its instances, then its SQL through the SQL
cache, where each hit is compared with Django's compiler. The differences that are expected are in expected.py, with
their reasons. Any other is an error, and so is a test that fails with the product alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import django

from tests.django_suite.expected import find_reason

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "target" / "django-suite"
# Name, what is put in, and the labels of the part that runs by default.
_FORMS = "validation validators constraints model_forms model_formsets forms_tests model_fields inline_formsets"
_ROWS = (
    "basic ordering annotations aggregation defer select_related prefetch_related many_to_many many_to_one one_to_one "
    "m2m_through model_inheritance proxy_models custom_pk custom_columns datatypes dates datetimes timezones null_fk "
    "from_db_value raw_query generic_relations foreign_object composite_pk known_related_objects"
)
_RUNS = (
    ("in place", "response+script+clean", f"{_FORMS} responses view_tests template_tests.filter_tests serializers"),
    (
        "beside",
        "response=compare+clean=compare+full+json",
        f"{_FORMS} responses view_tests test_client serializers composite_pk",
    ),
    ("rows", "query", _ROWS),
    ("remembered SQL", "sql", f"{_ROWS} queries lookup expressions null_queries or_lookups pagination"),
)
_MORE = (
    "admin_views admin_changelist aggregation_regress auth_tests bulk_create contenttypes_tests custom_managers "
    "db_functions defer_regress delete distinct_on_fields expressions expressions_case expressions_window "
    "extra_regress field_defaults filtered_relation fixtures generic_relations_regress generic_views get_or_create "
    "lookup m2m_intermediary m2m_recursive m2m_regress managers_regress many_to_one_null model_inheritance_regress "
    "model_regress modeladmin multiple_database mutually_referential null_queries or_lookups pagination queries "
    "queryset_pickle reserved_names reverse_lookup select_related_onetoone select_related_regress sites_tests "
    "string_lookup test_client test_utils transactions update xor_lookups"
)


def main():
    """Run the suite; return the number of what was not expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.django_suite", description=__doc__)
    parser.add_argument("--django", default=django.get_version())
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--run", help="one of the runs alone: " + ", ".join(name for name, _, _ in _RUNS))
    parser.add_argument("labels", nargs="*")
    options = parser.parse_args()
    source = _download(options.django)
    faults = 0
    for name, modes, labels in _RUNS:
        if options.run not in (None, name):
            continue
        chosen = options.labels or labels.split() + (_MORE.split() if options.all else [])
        faults += _run(name, modes, source, sorted(set(chosen)))
    return faults


def _download(version):
    """Return the folder of Django's sources of the installed version, with its tests."""
    folder = _FOLDER / f"django-{version}"
    if not folder.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        arguments = ["--no-deps", "--no-binary", "django", "--dest", str(_FOLDER)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", *arguments, f"Django=={version}"]
        subprocess.run(command, check=True)
        with tarfile.open(next(_FOLDER.glob(f"[Dd]jango-{version}.tar.gz"))) as archive:
            archive.extractall(_FOLDER, filter="data")
    return folder


def _run(name, modes, source, labels):
    """Run the labels with the product and report; return the number of faults."""
    out = _FOLDER / name.replace(" ", "-")
    failed = _failures(out, modes, source, labels)
    if failed:
        # What fails by itself, for a package that is missing or a machine that is slow, is not the product's.
        untouched = _failures(_FOLDER / "untouched", "none", source, sorted(failed))
        failed = {test: why for test, why in failed.items() if test not in untouched}
    counts = json.loads((out / "counts.json").read_text())
    differences = [json.loads(line) for line in (out / "differences.jsonl").read_text().splitlines()]
    unexpected, expected = [], 0
    for difference in differences:
        if find_reason(difference["kind"], difference["test"], json.dumps(difference)) is None:
            unexpected.append(difference)
        else:
            expected += 1
    faults = [(test, why) for test, why in failed.items() if find_reason("test", test, why) is None]
    print(
        f"\n{name} ({modes}): {counts.pop('tests')} tests, {len(faults)} fail with the product alone; "
        f"{sum(counts.values()):,} comparisons, {len(unexpected)} differ, {expected} differ as expected"
    )
    for kind, number in counts.items():
        print(f"  {number:>8,} {kind}")
    for test, why in faults:
        print(f"FAILED {test}: {why[:600]}")
    for difference in unexpected[:20]:
        print(f"DIFFERENT {json.dumps(difference, indent=1)[:3000]}")
    return len(faults) + len(unexpected)


def _failures(out, modes, source, labels):
    out.mkdir(parents=True, exist_ok=True)
    tests = source / "tests"
    paths = (str(_ROOT), str(source), os.environ.get("PYTHONPATH", ""))
    environment = {
        **os.environ,
        "SUITE_OUT": str(out),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    settings = "--settings=tests.django_suite.settings"
    command = [sys.executable, "-m", "tests.django_suite.drive", modes, str(tests / "runtests.py")]
    command += [settings, "--parallel=1", "--noinput", "-v0", *labels]
    with (out / "log").open("wb") as log:
        subprocess.run(command, cwd=_ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    if not (out / "counts.json").exists():
        sys.exit(f"the suite did not start: see {out}/log")
    return dict(json.loads(line) for line in (out / "failed.jsonl").read_text().splitlines())


if __name__ == "__main__":
    sys.exit(min(main(), 100))
