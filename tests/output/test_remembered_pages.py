"""Pages with every output field, whose SQL is remembered and which nobody hears of: they take the shortest way.

Whatever is changed between two of them, what is written are the attributes of the instances of now.
"""

import contextlib
import json
from unittest import mock

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections
from django.db.models import F
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_init
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.urls import reverse, set_script_prefix
from django.utils import translation

import pyforge_web
from pyforge_web import Attribute, Computed, Display, FileUrl, Flat, Keys, Link
from pyforge_web.querysets.relations import remembered_pages
from tests.output.models import LoudFile, Person, Ticket
from tests.unheard import sql_cache, unheard

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.urls")]

JOINT = "+"


def join(title, owner):
    return f"{title}{JOINT}{owner}"


FIELDS = [
    "title",
    {"kind": F("state")},
    {"label": Display("state")},
    {"rank": Display("rank")},
    {"cover": FileUrl("cover")},
    {"url": Link("ticket-title", pk="id", title="title")},
    {"watcherKeys": Keys("watchers")},
    {"watcherNames": Flat("watchers", "name")},
    {"joined": Computed(join, "title", "owner__name")},
    {"short": Attribute("short", reads=["title"])},
    {"withOwner": Attribute("with_owner", reads=["title", "owner__name"])},
    {"owner": ["name"]},
]


def as_dict(ticket):
    owner, watchers = ticket.owner, list(ticket.watchers.all())
    return {
        "title": ticket.title,
        "kind": ticket.state,
        "label": ticket.get_state_display(),
        "rank": ticket.get_rank_display(),
        "cover": ticket.cover.url if ticket.cover else None,
        "url": reverse("ticket-title", kwargs={"pk": ticket.pk, "title": ticket.title}),
        "watcherKeys": [each.pk for each in watchers],
        "watcherNames": [each.name for each in watchers],
        "joined": join(ticket.title, owner and owner.name),
        "short": ticket.short,
        "withOwner": ticket.with_owner(),
        "owner": owner and {"name": owner.name},
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request, filled_tickets, db, monkeypatch):
    """Each database in turn, with the SQL cache and without what listens to it in these tests."""
    with sql_cache(monkeypatch), unheard(connections[filled_tickets[request.param]]) as connection:
        yield connection.alias


@pytest.fixture
def taken(monkeypatch):
    """The pages that were read by the shortest way."""
    pages, original = [], remembered_pages.read_page

    def read_page(*given):
        page = original(*given)
        pages.extend([] if page is None else [page])
        return page

    monkeypatch.setattr(remembered_pages, "read_page", read_page)
    return pages


def find_page(alias):
    return Ticket.objects.using(alias).order_by("pk")[:5]


def assert_like_instances(alias, names=None):
    """All output fields, or those of some keys, beside the attributes of instances."""
    fields = [item for item in FIELDS if names is None or next(iter(item if type(item) is dict else [item])) in names]
    rows = [as_dict(ticket) for ticket in find_page(alias)]
    expected = [{name: value for name, value in row.items() if names is None or name in names} for row in rows]
    for _ in range(3):
        written = json.loads(pyforge_web.dumps(find_page(alias), fields=fields))
        assert written == json.loads(json.dumps(expected, cls=DjangoJSONEncoder))


@contextlib.contextmanager
def script_prefix():
    set_script_prefix("/under/")
    try:
        yield
    finally:
        set_script_prefix("/")


@contextlib.contextmanager
def receiver():
    def change(instance, **_):
        instance.title = "of a receiver"

    post_init.connect(change, sender=Ticket)
    try:
        yield
    finally:
        post_init.disconnect(change, sender=Ticket)


def field(name):
    return Ticket._meta.get_field(name)


def make_loud(cls, db, field_names, values, *, fetch_mode=None):
    instance = cls(*values)
    instance._state.db = db
    instance.title = instance.title.upper() if "title" in instance.__dict__ else ""
    return instance


@contextlib.contextmanager
def choices(name, *pairs):
    before = field(name).choices
    field(name).choices = pairs
    try:
        yield
    finally:
        field(name).choices = before


def require_other(file):
    file.name = "other.png"


def named(text):
    return property(lambda self: text, lambda self, value: None)


CHANGES = {
    "language": lambda: translation.override("de"),
    "media url": lambda: override_settings(MEDIA_URL="/elsewhere/"),
    "script prefix": script_prefix,
    "class of files": lambda: mock.patch.object(field("cover"), "attr_class", LoudFile),
    "url of files": lambda: mock.patch.object(FieldFile, "url", named("/patched")),
    "files that are required": lambda: mock.patch.object(FieldFile, "_require_file", require_other),
    "storage": lambda: mock.patch.object(field("cover").storage, "url", lambda name: f"//{name}", create=True),
    "url of storages": lambda: mock.patch.object(FileSystemStorage, "url", lambda self, name: f"/of/{name}"),
    "base of storages": lambda: mock.patch.object(FileSystemStorage, "base_url", "/based/"),
    "choices": lambda: choices("rank", (1, "one"), (2, "two")),
    "display method": lambda: mock.patch.object(Ticket, "get_state_display", lambda self: f"<{self.state}>"),
    "property": lambda: mock.patch.object(Ticket, "short", named("short")),
    "method": lambda: mock.patch.object(Ticket, "with_owner", lambda self: self.title * 2),
    "function's own global": lambda: mock.patch(f"{__name__}.JOINT", "-"),
    "creation": lambda: mock.patch.object(Ticket, "from_db", classmethod(make_loud)),
    "receiver": receiver,
}


@pytest.mark.parametrize("name", CHANGES)
def test_remembered_page_follows(alias, taken, name):
    for _ in range(2):
        assert_like_instances(alias)
    assert taken
    with CHANGES[name]():
        assert_like_instances(alias)
    assert_like_instances(alias)


@pytest.mark.parametrize(("model", "name", "keys"), [(Ticket, "title", {"title"}), (Person, "name", {"owner"})])
def test_remembered_page_follows_descriptors(alias, taken, model, name, keys):
    """The columns of a `Computed` are the row's, so they are not among the keys here."""
    for _ in range(2):
        assert_like_instances(alias, keys)
    assert taken
    with mock.patch.object(model, name, named("from a property")):
        assert_like_instances(alias, keys)
    assert_like_instances(alias, keys)


def test_remembered_page_of_a_patched_request(alias):
    request = RequestFactory().get("/")
    with mock.patch.object(HttpRequest, "build_absolute_uri", lambda self, location: f"//{len(location)}"):
        written = json.loads(pyforge_web.dumps(find_page(alias), fields=FIELDS, request=request))
        urls = [request.build_absolute_uri(as_dict(ticket)["url"]) for ticket in find_page(alias)]
    assert [row["url"] for row in written] == urls


def test_remembered_page_of_a_request(alias):
    for host in (None, "a.example", "b.example", None):
        request = host and RequestFactory(SERVER_NAME=host).get("/")
        written = [
            pyforge_web.dumps(find_page(alias), fields=FIELDS, **({"request": request} if request else {}))
            for _ in range(3)
        ]
        urls = {row["url"] for text in written for row in json.loads(text)}
        expected = {as_dict(ticket)["url"] for ticket in find_page(alias)}
        assert urls == ({request.build_absolute_uri(url) for url in expected} if request else expected)
