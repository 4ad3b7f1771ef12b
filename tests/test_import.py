"""The package in a fresh interpreter: without settings, without its extension, and as it is published."""

import importlib.metadata
import re
import subprocess
import sys

import pytest

import pyforge_web

WITHOUT_SETTINGS = """
import datetime, decimal, types
import pyforge_web
from django.utils.functional import lazystr

values = [datetime.date(2026, 1, 2), decimal.Decimal("1.50"), lazystr("x"), range(2), types.MappingProxyType({"a": 1})]
assert pyforge_web.dumps(values) == b'["2026-01-02","1.50","x",[0,1],{"a":1}]'
try:
    pyforge_web.dumps({"tags": {1}})
except TypeError as error:
    assert str(error).startswith("Object of type set is not JSON serializable")
else:
    raise AssertionError("a set was written")
"""

WITHOUT_EXTENSION = """
import sys
sys.modules["pyforge_web._native"] = None
import pytest
sys.exit(pytest.main(["-p", "no:cacheprovider", "tests/test_encoder_keys.py"]))
"""


def run(code, cwd):
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_values_need_no_settings(pytestconfig):
    child = run("import os\nos.environ.pop('DJANGO_SETTINGS_MODULE', None)" + WITHOUT_SETTINGS, pytestconfig.rootpath)
    assert child.returncode == 0, child.stderr


def test_the_suite_fails_without_the_extension(pytestconfig):
    child = run(WITHOUT_EXTENSION, pytestconfig.rootpath)
    assert child.returncode != 0
    assert "pyforge_web._native" in child.stdout + child.stderr
    assert not re.search(r"\d+ (passed|skipped)", child.stdout)


def test_the_public_names():
    assert {"PyForgeJsonResponse", "dumps", "__version__"} <= set(pyforge_web.__all__)
    for name in pyforge_web.__all__:
        assert getattr(pyforge_web, name) is not None


def test_the_version_is_that_of_the_distribution():
    assert pyforge_web.__version__ == importlib.metadata.version("pyforge-web")


@pytest.mark.parametrize("name", ["dumps", "PyForgeJsonResponse"])
def test_public_callables_are_documented(name):
    assert getattr(pyforge_web, name).__doc__.strip()
