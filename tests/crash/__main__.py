"""`python -m tests.crash MODULE.SCENARIO`: run one scenario; the exit code says how it went."""

import faulthandler
import importlib
import os
import sys

import django

if __name__ == "__main__":
    faulthandler.enable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    module, scenario = sys.argv[1].split(".")
    module = importlib.import_module(f"tests.crash.{module}")
    (module.SCENARIOS.get(scenario) or getattr(module, scenario))()
    print("survived")
