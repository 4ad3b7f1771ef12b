"""What installing the application does, seen in a process of its own that has imported nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import registry
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from pyforge_web.apps import does_precompile, find_command, install_rest_framework
from pyforge_web.checks import _find_sources, check_databases, check_rest_framework

SCRIPT = """
import django
from django.conf import settings

MIDDLEWARE = ["django.middleware.cache.UpdateCacheMiddleware", "pyforge_web.middleware.PyForgeMiddleware"]
settings.configure(INSTALLED_APPS=["pyforge_web"], MIDDLEWARE=MIDDLEWARE)
django.setup()
from django.core.checks import run_checks

print([message.id for message in run_checks()])
"""


def test_the_checks_are_registered():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert "pyforge_web.W002" in ran.stdout


COMMAND = """
import sys
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "pyforge_web"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django
from django.core.management import execute_from_command_line

if sys.argv[1:]:
    execute_from_command_line(["run", *sys.argv[1:]])
else:
    django.setup()
from django.contrib.auth.models import User

print("compiled" if "_pyforge_validator" in vars(User._meta) else "not compiled")
print("checks" if "pyforge_web.checks" in sys.modules else "no checks")
"""


def start_process(*arguments):
    """Return the last two lines of a process that runs a management command, or sets Django up as a server does."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-2:]


def test_validators_are_compiled_in_a_server():
    assert start_process() == ["compiled", "no checks"]


@pytest.mark.parametrize("command", ["check"])
def test_validators_are_compiled_by_commands_that_look_at_serving(command):
    assert start_process(command) == ["compiled", "checks"]


@pytest.mark.parametrize("command", [["showmigrations", "--plan"], ["migrate", "--skip-checks"], ["help"]])
def test_validators_are_not_compiled_by_other_commands(command):
    assert start_process(*command)[0] == "not compiled"


def test_validators_are_not_compiled_under_pytest():
    assert not does_precompile()
    assert find_command() is None


def test_start_imports_no_queryset_and_no_encoder():
    """What each process pays at its start: see the goal of 15 ms in `benchmarks`."""
    script = COMMAND + "print(sorted(name for name in sys.modules if name.startswith('pyforge_web.')))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for heavy in (
        "encoders",
        "http",
        "querysets",
        "output",
        "description",
        "metering.collector",
        "validation.database",
    ):
        assert f"'pyforge_web.{heavy}'" not in ran


def test_first_validation_imports_no_queryset_and_no_encoder():
    """What the first request of a process would pay for a form: see the goal of 2 ms in `benchmarks`."""
    validate = """
from django.core.exceptions import ValidationError
from pyforge_web import CompiledValidator

try:
    CompiledValidator(User).clean(User(username="x", password=""))
except ValidationError as error:
    assert list(error.message_dict) == ["password"]
else:
    raise AssertionError("an empty password passed")
print(sorted(name for name in sys.modules if name.startswith('pyforge_web.')))
"""
    ran = subprocess.run([sys.executable, "-c", COMMAND + validate], capture_output=True, text=True, check=True).stdout
    for heavy in ("encoders", "querysets", "output", "description"):
        assert f"'pyforge_web.{heavy}'" not in ran


@pytest.mark.parametrize(("tag", "check"), [("security", "check_security"), ("templates", "check_templates")])
def test_checks_keep_their_tags(tag, check):
    tagged = [function.__name__ for function in registry.registry.get_checks() if tag in function.tags]
    assert check in tagged


@pytest.fixture
def without_rest_framework(monkeypatch, settings):
    """A project that asks for the native path of DRF, which is not installed."""
    settings.PYFORGE_WEB = {"REST_FRAMEWORK": True}
    monkeypatch.setitem(sys.modules, "pyforge_web.rest_framework.project", None)


def test_setting_without_rest_framework_is_an_error_of_the_checks(without_rest_framework):
    install_rest_framework()  # raises nothing: the check has the words
    (message,) = check_rest_framework()
    assert message.id == "pyforge_web.E040"
    assert "cannot be imported" in message.msg


def test_database_that_cannot_be_set_up_is_djangos_error(monkeypatch):
    before = check_databases()
    monkeypatch.setitem(connections.settings, "wrong", {**connections.settings["default"], "ENGINE": "no.such.engine"})
    with pytest.raises(ImproperlyConfigured):
        _ = connections["wrong"]
    assert check_databases() == before


def test_template_that_cannot_be_read_is_left_out(tmp_path, monkeypatch):
    (tmp_path / "a.html").write_text("{% pyforge_json a %}")
    (tmp_path / "b.html").write_text("{% pyforge_json b %}")
    read = Path.read_bytes

    def read_bytes(path):
        if path.name == "a.html":
            raise PermissionError(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert [path.name for path, _ in _find_sources([tmp_path])] == ["b.html"]
