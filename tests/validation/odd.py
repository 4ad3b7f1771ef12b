"""Classes of values that a careless validator trips over: subclasses that lie, and objects that tell of each call."""

import datetime
import decimal
import enum
import uuid

from django.db import models

from tests.validation.record import called


class Text(str):
    """A subclass that changes nothing."""


class LyingText(str):
    """Says that it is empty, equal to nothing, and of another length."""

    __hash__ = str.__hash__

    def __len__(self):
        return 3

    def __eq__(self, other):
        return False

    def __bool__(self):
        return False

    def __str__(self):
        return "lie"

    def __contains__(self, item):
        return True

    def strip(self, *args):
        return "1.2.3.4"


class EmptyText(str):
    """Is equal to everything."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return True


class Whole(int):
    """A subclass that changes nothing."""


class LyingWhole(int):
    __hash__ = int.__hash__

    def __eq__(self, other):
        return other == ""

    def __lt__(self, other):
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __int__(self):
        return 77


class Real(float):
    """A subclass that changes nothing."""


class LyingReal(float):
    def __float__(self):
        return 5.5


class Price(decimal.Decimal):
    """A subclass that changes nothing."""


class LyingPrice(decimal.Decimal):
    def as_tuple(self):
        return decimal.DecimalTuple(0, (1,), 0)

    def is_finite(self):
        return False


class Moment(datetime.datetime):
    """A subclass that changes nothing."""


class LyingMoment(datetime.datetime):
    def date(self):
        return datetime.date(1, 1, 1)

    def time(self):
        return datetime.time(1)


class Day(datetime.date):
    """A subclass that changes nothing."""


class Clock(datetime.time):
    """A subclass that changes nothing."""


class Span(datetime.timedelta):
    """A subclass that changes nothing."""


class Token(uuid.UUID):
    """A subclass that changes nothing."""


class Rows(list):
    """A subclass that changes nothing."""


class EmptyRows(list):
    def __eq__(self, other):
        return True


class Pairs(dict):
    """A subclass that changes nothing."""


class Zone(datetime.tzinfo):
    """A time zone of nobody's."""

    def utcoffset(self, moment):
        return datetime.timedelta(hours=1, seconds=1)

    def dst(self, moment):
        return None

    def tzname(self, moment):
        return "zone"


class NoZone(Zone):
    """Makes a moment naive although it has a time zone."""

    def utcoffset(self, moment):
        return None


class Suit(models.TextChoices):
    HEARTS = "h", "Hearts"
    EMPTY = "", "none"
    LONG = "a-long-one", "long"


class Level(models.IntegerChoices):
    LOW = 1
    HIGH = 2**40


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    WORD = "h"


class Traced:
    """Answers as a text would, and tells of each method that is called."""

    def __init__(self, answer="5"):
        self.answer = answer

    def __eq__(self, other):
        called("==", other)
        return self.answer == other

    def __hash__(self):
        called("hash")
        return hash(self.answer)

    def __str__(self):
        called("str")
        return str(self.answer)

    def __repr__(self):
        called("repr")
        return f"Traced({self.answer!r})"

    def __int__(self):
        called("int")
        return int(self.answer)

    def __float__(self):
        called("float")
        return float(self.answer)

    def __index__(self):
        called("index")
        return int(self.answer)

    def __len__(self):
        called("len")
        return len(self.answer)

    def __bool__(self):
        called("bool")
        return bool(self.answer)

    def __lt__(self, other):
        called("<", other)
        return False

    def __gt__(self, other):
        called(">", other)
        return False


class BoomError(Exception):
    """What user code raises."""


class Raising:
    """Raises from the method that `where` names."""

    def __init__(self, where):
        self.where = where

    def _raise(self, name):
        if name == self.where:
            raise BoomError(name)

    def __eq__(self, other):
        self._raise("eq")
        return NotImplemented

    __hash__ = object.__hash__

    def __str__(self):
        self._raise("str")
        return "raising"

    def __int__(self):
        self._raise("int")
        raise ValueError("no number")

    def __float__(self):
        self._raise("float")
        raise TypeError("no number")

    def __len__(self):
        self._raise("len")
        return 2

    def __hex__(self):
        return "0"

    def replace(self, *args):
        self._raise("replace")
        return "0" * 32


class Instead:
    """`__class__` says it is something else."""

    def __init__(self, kind):
        self._kind = kind

    @property
    def __class__(self):
        return self._kind

    def __str__(self):
        return "instead"


class NotEqual:
    """Cannot be compared as one would think: the answer is no truth value."""

    __hash__ = None

    def __eq__(self, other):
        return [other]


class Ambiguous:
    """The answer of a comparison has no truth value, as with arrays of numbers."""

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise ValueError("The truth value is ambiguous.")

    __hash__ = object.__hash__
