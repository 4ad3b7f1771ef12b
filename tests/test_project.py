"""The project around the package: its commands, its versions, what is published."""

import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from demo_site.check_port import explain_port
from tests.conftest import LONG_FILES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SUPPORTED = PROJECT["tool"]["pyforge-web"]["supported"]
STAMPS = ("venv", "demo", "deps", "native")


def write_tool(folder, name, says):
    """Put a command into `folder` that prints a text."""
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(f"#!/bin/sh\necho '{says}'\n")
    tool.chmod(0o755)


def make(*arguments, path=None, **variables):
    """Run make in the clone; MAKEFLAGS of a make that runs the tests do not count."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "PYTHON")
    }
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    given = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "--no-print-directory", *arguments, *given]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def environment(tmp_path):
    """An environment that make takes for complete, made with the Python of the tests."""
    stamps = tmp_path / "venv" / ".stamps"
    stamps.mkdir(parents=True)
    code = re.search(r"^IDENTITY := '(.*)'$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    identity = subprocess.check_output([sys.executable, "-c", code], text=True)
    for name in STAMPS:
        (stamps / name).write_text(identity)
    return tmp_path / "venv"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
class TestMake:
    @pytest.mark.parametrize("tool", ["rustc", "cargo"])
    def test_old_rust_is_refused_before_anything_is_made(self, tool, tmp_path):
        for name, version in (("rustc", "1.95.0"), ("cargo", "1.95.0"), (tool, "1.63.0")):
            write_tool(tmp_path / "bin", name, f"{name} {version} (abc 2026-01-01)")
        child = make("install", path=tmp_path / "bin", VENV=tmp_path / "venv", PYTHON=sys.executable)
        assert child.returncode != 0
        assert f"PyForge Web needs Rust 1.85 or newer: '{tool}' is 1.63.0" in child.stdout
        assert not (tmp_path / "venv").exists()

    @pytest.mark.parametrize("version", ["1.85.0", "1.85.0-nightly", "1.100.1", "2.0.0"])
    def test_rust_that_is_new_enough(self, version, tmp_path):
        for name in ("rustc", "cargo"):
            write_tool(tmp_path / "bin", name, f"{name} {version} (abc 2026-01-01)")
        write_tool(tmp_path / "bin", "cc", "")
        broken = tmp_path / "bin" / "python"
        broken.write_text(f'#!/bin/sh\n[ "$1" = -m ] && echo "made: $*" && exit 1\nexec {sys.executable} "$@"\n')
        broken.chmod(0o755)
        child = make("install", path=tmp_path / "bin", VENV=tmp_path / "venv", PYTHON=broken)
        assert "made: -m venv" in child.stdout

    def test_no_rust(self, tmp_path):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("sh", "cut", "sed", "cat", "find", "true"):
            (folder / name).symlink_to(shutil.which(name))
        (folder / "python").symlink_to(sys.executable)
        command = [shutil.which("make"), "install", f"VENV={tmp_path / 'venv'}", "PYTHON=python"]
        child = subprocess.run(command, cwd=ROOT, env={"PATH": str(folder)}, capture_output=True, text=True, timeout=60)
        assert "no 'rustc' in PATH" in child.stdout

    def test_complete_environment_stays(self, environment):
        child = make("--dry-run", "install", VENV=environment)
        assert "Nothing to be done" in child.stdout, child.stdout
        child = make("--dry-run", "install", VENV=environment, PYTHON=sys.executable)
        assert "Nothing to be done" in child.stdout, child.stdout

    def test_another_python_makes_the_environment_anew(self, environment):
        (environment / ".stamps" / "venv").write_text("3.10.0 /usr/bin/python3.10\n")
        for name in STAMPS[1:]:
            (environment / ".stamps" / name).touch()
        assert "Nothing to be done" in make("--dry-run", "install", VENV=environment).stdout
        child = make("--dry-run", "install", VENV=environment, PYTHON=sys.executable)
        assert "-m venv" in child.stdout
        assert "--group demo" in child.stdout

    def test_demo_installs_the_group_demo_alone(self, tmp_path):
        child = make("--dry-run", "demo", VENV=tmp_path / "venv", PYTHON=sys.executable)
        assert set(re.findall(r"--group (\w+)", child.stdout)) == {"demo"}
        assert child.stdout.index("demo_site.check_port") < child.stdout.index("migrate")

    def test_every_command_is_listed(self):
        listed = set(re.findall(r"^  make ([a-z-]+)", make("help").stdout, re.MULTILINE))
        phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
        assert listed == set(phony) - {"again"}


class TestPort:
    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert (
                explain_port(str(port))
                == f"Port {port} is in use: choose another one, as in `make demo PORT={port + 1}`."
            )
            assert explain_port(f"127.0.0.1:{port}").startswith(f"Port {port} is in use")
        assert explain_port(str(port)) is None

    @pytest.mark.parametrize("given", ["eighty", "", "99999", "127.0.0.1:"])
    def test_what_is_no_port(self, given):
        assert "is no port" in explain_port(given)


class TestVersions:
    def test_classifiers_are_what_is_supported(self):
        classifiers = PROJECT["project"]["classifiers"]
        for name, start in (("python", "Programming Language :: Python :: "), ("django", "Framework :: Django :: ")):
            named = [each.removeprefix(start) for each in classifiers if re.fullmatch(rf"{start}\d[\d.]+", each)]
            assert named == list(SUPPORTED[name])

    def test_readme_names_the_oldest_and_the_newest(self):
        readme = (ROOT / "README.md").read_text()
        rows = {"CPython": SUPPORTED["python"], "Django": list(SUPPORTED["django"]), **SUPPORTED["packages"]}
        for name, versions in rows.items():
            assert f"| {name} | {versions[0]} | {versions[-1]} |" in readme

    def test_oldest_are_the_requirements(self):
        assert PROJECT["project"]["requires-python"] == f">={SUPPORTED['python'][0]}"
        assert PROJECT["project"]["dependencies"] == [f"Django>={next(iter(SUPPORTED['django']))}"]

    def test_every_django_has_a_python(self):
        assert {python for pythons in SUPPORTED["django"].values() for python in pythons} == set(SUPPORTED["python"])

    def test_lock_has_every_package_of_the_groups(self):
        locked = {
            re.split(r"[=\[ ;]", line)[0].lower().replace("_", "-")
            for line in (ROOT / "constraints.txt").read_text().splitlines()
        }
        asked = {
            re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")
            for requirements in PROJECT["dependency-groups"].values()
            for requirement in requirements
            if isinstance(requirement, str)
        }
        assert asked - locked == set()


def test_long_files_of_the_tests_exist():
    assert not [name for name in LONG_FILES if not (ROOT / "tests" / name).exists()]


def test_readme_has_absolute_links():
    """PyPI shows it, and has none of the other files."""
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", readme) + re.findall(r'(?:src|srcset|href)="([^"]+)"', readme)
    assert len(links) > 10
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    address = PROJECT["project"]["urls"]["Source"]
    for path in re.findall(rf"{address}/blob/main/([^)#\"]+)", readme):
        assert (ROOT / path).exists(), path


def test_actions_are_pinned_by_their_commits():
    """One that could not be looked up says so in the line above."""
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        lines = path.read_text().splitlines()
        for before, line in itertools.pairwise(lines):
            if "uses:" in line:
                pinned = re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)
                assert pinned or "Not pinned" in before, f"{path.name}: {line}"
