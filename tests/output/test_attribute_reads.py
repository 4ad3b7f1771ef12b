"""`manage.py pyforge_reads`: what an attribute reads, as `Attribute` takes it."""

import json
import re

import pytest
from django.core.management import CommandError, call_command

import pyforge_web
from pyforge_web import Attribute
from pyforge_web.output.attribute_reads import watch_attribute
from tests.output.models import Ticket
from tests.output.test_fields import FIELDS

pytestmark = pytest.mark.urls("tests.output.urls")


@pytest.fixture
def tickets(filled_tickets, db):
    return Ticket.objects.order_by("pk")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("short", ["title"]), ("with_owner", ["title", "owner__name"]), ("first_watcher", ["watchers"])],
)
def test_an_attribute_is_watched_once(tickets, name, expected):
    ticket = tickets.select_related("owner").first()
    before = {key: value for key, value in ticket.__dict__.items() if key != "_state"}
    read = watch_attribute(ticket, name)
    assert (read.names, read.error) == (expected, None)
    assert {key: value for key, value in ticket.__dict__.items() if key != "_state"} == before


def test_the_line_of_the_command_can_be_pasted(tickets, capsys):
    call_command("pyforge_reads", "output.Ticket.with_owner")
    line = capsys.readouterr().out.strip()
    assert re.fullmatch(r'\{"with_owner": Attribute\("with_owner", reads=\["title", "owner__name"\]\)\}', line)
    fields = [eval(line, {"Attribute": Attribute})]
    expected = [{"with_owner": ticket.with_owner()} for ticket in tickets]
    assert json.loads(pyforge_web.dumps(tickets, fields=fields)) == expected


def test_a_query_and_an_error_are_told(tickets, capsys, monkeypatch):
    call_command("pyforge_reads", "output.Ticket.first_watcher", pk=str(tickets[1].pk))
    assert "sends a query of its own" in capsys.readouterr().err
    monkeypatch.setattr(Ticket, "broken", property(lambda self: self.title.nothing), raising=False)
    call_command("pyforge_reads", "output.Ticket.broken")
    output = capsys.readouterr()
    assert 'reads=["title"]' in output.out
    assert "It raised AttributeError" in output.err


@pytest.mark.parametrize(
    ("attribute", "words"),
    [("output.Nothing.x", "No model"), ("output.Ticket.nothing", "no attribute 'nothing'"), ("Ticket", "No model")],
)
def test_a_wrong_name_is_refused(db, attribute, words):
    with pytest.raises(CommandError, match=words):
        call_command("pyforge_reads", attribute)


def test_a_table_without_rows_is_refused(db):
    Ticket.objects.all().delete()
    with pytest.raises(CommandError, match="no rows"):
        call_command("pyforge_reads", "output.Ticket.short")


def test_commands_take_the_path_of_output_fields(tickets, capsys):
    path = "tests.output.test_fields.FIELDS"
    call_command("pyforge_dump", "output.Ticket", format="array", fields=path)
    dumped = json.loads(capsys.readouterr().out)
    assert dumped == json.loads(pyforge_web.dumps(tickets, fields=FIELDS))
    call_command("pyforge_explain", "output.Ticket", fields=path)
    output = capsys.readouterr().out
    for name, kind in {"status": "Display", "short": "Attribute", "url": "Link", "owner.first": "Computed"}.items():
        assert re.search(rf"^{re.escape(name)} +{kind} +(native|python) ", output, re.M)
    with pytest.raises(CommandError, match="nothing"):
        call_command("pyforge_explain", "output.Ticket", fields="tests.output.nothing")
