"""The tutorial, done as it stands there: its files are written, its commands run, its answers compared."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.docs.markdown import ROOT, TUTORIAL, read_blocks, read_commands

BLOCKS = list(read_blocks(TUTORIAL))
# What curl stands for: the test client of the project, in a process of its own, as the server would be.
CURL = """
import sys
import django
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
from django.test import Client
url, body = sys.argv[1:]
response = Client().post(url, body, content_type="application/json") if body else Client().get(url)
parts = response.streaming_content if response.streaming else [response.content]
sys.stdout.buffer.write(b"".join(parts))
sys.exit(response.status_code >= 500)
"""


def write_file(project, block):
    """Write the file that a block names, or add the block to it."""
    name, added = block.file
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    code = block.code.partition("\n")[2]
    path.write_text(path.read_text() + code if added else code)


def run_command(project, command):
    """Run one command of the tutorial in the project, and return what it prints."""
    words = shlex.split(command)
    if words[:4] == ["python", "-m", "pip", "install"]:
        assert words[4:] == ["pyforge-web"]  # the package of the tests is the one that is installed
        return ""
    if words[0] == "curl":
        url = words[-1].removeprefix("http://127.0.0.1:8000")
        words = [sys.executable, "-c", CURL, url, words[2] if words[1] == "--json" else ""]
    else:
        assert words[0] == "python"
        words[0] = sys.executable
    environment = {
        **os.environ,
        "PYTHONPATH": f"{project}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
    }
    if "startproject" in words:
        del environment["DJANGO_SETTINGS_MODULE"]
    child = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, timeout=120)
    assert child.returncode == 0, f"{command}\n{child.stdout}\n{child.stderr}"
    return child.stdout.strip()


def require_output(command, shown, output):
    """Compare what a page shows below a command with what the command gave."""
    if not shown:
        return
    if shown.endswith("..."):  # the first lines of many
        assert output.startswith(shown.removesuffix("...").strip()), command
    elif shown[0] in "[{" and command.startswith("curl"):
        require_json(json.loads(shown), json.loads(output), command)
    else:
        assert output == shown, command


def require_json(shown, value, command):
    """Compare JSON; a text `... 8 more` at the end of a list stands for so many items."""
    if (
        isinstance(shown, list)
        and shown
        and isinstance(shown[-1], str)
        and (more := re.match(r"\.\.\. (\d+) more", shown[-1]))
    ):
        assert len(value) == len(shown) - 1 + int(more[1]), command
        shown, value = shown[:-1], value[: len(shown) - 1]
    if isinstance(shown, dict) and isinstance(value, dict):
        assert list(shown) == list(value), command
        for key in shown:
            require_json(shown[key], value[key], command)
    else:
        assert shown == value, command


def test_tutorial_has_files_and_commands():
    assert {block.language for block in BLOCKS} == {"python", "console"}
    assert all(block.file[0] for block in BLOCKS if block.language == "python")
    assert sum(len(read_commands(block)) for block in BLOCKS if block.language == "console") >= 12


def test_tutorial_runs(tmp_path):
    for block in BLOCKS:
        if block.language == "python":
            write_file(tmp_path, block)
            continue
        for command, shown in read_commands(block):
            require_output(command, shown, run_command(tmp_path, command))
    dumped = [json.loads(line) for line in (tmp_path / "articles.ndjson").read_text().splitlines()]
    assert len(dumped) == 61
    assert list(dumped[0]) == ["id", "title"]


def test_models_of_the_tests_are_those_of_the_tutorial():
    (models,) = (block for block in BLOCKS if block.file[0] == "blog/models.py")
    stored = (ROOT / "tests/docs/blog/models.py").read_text()
    assert stored.partition("\n\n")[2] == models.code.partition("\n")[2]


@pytest.mark.parametrize("wrong", ["[]", '{"id": 2}', '{"id": 1, "more": 2}', "[1, 2]"])
def test_other_json_than_shown_is_found(wrong):
    with pytest.raises(AssertionError):
        require_output("curl /", '{"id": 1}', wrong)
