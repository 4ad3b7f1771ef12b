"""The package in a fresh interpreter: without settings, without its extension, and as it is published."""

import ast
import importlib.metadata
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyforge_web
from pyforge_web import metering

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


def run(code, cwd, **environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=120)


def test_values_need_no_settings(pytestconfig):
    child = run("import os\nos.environ.pop('DJANGO_SETTINGS_MODULE', None)" + WITHOUT_SETTINGS, pytestconfig.rootpath)
    assert child.returncode == 0, child.stderr


def test_the_suite_fails_without_the_extension(pytestconfig):
    child = run(WITHOUT_EXTENSION, pytestconfig.rootpath)
    assert child.returncode != 0
    assert "pyforge_web._native" in child.stdout + child.stderr
    assert not re.search(r"\d+ (passed|skipped)", child.stdout)


def test_sources_without_the_native_core_say_so(pytestconfig):
    """As in a clone whose package was installed elsewhere: its folder is found first."""
    child = run("import sys; sys.modules['pyforge_web._native'] = None; import pyforge_web", pytestconfig.rootpath)
    assert "Run Python in another folder" in child.stderr
    assert str(pytestconfig.rootpath / "pyforge_web") in child.stderr


def test_the_public_names():
    assert {"PyForgeJsonResponse", "dumps", "__version__"} <= set(pyforge_web.__all__)
    for name in pyforge_web.__all__:
        assert getattr(pyforge_web, name) is not None


def imports_for_type_checkers(package):
    tree = ast.parse(Path(package.__file__).read_text())
    block = next(statement for statement in tree.body if isinstance(statement, ast.If))
    return {
        statement.module.removeprefix(f"{package.__name__}."): tuple(alias.name for alias in statement.names)
        for statement in block.body
    }


def test_names_of_metering_stand_where_the_table_says():
    assert imports_for_type_checkers(metering) == metering._METERING_MODULES
    assert sorted(itertools.chain(*metering._METERING_MODULES.values())) >= sorted(metering.__all__)
    for name in metering.__all__:
        assert getattr(metering, name) is not None


def test_public_names_stand_where_the_table_says():
    """The imports for type checkers, the table for Python and `__all__` have the same names."""
    imported = imports_for_type_checkers(pyforge_web)
    assert imported == pyforge_web._HOMES
    assert sorted(itertools.chain(*imported.values(), ["__version__"])) == sorted(pyforge_web.__all__)
    assert set(pyforge_web.__all__) <= set(dir(pyforge_web))


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="module 'pyforge_web' has no attribute 'dmups'"):
        pyforge_web.dmups  # noqa: B018


WITHOUT_DJANGO = """
import sys
import pyforge_web.pytest_plugin
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("django", "asgiref")))
"""

PROJECT_WITHOUT_DJANGO = """
import sys

def test_nothing_of_django_is_loaded():
    assert "pyforge_web.pytest_plugin" in sys.modules
    assert not [name for name in sys.modules if name.partition(".")[0] == "django"]
"""


def test_package_and_plugin_import_nothing_of_django(tmp_path):
    child = run(WITHOUT_DJANGO, tmp_path, PYTHONPATH=str(Path(pyforge_web.__file__).parents[1]))
    assert child.stdout == "[]\n", child.stderr


def test_pytest_run_without_a_fixture_loads_nothing_of_django(tmp_path):
    (tmp_path / "test_project.py").write_text(PROJECT_WITHOUT_DJANGO)
    # pytest-django is another plugin of this environment, and does import Django.
    command = "import pytest, sys; sys.exit(pytest.main(['-q', '-p', 'no:django', '-p', 'no:cacheprovider']))"
    here = str(Path(pyforge_web.__file__).parents[1])
    child = run(command, tmp_path, DJANGO_SETTINGS_MODULE="there.is.none", PYTHONPATH=here)
    assert "1 passed" in child.stdout, child.stdout + child.stderr


def test_the_version_is_that_of_the_distribution():
    assert pyforge_web.__version__ == importlib.metadata.version("pyforge-web")


@pytest.mark.parametrize("name", ["dumps", "PyForgeJsonResponse"])
def test_public_callables_are_documented(name):
    assert getattr(pyforge_web, name).__doc__.strip()
