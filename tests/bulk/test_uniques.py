"""Unique fields and sets: beside the table, inside the batch, of rows that are edited, and in odd columns."""

import datetime
import decimal
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.test import override_settings
from django.utils.safestring import mark_safe

from pyforge_web import validate_many
from tests.bulk.models import (
    Base,
    Child,
    Collated,
    CollatedWord,
    Dated,
    Defaulted,
    Maker,
    Odd,
    Room,
    Soft,
    Uniques,
    Word,
)
from tests.bulk.oracle import assert_like_django, assert_same_errors

pytestmark = pytest.mark.django_db(databases="__all__")
KEY = uuid.UUID(int=1)
DAY = datetime.date(2026, 3, 1)
NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
PARIS = ZoneInfo("Europe/Paris")
# The hour that Paris has twice.
TWICE = datetime.datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)


@pytest.fixture
def there(alias):
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 6))
    Uniques.objects.bulk_create(
        [
            Uniques(
                id=900, sku="one", number=1, key=KEY, day=DAY, moment=NOON, flag=True, maker_id=1, only_id=1, email=""
            ),
            Uniques(id=901, sku="two", number=2, day=DAY, flag=False, kind="b", maker_id=2, email="a@b.de", hidden="h"),
        ]
    )
    return alias


def row(number, /, **values):
    return Uniques(**{"sku": f"sku {number}", **values})


# Name → values of fields for the rows of a batch.
BATCHES = {
    "texts": [
        {"sku": sku}
        for sku in ("one", "ONE", "new", "new", "two ", mark_safe("one"), "new", "", "", "\u00e9", "e\u0301")
    ],
    "integers": [
        {"number": number} for number in (1, "1", 5, "5", 5.0, None, None, True, 10**30, -1, 2**70, 2**70, "x", "x")
    ],
    "uuids": [
        {"key": key} for key in (KEY, str(KEY), KEY.hex, None, None, uuid.UUID(int=2), "2" * 32, uuid.UUID("2" * 32))
    ],
    "moments": [
        {"moment": moment}
        for moment in (
            NOON,
            NOON.astimezone(PARIS),
            "2026-03-01T13:00+01:00",
            TWICE,
            TWICE.replace(fold=1),
            TWICE.astimezone(datetime.UTC),
            None,
            datetime.datetime.max.replace(tzinfo=datetime.UTC),
        )
    ],
    "relations": [{"only_id": only} for only in (1, "1", 2, 2, "2", None, 99, 99, "x")],
    "mails": [
        {"email": mail} for mail in ("", "", None, None, "a@b.de", "A@b.de", "new@b.de", "new@b.de", "bad", "bad")
    ],
    "hidden": [{"hidden": value} for value in ("h", "h", None, "i", "i", "")],
    "sets": [
        {"maker_id": maker, "kind": kind, "day": day}
        for maker, kind, day in (
            (1, "a", DAY),
            (1, "b", DAY),
            (1, "b", "2026-03-01"),
            ("1", "b", DAY),
            (None, "a", DAY),
            (None, "a", DAY),
            (3, "a", None),
            (3, "a", None),
            (3, "c", DAY),
            (3, "c", DAY),
            (99, "a", DAY),
            (99, "a", DAY),
            (2, "b", DAY),
        )
    ],
    "flags": [
        {"flag": flag, "kind": kind}
        for flag, kind in ((True, "a"), (1, "a"), ("f", "b"), (None, "a"), (True, "b"), ("t", "b"))
    ],
    "keys": [{"id": key} for key in (900, "901", 5, 5, None, None, "5", "x")],
    "everything": [
        {"sku": "one", "number": 1, "key": KEY, "only_id": 1, "moment": NOON, "flag": True, "kind": "a", "id": 900}
    ]
    * 2,
}


@pytest.mark.parametrize("name", BATCHES)
def test_unique_batches(there, name):
    assert_like_django(lambda: [row(number, **values) for number, values in enumerate(BATCHES[name])], there)


