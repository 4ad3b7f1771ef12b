"""`CaptureCrossings`, `assertNumCrossings` and the fixtures of pytest: what they count and what they say."""

import asyncio
import os
import re
import subprocess
import sys

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client, SimpleTestCase
from django.utils.functional import lazystr

from pyforge_web import PyForgeJsonResponse, dumps, testing
from pyforge_web.html import pyforge_json
from pyforge_web.testing import AssertNumCrossingsMixin, CaptureCrossings, assert_no_pyforge_warnings
from tests.app.models import Article, Author
from tests.tables import cases

FAILED = pytest.fail.Exception


class Case(AssertNumCrossingsMixin, SimpleTestCase):
    """A test of a project."""


@pytest.fixture
def case():
    return Case()


def work():
    """Three calls, one callback."""
    dumps([lazystr("a")])
    PyForgeJsonResponse({"a": 1})
    pyforge_json([1])


def test_captured_calls_have_their_group_and_costs():
    with CaptureCrossings() as captured:
        work()
    assert len(captured) == 3
    assert captured.callbacks == 1
    assert captured.by_source == {"direct": 1, "response": 1, "tag": 1}
    assert [call.group.function for call in captured.calls] == ["dumps", "dumps_response", "dumps_html"]
    work()
    assert len(captured) == 3


def test_capture_can_be_read_while_open():
    with CaptureCrossings() as captured:
        assert (len(captured), captured.calls, captured.callbacks, captured.by_source) == (0, [], 0, {})
        dumps([1])
        assert len(captured) == 1


WHICH = {
    "a source": ({"source": "response"}, 1),
    "a source that there is not": ({"source": "stream"}, 0),
    "a model": ({"model": Author}, 3),
    "a model's label": ({"model": "tests_app.Author"}, 3),
    "another model": ({"model": Article}, 1),
    "both": ({"model": Author, "source": "response"}, 1),
}


@pytest.mark.django_db
@pytest.mark.parametrize("case", cases(WHICH))
def test_source_and_model_select_the_calls(case):
    which, expected = case
    with CaptureCrossings(**which) as captured:
        dumps(Author(name="a", born=None))
        PyForgeJsonResponse(Author.objects.all())
        dumps([Author.objects.all(), Article.objects.all()])
        dumps(["tests_app.Author"])
    assert len(captured) == expected


@pytest.mark.usefixtures("site")
@pytest.mark.django_db
def test_calls_of_test_clients_are_captured():
    with CaptureCrossings() as captured:
        Client().get("/many/3/")
    assert len(captured) == 3
    for path, expected in (("/async_one/", 1), ("/gathered/", 5), ("/many/2/", 2)):
        with CaptureCrossings() as captured:
            asyncio.run(ask(path))
        assert len(captured) == expected
    with CaptureCrossings() as captured:
        async_to_sync(ask)("/gathered/")
    assert len(captured) == 5


async def ask(path):
    return await AsyncClient().get(path)


def test_groups_beyond_those_of_a_panel_are_kept():
    kinds = [type(f"Kind{n}", (list,), {}) for n in range(300)]
    with CaptureCrossings() as captured:
        for kind in kinds:
            dumps(kind())
    assert len(captured) == 300


def test_calls_beyond_the_limit_raise(monkeypatch):
    monkeypatch.setattr(testing, "_MAX_CALLS", 10)
    with CaptureCrossings() as captured:
        for _ in range(11):
            dumps([1])
    with pytest.raises(RuntimeError, match="smaller block"):
        len(captured)


RIGHT = {
    "all": (3, {}),
    "callbacks too": (3, {"callbacks": 1}),
    "one source": (1, {"source": "direct", "callbacks": 1}),
    "no model": (0, {"model": Author}),
}


@pytest.mark.parametrize("right", cases(RIGHT))
def test_assertion_holds_for_the_expected_calls(
    case, pyforge_assert_num_crossings, pyforge_assert_max_num_crossings, right
):
    num, which = right
    with case.assertNumCrossings(num, **which) as captured:
        work()
    assert len(captured) == num
    assert case.assertNumCrossings(num, work, **which) is None
    for fixture in (pyforge_assert_num_crossings, pyforge_assert_max_num_crossings):
        with fixture(num, **which) as captured:
            work()
        assert len(captured) == num
    with pyforge_assert_max_num_crossings(num + 1, **which):
        work()


WRONG = {
    "too few": (2, {}, "3 crossings were made, {}2 expected"),
    "callbacks": (3, {"callbacks": 0}, "1 callback was made, {}0 expected"),
    "one source": (0, {"source": "tag"}, "1 crossing was made, {}0 expected"),
    "both": (1, {"callbacks": 0}, "3 crossings were made, {}1 expected\n1 callback was made, {}0 expected"),
}


