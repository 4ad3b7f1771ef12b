"""The first validation of a fresh process, in microseconds: `python -m benchmarks.first_clean_child ours|Django`."""

import json
import os
import sys
from time import perf_counter


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()
    from benchmarks import cleaning
    from benchmarks.models import Checked

    clean = {"ours": cleaning.by_validator, "Django": cleaning.by_django}[sys.argv[1]]
    row = Checked(**cleaning.checked(1))
    started = perf_counter()
    errors = clean([row])
    print(json.dumps([round((perf_counter() - started) * 1e6), len(errors)]))


if __name__ == "__main__":
    main()