@pytest.mark.parametrize("exclude", [["sku"], ["number", "kind"], ["maker"], ["id", "day"], "sku"])
@pytest.mark.parametrize("name", BATCHES)
def test_unique_excluded_fields(sqlite_there, name, exclude):
    def make():
        rows = [row(number, **values) for number, values in enumerate(BATCHES[name])]
        return [*rows, row(1, sku=""), row(2, sku="two")]

    assert_like_django(make, sqlite_there, exclude=exclude, rows=None)


@pytest.fixture
def sqlite_there(request, sqlite):
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 6))
    Uniques.objects.create(id=900, sku="one", number=1, key=KEY, day=DAY, moment=NOON, flag=True, maker_id=1, only_id=1)
    return sqlite


def test_unique_one_query_per_set(there):
    def make():
        return [
            row(
                number,
                number=number + 10,
                key=uuid.UUID(int=number + 10),
                maker_id=number % 5 + 1,
                day=DAY,
                kind="ab"[number % 2],
            )
            for number in range(60)
        ]

    result, statements = assert_like_django(make, there)
    # maker; sku, number, key; (maker, kind, day)
    assert len(statements) == 5
    assert all(path.path == "batch" for path in result.paths)


def test_unique_queries_of_valid_rows(there):
    rows = [row(number, maker_id=1) for number in range(1000)]
    with connections[there].execute_wrapper(counted := Counter()):
        assert validate_many(rows).ok
    assert counted.calls == 2


class Counter:
    calls = 0

    def __call__(self, execute, sql, params, many, context):
        self.calls += 1
        return execute(sql, params, many, context)


def test_unique_value_of_an_invalid_row(there):
    result = validate_many([row(1, sku="same", kind="?"), row(2, sku="same"), row(3, sku="same", number=1)])
    assert {at: list(error.error_dict) for at, error in result.errors.items()} == {
        0: ["kind"],
        1: ["sku"],
        2: ["sku", "number"],
    }


def edited(**values):
    found = Uniques.objects.get(pk=values.pop("pk"))
    for name, value in values.items():
        setattr(found, name, value)
    return found


EDITS = {
    "unchanged": [{"pk": 900}, {"pk": 901}],
    "taken from each other": [{"pk": 900, "sku": "two"}, {"pk": 901, "sku": "one", "number": 1}],
    "sets": [{"pk": 900, "maker_id": 2, "kind": "b"}, {"pk": 901, "flag": True, "kind": "a"}],
    "as text": [{"pk": 900, "id": "900"}, {"pk": 901, "sku": "one", "id": "901"}],
    "another key": [{"pk": 900, "id": 901}, {"pk": 901, "id": 5}],
    "no key": [{"pk": 900, "id": None}, {"pk": 901, "id": None}],
    "wrong": [{"pk": 900, "sku": "", "number": "x"}, {"pk": 901, "kind": "?", "only_id": 99}],
}


@pytest.mark.parametrize("name", EDITS)
def test_unique_edited_rows(there, name):
    assert_like_django(lambda: [edited(**values) for values in EDITS[name]], there, rows=name != "unchanged")


def test_unique_edited_and_new_rows(there):
    """Django's verdict of each against the table, and of the new ones against those before them."""

    def make():
        return [row(1, sku="x"), edited(pk=900), row(2, sku="one"), edited(pk=901, sku="x"), row(3, sku="y")]

    result = validate_many(make())
    assert {at: list(error.error_dict) for at, error in result.errors.items()} == {2: ["sku"], 3: ["sku"]}
    expected = Uniques(sku="one")
    with pytest.raises(Exception) as caught:  # noqa: PT011
        expected.full_clean()
    assert_same_errors({2: result.errors[2]}, {2: caught.value})


def test_unique_row_edited_twice(there):
    assert validate_many([edited(pk=900, sku="x"), edited(pk=900, sku="x")]).ok
    assert list(validate_many([edited(pk=900, sku="x"), edited(pk=901, sku="x")]).errors) == [1]


def test_unique_instance_twice(there):
    instance = row(1)
    assert list(validate_many([instance, instance]).errors) == [1]


