"""What an instrumented build is trained with: `make wheel-pgo` runs it as a file, beside the wheel that it trains.

Each kind of work of the core is done in turn, and none for long: what a profile says is which branches are taken and
which functions are called, not how long they take. It imports the installed package, not the one of the working tree.
"""

import datetime
import decimal
import random
import uuid

import django
from django.conf import settings

_ROUNDS = 150
_TEXTS = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ",
    "O\u00f9 \u00eates-vous pass\u00e9s, \u00e0 l'\u00e9t\u00e9 dernier? ",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3067\u3059\u3002",
    "text \U0001f600 with \U0001f389 emoji ",
    '<a href="/article/7/">A "title"</a>\n',
)


def main():
    """Do all kinds of work `_ROUNDS` times."""
    settings.configure(
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "pyforge_web"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()
    values = _make_values(random.Random(18))
    train_queries = _prepare_queries()
    for _ in range(_ROUNDS):
        _train_encoder(values)
        train_queries()


def _make_values(draw):
    """Return values as responses have them, from one number to a page of rows."""
    rows = [_make_row(draw, number) for number in range(25)]
    tree = {f"name {number}": {"id": number, "items": [number, None, {"live": True}]} for number in range(40)}
    polygons = [[[draw.uniform(-180, 180), draw.uniform(-90, 90)] for _ in range(60)] for _ in range(5)]
    return [
        *(1, None, {}, "short", {"ok": True, "id": 5}, (1, 2, (3,)), list(range(300)), [True, False, None] * 50),
        *([10**n for n in range(19)], [-5, 2**63 - 1, 1e-7, 1e300, 0.0], polygons, tree, rows, rows[0]),
        *(text * count for text in _TEXTS for count in (1, 4, 40, 400)),
        [text * 3 for text in _TEXTS for _ in range(20)],
        {number: number for number in range(20)},
    ]


def _make_row(draw, number):
    return {
        "id": number,
        "uuid": uuid.UUID(int=draw.getrandbits(128)),
        "title": "A title of some words",
        "body": _TEXTS[number % len(_TEXTS)] * 4,
        "price": decimal.Decimal(draw.randrange(10_000)) / 100,
        "rating": round(draw.random() * 5, 2),
        "at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=draw.randrange(10**8)),
        "day": datetime.date(2026, 1, 1 + number),
        "live": True,
        "author": None,
    }


def _train_encoder(values):
    from pyforge_web import dumps, loads
    from pyforge_web.html import pyforge_json

    for value in values:
        written = dumps(value)
        dumps(value, django_bytes=True)
        dumps(value, ensure_ascii=True)
        loads(written, max_size=None)
    pyforge_json(values[-1])


def _prepare_queries():
    """Return a function that reads rows, nests relations and validates."""
    from django.contrib.auth.models import Group, Permission
    from django.core.management import call_command

    from pyforge_web import dumps, validate_many

    call_command("migrate", verbosity=0)
    group = Group.objects.create(name="editors")
    group.permissions.set(Permission.objects.all())
    fields = ["id", "name", {"permissions": ["codename", {"content_type": ["app_label"]}]}]

    def train_queries():
        dumps(Permission.objects.all(), fields=["id", "name", "codename", "content_type"])
        dumps(Permission.objects.values())
        dumps(Group.objects.all(), fields=fields)
        dumps(list(Permission.objects.all()[:20]))
        validate_many([Group(name=f"group {number}") for number in range(20)])

    return train_queries


if __name__ == "__main__":
    main()
