"""`pyforge_dump --format django` in a project with the packages that change models, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARE_OF_ROWS = 0.9  # the goal: models whose fixtures are written from raw rows


@pytest.fixture(scope="module")
def dumped():
    """How each model was dumped; the program has compared each fixture with dumpdata's."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.streams.packages"]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)


def test_models_of_packages_are_written_from_rows(dumped):
    ways = [model["said"] == "" for model in dumped.values() if not model["is_own"]]
    assert len(ways) >= 20
    assert sum(ways) / len(ways) >= SHARE_OF_ROWS


def test_only_proxies_and_polymorphic_models_are_left_to_dumpdata(dumped):
    """A proxy has no rows of its own, and django-polymorphic gives dumpdata another manager."""
    left = {label for label, model in dumped.items() if model["said"] == "dumpdata"}
    assert left == {"authtoken.TokenProxy", "polymorphic.Animal", "polymorphic.Dog"}


@pytest.mark.parametrize(
    "label",
    [
        "taggit.Copied",  # its QuerySet has a _clone of its own
        "taggit.Remembering",  # its __init__ remembers what it was made with
        "taggit.Poll",  # has a history
        "auth.User",  # a receiver of imagekit hears of every instance of a project
    ],
)
def test_harmless_code_of_a_project_leaves_the_rows_native(label, dumped):
    assert dumped[label]["said"] == ""
    assert dumped[label]["size"] > 2


@pytest.mark.parametrize("label", ["modeltranslation.News", "djmoney.Product", "easy_thumbnails.Photo"])
def test_other_instances_are_made_by_django(label, dumped):
    assert dumped[label]["said"].startswith(f"Django makes the objects of {label}: ")