def test_unique_inheritance(there):
    Base.objects.create(id=7, plate="p7", owner_id=1)
    child = Child.objects.create(id=8, plate="p8", owner_id=1, seats=8)

    def make():
        edited_child = Child.objects.get(pk=child.pk)
        edited_child.plate = "p7"
        return [
            edited_child,
            Child(plate="p7", owner_id=1, seats=8),
            Child(plate="x", owner_id=1, seats=1),
            Child(plate="x", owner_id=1, seats=2),
            Child(plate="y", owner_id=1, seats=2),
            Child(plate="z", owner_id=1, seats=3, id=7),
        ]

    assert_like_django(make, there)


def test_unique_composite_keys(there):
    Room.objects.create(maker_id=1, number=1, title="t")

    def make():
        found = Room.objects.get(title="t")
        found.number = "1"
        return [
            found,
            Room(maker_id=1, number=1, title="a"),
            Room(maker_id="1", number="1", title="t"),
            Room(maker_id=1, number=2, title="b"),
            Room(maker_id=1, number=2, title="b"),
            Room(maker_id=99, number=2, title="c"),
            Room(maker_id=1, number=None, title="d"),
        ]

    assert_like_django(make, there)
    assert_like_django(make, there, exclude=["number"])
    assert_like_django(make, there, exclude=["pk"])


def test_unique_hidden_by_default_manager(there):
    Soft._base_manager.bulk_create([Soft(name="gone", gone=True), Soft(name="here")])
    assert_like_django(lambda: [Soft(name=name) for name in ("gone", "here", "new", "new")], there)


def test_unique_database_values(there):
    Defaulted.objects.create(name="none", number=1)

    def make():
        return [Defaulted(), Defaulted(name="x"), Defaulted(name="none", number=1), Defaulted(name="x", maker_id=99)]

    assert_like_django(make, there)


ODD = {
    "folded": ["A", "a", "b", "B", "there", "THERE", "c", None],
    "code": ["a1", "A1", "b1", "there", "ThErE", None],
    "price": [decimal.Decimal("1.10"), "1.1", "1.100", "7", 7, "123456789012345678.90", "123456789012345678.91", None],
    "ratio": [1.5, "1.5", 0.1, 0.1 + 0.2, 0.3, -0.0, 0, float("inf"), float("inf"), None],
    "length": [datetime.timedelta(days=1), "1 00:00:00", "86400", datetime.timedelta(0), None],
    "ip": ["::1", "0:0::1", "::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4", None],
    "opens": ["10:00", datetime.time(10), datetime.time(10, 0, 1), None],
    "document": [{"a": 1}, {"a": 1}, {"a": 1.0}, [1], [True], "x", "x", 1, 1.0, None],
}


@pytest.mark.parametrize("name", ODD)
def test_unique_odd_columns(there, name):
    stored = {"folded": "There", "code": "there", "price": 7, "ratio": 0.3, "ip": "1.2.3.4", "document": {"a": 1}}
    Odd.objects.create(**{field: value for field, value in stored.items() if field == name})
    assert_like_django(lambda: [Odd(**{name: value}) for value in ODD[name]], there)


def test_unique_sets_with_odd_columns(there):
    Word.objects.bulk_create([Word(text="Able"), Word(text="baker")])
    Odd.objects.create(word_id="Able", place="x")

    def make():
        words = ("able", "Able", "BAKER", "baker", "baker", None)
        return [Odd(word_id=word, place=place) for word in words for place in ("x", "y")]

    assert_like_django(make, there)


