"""Models as a whole: relations, inheritance, keys of several columns, computed columns, deferred ones, files."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models import F, Value
from django.db.models.expressions import DatabaseDefault

from pyforge_web.validators import CompiledModelMixin
from tests.oracle import LANGUAGES
from tests.tables import cases
from tests.validation import oracle
from tests.validation.models import (
    Box,
    CompiledTicket,
    Diner,
    Film,
    Key,
    Letter,
    OldPlace,
    Owner,
    Pet,
    Place,
    Restaurant,
    Seat,
    Ticket,
)
from tests.validation.record import called
from tests.validation.strict import text_in

pytestmark = pytest.mark.django_db

KEY = uuid.UUID(int=7)
ALICE = Owner(pk=1, name="Alice", age=40, slug="alice")
DAY = datetime.date(2024, 2, 29)


@pytest.fixture(autouse=True)
def rows(db):
    ALICE.save(force_insert=True)
    Owner.objects.create(pk=2, name="Bob", age=10, slug="bob")
    Key.objects.create(pk=KEY)
    Pet.objects.create(pk=1, owner=ALICE, nullable_id=2, by_slug_id="bob", name="Rex")
    Restaurant.objects.create(pk=1, name="Chez", stars=3)
    Ticket.objects.create(code="a", row=1, seat=1, price=1, day=DAY)
    Film.objects.create(pk=1, file="a.txt", poster="b.png", title="x")


def with_cached_owner(**attributes):
    pet = Pet(owner=ALICE, nullable=ALICE)
    for name, value in attributes.items():
        setattr(pet, name, value)
    return pet


def changed(instance, **attributes):
    vars(instance).update(attributes)
    return instance


PETS = {
    "keys that exist": lambda: Pet(owner_id=1, nullable_id=2, by_slug_id="alice", key_id=KEY, tag_id=KEY),
    "keys as texts": lambda: Pet(owner_id="1", nullable_id=" 2 ", key_id=str(KEY), tag_id=KEY.hex),
    "keys that do not exist": lambda: Pet(owner_id=99, nullable_id=-1, by_slug_id="nobody", key_id=uuid.UUID(int=8)),
    "keys of another type": lambda: Pet(owner_id="x", nullable_id=1.5, by_slug_id=5, key_id="x", tag_id=b"x" * 16),
    "keys that cannot be": lambda: Pet(owner_id=2**70, nullable_id=True),
    "none": Pet,
    "empty texts": lambda: Pet(owner_id="", second_id="", nullable_id="", by_slug_id="", key_id=""),
    "limited, met": lambda: Pet(owner_id=1, nullable_id=1, adult_id=1, young_id=2),
    "limited, not met": lambda: Pet(owner_id=1, nullable_id=1, adult_id=2, young_id=1),
    "chosen": lambda: Pet(owner_id=1, nullable_id=1, chosen_id=1),
    "chosen, no choice": lambda: Pet(owner_id=1, nullable_id=1, chosen_id=2),
    "not editable": lambda: Pet(owner_id=1, nullable_id=1, hidden_id=99),
    "cached": with_cached_owner,
    "cached, key changed": lambda: with_cached_owner(owner_id=2),
    "cached, key is a text": lambda: with_cached_owner(owner_id="1"),
    "cached, key changed behind its back": lambda: changed(with_cached_owner(), owner_id="1", nullable_id=Decimal(1)),
    "cached, in place of its key": lambda: changed(Pet(), owner_id=ALICE),
    "an expression": lambda: Pet(owner_id=F("second_id"), nullable_id=Value(1)),
    "a name too long": lambda: Pet(owner_id=1, nullable_id=1, name="too long"),
    "its own": lambda: Pet(pk=1, owner_id=1, nullable_id=1, parent_id=1),
    "stored": lambda: Pet.objects.get(pk=1),
    "one column": lambda: Pet.objects.only("owner").get(pk=1),
    "a deferred key": lambda: Pet.objects.defer("owner", "name").get(pk=1),
    "a deferred key that is gone": lambda: changed(Pet.objects.defer("name").get(pk=1), id=5),
    "an attribute that is gone": lambda: without(Pet(owner_id=1, nullable_id=1), "name"),
    "related in one query": lambda: Pet.objects.select_related("owner").get(pk=1),
}


def without(instance, *names):
    for name in names:
        del vars(instance)[name]
    return instance


OTHERS = {
    "a place": lambda: Place(name="x", opened="2024-02-29"),
    "a place, bad": lambda: Place(name="x" * 6, opened="2024-02-30"),
    "a proxy": lambda: OldPlace(name="x" * 6),
    "a child": lambda: Restaurant(name="x", stars="6"),
    "a child, all right": lambda: Restaurant(name="x", stars=5),
    "a child, stored": lambda: Restaurant.objects.get(pk=1),
    "a child, deferred": lambda: Restaurant.objects.only("stars").get(pk=1),
    "a child, its parent deferred": lambda: Restaurant.objects.defer("name", "place_ptr").get(pk=1),
    "a grandchild": lambda: Diner(name="toolong", stars=9, rent="1000.001"),
    "a grandchild, all right": lambda: Diner(name="x", stars=1, rent="1.50", place_id=99),
    "an abstract parent": lambda: Letter(created="2024-02-29", subject="toolong", note="abc"),
    "an abstract parent, a day for a moment": lambda: Letter(created=DAY, subject="a", note=None),
    "an abstract parent, all right": lambda: Letter(created="2024-02-29T12:00Z", subject="a", note="ab"),
    "a key of two columns": lambda: Seat(room="a", number="1", taken="t"),
    "a key of two columns, bad": lambda: Seat(room="abc", number=0, taken=None),
    "a key of two columns, none": Seat,
    "a key of two columns, given": lambda: Seat(pk=("b", "2"), taken=False),
    "computed": lambda: Box(name="abc"),
    "computed, bad": lambda: Box(name="abcd", width="x", note="abcd", made="x"),
    "computed, defaults of the database": lambda: Box(name="a", width=DatabaseDefault(Value(5)), note=""),
    "a file": lambda: Film(file="a.txt", title="x"),
    "a file of a bad sort": lambda: Film(file="a.exe", title="x", poster="a" * 9, path="\0"),
    "a file with capitals": lambda: Film(file="a.Mp4", title="x"),
    "no file": lambda: Film(file="", title="x", path=None),
    "a file without a name": lambda: Film(file=None, title="toolong"),
    "a new file": lambda: Film(file=ContentFile(b"x", name="b.txt"), title="x"),
    "a stored file": lambda: Film.objects.get(pk=1),
    "a file, deferred": lambda: Film.objects.defer("file").get(pk=1),
    "a file of another film": lambda: Film(file=Film.objects.get(pk=1).file, title="x"),
    "an unhappy ticket": lambda: Ticket(code="toolong", row=0, seat="x", day="x", price="x", email="x"),
    "no ticket": Ticket,
    "a compiled ticket": lambda: CompiledTicket(code="b", row="2", price="1.5", day="2024-01-01", email="a@b.cz"),
}
INSTANCES = {**PETS, **OTHERS}


@pytest.mark.parametrize("make", cases(INSTANCES))
@pytest.mark.parametrize("exclude", [None, {"owner", "name"}], ids=["all", "but two"])
def test_clean_every_field(make, exclude):
    oracle.assert_same(
        make,
        ours=lambda instance: oracle.our_clean(instance, exclude=exclude),
        django=lambda instance: oracle.django_clean(instance, exclude=exclude),
        database="default",
    )


@pytest.mark.parametrize("make", cases(INSTANCES))
def test_clean_rows_every_field(make):
    """The same row three times over."""
    found = list(oracle.rows_differences([make] * 3, [make] * 3, database="default"))
    assert not found, "\n".join(found)


COMPILED = {
    "a ticket": lambda: CompiledTicket(code="b", row="2", price="1.5", day="2024-01-01", email="a@b.cz"),
    "a ticket like another": lambda: CompiledTicket(code="a", row="1", seat="1", price=1, day="2024-02-29"),
    "a ticket for nothing": lambda: CompiledTicket(code="c", row=1, price="-1"),
    "a bad ticket": lambda: CompiledTicket(code="toolong", row=0, seat="x", price="10000.001", email="a@b", day="0"),
    "a ticket that is bad together": lambda: CompiledTicket(code="bad", row=0, price=1),
    "no ticket": CompiledTicket,
    "a stored ticket": lambda: CompiledTicket.objects.get(),
    "a grandchild": OTHERS["a grandchild"],
    "a grandchild, all right": OTHERS["a grandchild, all right"],
    "an abstract parent": OTHERS["an abstract parent"],
}
OPTIONS = [
    {},
    {"exclude": ["code"]},
    {"exclude": {"row", "day"}, "validate_unique": False},
    {"validate_constraints": False},
]


@pytest.mark.parametrize("make", cases(COMPILED))
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: ", ".join(options) or "none")
def test_full_clean_every_field(make, options):
    oracle.assert_same(
        make,
        ours=lambda instance: oracle.full_clean(instance, **options),
        django=lambda instance: oracle.django_full_clean(instance, **options),
        database="default",
    )


def test_full_clean_calls_the_mixin(monkeypatch):
    """Or the comparison above shows nothing."""
    monkeypatch.setattr(CompiledModelMixin, "clean_fields", lambda *arguments, **options: called("ours"))
    ended = oracle.run(lambda: CompiledTicket(code="b", row=2, price=1).full_clean())
    assert ("ours", ()) in ended.calls
    assert ended.error is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_error_texts_in_all_languages(language):
    """Every error of a bad ticket, read in a language that is active only when it is read."""
    errors = []
    for clean in (oracle.full_clean, oracle.django_full_clean):
        with pytest.raises(ValidationError) as caught:
            clean(COMPILED["a bad ticket"]())
        errors.append(caught.value)
    ours, djangos = (text_in(language, lambda error=error: repr(error.message_dict)) for error in errors)
    assert ours == djangos
    assert language == "en" or ours != text_in("en", lambda: repr(errors[0].message_dict)), "it is not translated"
