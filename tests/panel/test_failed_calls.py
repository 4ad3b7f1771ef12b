"""Calls that fail are rows with the error and the path of the value, and stand first."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse

from pyforge_web import PyForgeStreamingResponse, dumps
from pyforge_web.html import pyforge_json
from pyforge_web.metering import collect
from pyforge_web.metering.call_groups import describe_error
from tests.panel import urls

pytestmark = pytest.mark.django_db


def refuse(call):
    with pytest.raises(TypeError):
        call()


@pytest.fixture
def ask_for(ask, monkeypatch):
    """A function (calls) -> the panel of a view that makes these calls."""

    def ask_for(*calls):
        def view(request):
            for call in calls:
                refuse(call)
            dumps({"a": "x" * 100_000})
            return HttpResponse("text")

        monkeypatch.setattr(urls.IDLE, "callback", view)
        return ask("/idle/")

    return ask_for


CALLS = {
    "a set": (lambda: dumps({"rows": [1, {2}]}), "TypeError", "$.rows[1]"),
    "a secret": (lambda: dumps({"user": User(username="ann")}), "TypeError", "password"),
    "a tag": (lambda: pyforge_json([object()], id="x"), "TypeError", "$[0]"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_failed_call_has_its_error_and_path(ask_for, name):
    call, kind, where = CALLS[name]
    panel = ask_for(call)
    group = panel.stats["groups"][0]
    ((text, number),) = group["errors"]
    assert (number, kind in text, where in text) == (1, True, True)
    assert panel.stats["groups"][1]["errors"] == []
    assert f"failed: {kind}" in panel.text
    assert where in panel.text
    assert "1 failed" in panel.subtitle
    assert panel.totals["failed_calls"] == 1


def test_calls_that_fail_alike_are_one_row(ask_for):
    panel = ask_for(*[CALLS["a set"][0]] * 3)
    group = panel.stats["groups"][0]
    assert [number for _, number in group["errors"]] == [3]
    assert group["calls"] == 3
    assert "failed \N{MULTIPLICATION SIGN}3" in panel.text


def test_a_call_that_succeeds_after_one_that_failed_is_another_group():
    with collect(details=True) as collector:
        for value in ({1}, [1], {2}, [2]):
            try:
                dumps([value])
            except TypeError:
                continue
    assert [(group.calls, sum(group.errors.values())) for group in collector.groups] == [(2, 2), (2, 0)]


def test_a_row_of_a_stream_that_fails_is_named(caplog):
    with collect(details=True) as collector:
        b"".join(PyForgeStreamingResponse({"n": {n} if n == 3 else n} for n in range(5)))
    errors = [text for group in collector.groups for text in group.errors]
    assert len(errors) == 1
    assert "TypeError" in errors[0]


def test_an_error_keeps_its_notes_and_is_cut():
    error = ValueError("x" * 1000)
    assert len(describe_error(error)) == 300
    error = ValueError("no")
    error.add_note("while encoding $.a")
    assert describe_error(error) == "ValueError: no while encoding $.a"