def test_unique_collations(sqlite):
    CollatedWord.objects.create(text="Able")
    Collated.objects.create(word_id="Able", name="One", trimmed="t", number=1)

    def make():
        return [
            Collated(name=name, trimmed=trimmed, word_id=word, number=number)
            for name, trimmed, word, number in (
                ("one", "t", "able", 1),
                ("One", "t  ", "Able", 1),
                ("two", "u", "none", 2),
                ("TWO", "u  ", "ABLE", 2),
                ("Two", " u", "Able", 2),
                ("two", None, "Able", 0),
                (None, "v", None, 3),
                (None, "v", "NONE", 3),
            )
        ]

    assert_like_django(make, sqlite)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_unique_for_dates(there, zone):
    late = datetime.datetime(2026, 3, 1, 23, 30, tzinfo=datetime.UTC)
    Dated.objects.create(title="t", slug="s", maker_id=1, published=DAY, room=1, moment=late)

    def make():
        other = datetime.date(2026, 3, 2)
        return [
            Dated(title="t", slug="a", maker_id=2, published=DAY, room=1, moment=late),
            Dated(title="T", slug="s", maker_id=1, published=other, room=2, moment=late),
            Dated(title="n", slug="n", maker_id=2, published="2026-03-01", room=3, moment=late.astimezone(PARIS)),
            Dated(title="n", slug="n", maker_id="2", published=DAY, room="3", moment=late),
            Dated(title="n", slug="n", maker_id=3, published=datetime.date(2027, 3, 1), room=3, moment=None),
            Dated(title="n", slug="n", maker_id=3, published=None, room=3, moment="2026-03-02T00:30+01:00"),
            Dated(title=None, slug="x", maker_id=99, published=other, room=4, moment=late),
            Dated(title=None, slug="y", maker_id=99, published=other, room=5),
            Dated(title="n", slug="not a slug", maker_id=4, published="x", room="y"),
        ]

    with override_settings(TIME_ZONE=zone):
        assert_like_django(make, there)
        assert_like_django(make, there, exclude=["published"])


def test_unique_for_dates_edited(there):
    Dated.objects.create(id=900, title="t", slug="s", maker_id=1, published=DAY)
    Dated.objects.create(id=901, title="u", slug="v", maker_id=2, published=DAY)

    def make():
        one, two = Dated.objects.get(pk=900), Dated.objects.get(pk=901)
        two.title, two.slug = "t", "s"
        return [one, two]

    assert_like_django(make, there)


def test_unique_switched_off(there):
    rows = [row(1, sku="one", kind="?"), row(2, sku="one")]
    with connections[there].execute_wrapper(counted := Counter()):
        result = validate_many(rows, unique=False)
    assert list(result.errors) == [0]
    assert counted.calls == 0


@pytest.mark.parametrize("language", ["de", "ja"])
def test_unique_error_language(there, language):
    """Django joins the labels of a set when it makes the error, not when somebody reads it."""
    from django.utils import translation

    rows = [row(1, maker_id=1, day=DAY), row(2, maker_id=1, day=DAY)]
    with translation.override(language):
        result = validate_many(rows)
        with pytest.raises(Exception) as caught:  # noqa: PT011
            row(1, maker_id=1, day=DAY).full_clean()
    assert_same_errors({0: result.errors[0]}, {0: caught.value})


def test_unique_edited_row_keeps_its_value(there):
    """A new row that claims the value of a stored one is refused; the stored one, edited in the same batch, is not."""
    result = validate_many([row(1, sku="one"), edited(pk=900), row(2, sku="one", number=1)])
    assert {at: list(error.error_dict) for at, error in result.errors.items()} == {0: ["sku"], 2: ["sku", "number"]}


@pytest.mark.parametrize("model", [Odd, Collated], ids=lambda model: model.__name__)
def test_unique_every_row_stored(sqlite, model):
    """The search for the rows that the table has ends in a query for each, and not in more."""
    name = "folded" if model is Odd else "name"
    model.objects.bulk_create(model(**{name: f"n{at}"}) for at in range(300))
    rows = [model(**{name: f"{'nN'[at % 2]}{at}"}) for at in range(300)]
    with connections[sqlite].execute_wrapper(counted := Counter()):
        result = validate_many(rows, constraints=False)
    assert len(result.errors) == 300
    assert counted.calls < 300 + 100


def test_unique_collation_queries(sqlite):
    Collated.objects.create(name="there")
    with connections[sqlite].execute_wrapper(counted := Counter()):
        result = validate_many([Collated(name=f"n{at}") for at in range(500)], constraints=False)
    assert result.ok
    assert counted.calls == 2


def test_unique_collation_edited(sqlite):
    Collated.objects.bulk_create(Collated(id=900 + at, name=name) for at, name in enumerate(("One", "two", "three")))

    def make():
        one, two, three = Collated.objects.order_by("pk")
        one.name, two.name = "ONE", "three"
        return [one, two, three, Collated(name="One"), Collated(name="new"), Collated(name="NEW")]

    assert_like_django(make, sqlite)
