"""Every place where encoding runs Python code of the user: each row makes a value that calls `hook` when encoded."""

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from django.utils.functional import Promise, SimpleLazyObject, lazystr


class Hooked:
    """Calls `hook`, then answers as its class would."""

    hook = staticmethod(lambda: None)

    def called(self):
        self.hook()


def hooked(kind, hook, *args, **kwargs):
    made = kind(*args, **kwargs)
    object.__setattr__(made, "hook", hook)
    return made


class Moment(Hooked, datetime):
    def isoformat(self, *args):
        self.called()
        return super().isoformat(*args)


class Day(Hooked, date):
    def isoformat(self):
        self.called()
        return super().isoformat()


class Clock(Hooked, time):
    def isoformat(self, *args):
        self.called()
        return super().isoformat(*args)


class Span(Hooked, timedelta):
    @property
    def seconds(self):
        self.called()
        return 5


class Zone(Hooked, tzinfo):
    def utcoffset(self, moment):
        self.called()
        return timedelta(0)

    dst = tzname = utcoffset


class Price(Hooked, Decimal):
    def __str__(self):
        self.called()
        return "9.99"


class Token(Hooked, uuid.UUID):
    def __str__(self):
        self.called()
        return "token"


class Text(Hooked):
    def __str__(self):
        self.called()
        return "text"


class LazyKey(Hooked, Promise):
    def __str__(self):
        self.called()
        return "lazy key"


class Items(Hooked, dict):
    def items(self):
        self.called()
        return super().items()


class LazyItems(Hooked, dict):
    def items(self):
        yield "first", 1
        self.called()
        yield "second", 2


class Iterated(Hooked, list):
    def __iter__(self):
        self.called()
        return super().__iter__()


class Generated(Hooked, list):
    def __iter__(self):
        yield from super().__iter__()
        self.called()
        yield [3]


class Row(Hooked, tuple):
    def __iter__(self):
        self.called()
        return super().__iter__()


class Dying(str):
    """A text that calls when it is thrown away; nobody but its reader holds it."""

    def __del__(self):
        self.hook()


class Deathly(Hooked, list):
    def __iter__(self):
        for _ in range(3):
            text = Dying("dying")
            text.hook = self.hook
            yield text
            del text


def member_of_enum(hook):
    class Colour(enum.Enum):
        RED = 1

        @property
        def value(self):
            hook()
            return "red"

    return Colour.RED


def lazily(hook, value):
    def make():
        hook()
        return value

    return SimpleLazyObject(make)


CALLBACKS = {
    "isoformat of a datetime": lambda hook: hooked(Moment, hook, 2026, 1, 2, 3, 4, 5, 6),
    "isoformat of a date": lambda hook: hooked(Day, hook, 2026, 1, 2),
    "isoformat of a time": lambda hook: hooked(Clock, hook, 3, 4),
    "timedelta's seconds": lambda hook: hooked(Span, hook, days=1),
    "utcoffset": lambda hook: datetime(2026, 1, 2, tzinfo=hooked(Zone, hook)),
    "str of a Decimal": lambda hook: hooked(Price, hook, 1),
    "str of a UUID": lambda hook: hooked(Token, hook, int=1),
    "str of lazy text": lambda hook: lazystr(hooked(Text, hook)),
    "items()": lambda hook: hooked(Items, hook, a=1, b=[2]),
    "items() while it runs": lambda hook: hooked(LazyItems, hook, a=1),
    "__iter__ of a list": lambda hook: hooked(Iterated, hook, [1, [2]]),
    "__iter__ while it runs": lambda hook: hooked(Generated, hook, [1, [2]]),
    "__iter__ of a tuple": lambda hook: hooked(Row, hook, [1, [2]]),
    "value of an Enum": member_of_enum,
    "SimpleLazyObject of a dict": lambda hook: lazily(hook, {"a": [1]}),
    "SimpleLazyObject of a datetime": lambda hook: lazily(hook, datetime(2026, 1, 2, tzinfo=UTC)),
    "key: str of lazy text": lambda hook: {hooked(LazyKey, hook): [1]},
    "key: str of a UUID": lambda hook: {hooked(Token, hook, int=1): [1]},
    "key: isoformat of a date": lambda hook: {hooked(Day, hook, 2026, 1, 2): [1]},
    "key: str of a Decimal": lambda hook: {hooked(Price, hook, 1): [1]},
    "key: value of an Enum": lambda hook: {member_of_enum(hook): [1]},
}

# Called by the interpreter when the encoder lets go of an item: what is raised there, Python itself reports.
DESTRUCTOR = {"destructor of an item": lambda hook: hooked(Deathly, hook, [1])}