@pytest.mark.parametrize("wrong", cases(WRONG))
def test_assertion_fails_for_other_calls(case, pyforge_assert_num_crossings, pyforge_assert_max_num_crossings, wrong):
    num, which, message = wrong
    exact = re.escape(message.format("", "")) + "\nCaptured calls were:\n1. "
    with pytest.raises(AssertionError, match=exact), case.assertNumCrossings(num, **which):
        work()
    with pytest.raises(AssertionError, match=exact):
        case.assertNumCrossings(num, work, **which)
    with pytest.raises(FAILED, match=exact), pyforge_assert_num_crossings(num, **which):
        work()
    at_most = re.escape(message.format("at most ", "at most ")) + "\nCaptured calls were:\n1. "
    with pytest.raises(FAILED, match=at_most), pyforge_assert_max_num_crossings(num, **which):
        work()


def test_assertion_fails_for_too_few_calls(case, pyforge_assert_num_crossings):
    with pytest.raises(AssertionError, match="3 crossings were made, 5 expected"), case.assertNumCrossings(5):
        work()
    with pytest.raises(FAILED, match="3 crossings were made, 5 expected"), pyforge_assert_num_crossings(5):
        work()


def complaint_of(case, block):
    """The lines of what is said when a block was to make one call."""
    with pytest.raises(AssertionError) as failed, case.assertNumCrossings(1):
        block()
    return str(failed.value).splitlines()


@pytest.mark.django_db
def test_each_call_is_listed_with_its_place(case):
    Author.objects.bulk_create([Author(name=f"{n}") for n in range(3)])
    texts = []

    def block():
        texts.append(dumps(Author.objects.all(), fields=["id", "name"]))
        work()

    title, heading, *listed = complaint_of(case, block)
    assert (title, heading) == ("4 crossings were made, 1 expected", "Captured calls were:")
    line = block.__code__.co_firstlineno + 1
    assert re.fullmatch(
        rf"1\. dumps of tests_app\.Author \(id, name\): values, 3 rows, {len(texts[0])} bytes, \d callbacks"
        rf" at {re.escape(__file__)}:{line} in {re.escape(block.__qualname__)}",
        listed[0],
    )
    assert [line.partition(". ")[0] for line in listed] == ["1", "2", "3", "4"]
    start = work.__code__.co_firstlineno
    places = [f" at {__file__}:{start + n} in work" for n in (2, 3, 4)]
    assert [line[-len(place) :] for line, place in zip(listed[1:], places, strict=True)] == places


def test_a_long_list_is_cut(case):
    lines = complaint_of(case, lambda: [dumps([1]) for _ in range(250)])
    assert lines[-1] == "... and 50 more"
    assert len(lines) == 2 + 200 + 1


def test_an_error_of_the_block_comes_first(case, pyforge_assert_num_crossings):
    with pytest.raises(LookupError), case.assertNumCrossings(5):
        raise LookupError
    with pytest.raises(LookupError), pyforge_assert_num_crossings(5):
        raise LookupError


def test_info_is_part_of_the_message(pyforge_assert_num_crossings):
    with pytest.raises(FAILED) as failed, pyforge_assert_num_crossings(0, info="one call for each page"):
        dumps([1])
    assert str(failed.value).startswith("one call for each page\n1 crossing was made, 0 expected\n")


PROJECT = """
from pyforge_web import dumps

def test_right(pyforge_assert_num_crossings, pyforge_assert_max_num_crossings):
    with pyforge_assert_num_crossings(1), pyforge_assert_max_num_crossings(1):
        dumps([1])

def test_wrong(pyforge_assert_num_crossings):
    with pyforge_assert_num_crossings(0):
        dumps([1])
"""


def test_pytest_finds_the_fixtures_in_any_project(tmp_path):
    (tmp_path / "test_project.py").write_text(PROJECT)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_project.py"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
    child = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=120)
    assert "1 failed, 1 passed" in child.stdout, child.stdout + child.stderr
    assert "1 crossing was made, 0 expected" in child.stdout
    assert "test_project.py:10 in test_wrong" in child.stdout


def write_similar():
    for number in range(12):
        dumps({"number": number})


def test_warnings_of_the_panel_fail_a_block():
    with pytest.raises(AssertionError) as caught, assert_no_pyforge_warnings():
        write_similar()
    first, line = str(caught.value).splitlines()
    assert first == "The panel of PyForge Web would warn:"
    assert line.startswith("PF001 similar: dict is written 12 times from the same line")
    assert f"({__file__}:" in line
    assert line.endswith(" in write_similar)")


def test_warnings_can_be_ignored_and_their_limits_changed():
    with assert_no_pyforge_warnings(ignore=["PF001"]):
        write_similar()
    with assert_no_pyforge_warnings(SIMILAR_CALLS=13):
        write_similar()
    with pytest.raises(TypeError, match="there is no limit SIMILAR; there are SIMILAR_CALLS"):
        assert_no_pyforge_warnings(SIMILAR=1).__enter__()


def test_warnings_do_not_hide_an_error_of_the_block():
    def fail():
        write_similar()
        raise LookupError

    with pytest.raises(LookupError), assert_no_pyforge_warnings():
        fail()


def test_the_fixture_asserts_that_there_are_no_warnings(pyforge_assert_no_warnings):
    with pyforge_assert_no_warnings():
        dumps([1])
    with pytest.raises(AssertionError, match="PF001"), pyforge_assert_no_warnings():
        write_similar()
