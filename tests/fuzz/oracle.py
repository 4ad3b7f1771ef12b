"""What the fuzz targets call: each function raises `AssertionError` where the core and Python differ.

The module is imported by the targets' processes, where `pyforge_web._native` is the instrumented core.
"""

import datetime
import decimal
import json
import math
import re
import struct
import uuid

import django
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

if not settings.configured:
    settings.configure(INSTALLED_APPS=["pyforge_web"], USE_TZ=True)
    django.setup()

from pyforge_web import dumps, loads
from pyforge_web.html import pyforge_json

_SURROGATES = re.compile("[\ud800-\udfff]")
_HTML = {ord(char): f"\\u{ord(char):04X}" for char in "<>&'"}
_MOMENT = datetime.datetime(1, 1, 1)


def _outcome(function, *args, **kwargs):
    """What a function returns, or the class and the words of its error."""
    try:
        return "value", function(*args, **kwargs)
    except (ValueError, TypeError, RecursionError, OverflowError, RuntimeError) as error:
        return type(error), str(error)


def _same(one, other):
    """Whether two results are equal in types, order of keys, signs of zeros, and NaN."""
    return type(one) is type(other) and repr(one) == repr(other)


def _assert_same(ours, python, source):
    assert _same(ours, python), f"{source!r}: ours {ours!r}, Python's {python!r}"


def check_body(body):
    bodies = [body]
    if (text := _outcome(body.decode))[0] == "value":
        bodies.append(text[1])
    for each in bodies:
        ours = _outcome(loads, each, max_size=len(body), max_depth=500, allow_nan=True)
        if not str(ours[1]).startswith("More than 500 containers"):  # a limit of our own
            _assert_same(ours, _outcome(json.loads, each), each)


def check_values(data):
    value = _Maker(data).make(0)
    expected = json.dumps(value, cls=DjangoJSONEncoder)
    if _has_nan(value):
        assert _outcome(dumps, value)[0] is ValueError, value
        return
    assert dumps(value, django_bytes=True).decode() == expected, value
    read = json.loads(expected)
    for written in (dumps(value, ensure_ascii=True), dumps(value)):
        _assert_same(json.loads(written), read, value)
    element = str(pyforge_json(value, type="application/json"))
    content = element.partition(">")[2].rpartition("</script>")[0]
    assert not set(content) & set("<>&'"), element
    _assert_same(json.loads(content), read, value)


def check_changes(data):
    """Nothing but an exception comes of it when values change the containers that are being written."""
    maker = _ChangeMaker(data)
    value = maker.make(0)
    for options in ({}, {"django_bytes": True}):
        kind, text = _outcome(dumps, value, **options)
        if kind == "value":
            json.loads(text)
        else:
            assert kind in (ValueError, TypeError, RecursionError, RuntimeError), (kind, text)


class _Maker:
    """Makes a Python value of bytes; each byte sequence is one value."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, size):
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken.ljust(size, b"\0")

    def number(self, below):
        return self.take(1)[0] % below

    def make(self, depth):
        kind = self.number(14)
        if depth > 6 and kind >= 11:
            kind = 0
        return self._KINDS[kind](self, depth)

    def make_text(self, depth=0):
        encoding = ("latin-1", "utf-16-le", "utf-32-le", "utf-8")[self.number(4)]
        taken = self.take(self.take(1)[0] // 2 * 2)  # whole units of UTF-16
        return taken.decode(encoding, "surrogatepass" if encoding == "utf-16-le" else "replace")

    def key(self):
        kind = self.number(6)
        return (
            self.make_text,
            self.make_integer,
            self.make_float,
            lambda: None,
            lambda: bool(self.number(2)),
            self.make_text,
        )[kind]()

    def make_integer(self, depth=0):
        return int.from_bytes(self.take(self.number(20)), "little", signed=True)

    def make_float(self, depth=0):
        return struct.unpack("d", self.take(8))[0]

    def make_decimal(self, depth=0):
        sign, digits = self.number(2), tuple(self.number(10) for _ in range(self.number(30)))
        return decimal.Decimal((sign, digits, self.number(60) - 30))

    def zone(self):
        minutes = int.from_bytes(self.take(4), "little", signed=True) % 86_399_000_000
        sign = (1, -1)[self.number(2)]
        return (None, datetime.UTC, datetime.timezone(datetime.timedelta(microseconds=sign * minutes)))[self.number(3)]

    def make_moment(self, depth=0):
        micros = int.from_bytes(self.take(8), "little") % 315_537_897_600_000_000
        return (_MOMENT + datetime.timedelta(microseconds=micros)).replace(tzinfo=self.zone())

    def make_date(self, depth=0):
        return self.make_moment().date()

    def make_time(self, depth=0):
        return self.make_moment().time()

    def make_duration(self, depth=0):
        return datetime.timedelta(microseconds=int.from_bytes(self.take(8), "little", signed=True))

    def make_uuid(self, depth=0):
        return uuid.UUID(bytes=self.take(16))

    def make_list(self, depth):
        return [self.make(depth + 1) for _ in range(self.number(9))]

    def make_tuple(self, depth):
        return tuple(self.make_list(depth))

    def make_dict(self, depth):
        return {self.key(): self.make(depth + 1) for _ in range(self.number(9))}

    def make_constant(self, depth):
        return (None, True, False)[self.number(3)]

    _KINDS = (
        make_constant,
        make_text,
        make_integer,
        make_float,
        make_decimal,
        make_moment,
        make_date,
        make_time,
        make_duration,
        make_uuid,
        make_text,
        make_list,
        make_tuple,
        make_dict,
    )


class _ChangeMaker(_Maker):
    """As `_Maker`, with containers that stand in several places, and values whose own code changes them."""

    def __init__(self, data):
        super().__init__(data)
        self.containers = []

    def make(self, depth):
        if depth < 8 and self.number(4) == 0:
            return (_ChangingDict, _ChangingList)[self.number(2)](self)
        if self.containers and self.number(8) == 0:
            return self.containers[self.number(len(self.containers))]
        return super().make(depth)

    def make_list(self, depth):
        self.containers.append([])
        items = self.containers[-1]
        items.extend(self.make(depth + 1) for _ in range(self.number(9)))
        return items

    def make_dict(self, depth):
        self.containers.append({})
        entries = self.containers[-1]
        for _ in range(self.number(9)):
            entries[self.key()] = self.make(depth + 1)
        return entries

    def key(self):
        return _ChangingKey(self) if self.number(8) == 0 else super().key()

    def change(self):
        """Change one of the containers in one of the ways that there are."""
        if not self.containers:
            return
        container = self.containers[self.number(len(self.containers))]
        way = self.number(5)
        if isinstance(container, list):
            (
                container.clear,
                lambda: container.append("new"),
                lambda: container.extend([[1, 2, "three"]] * 50),
                lambda: container.__delitem__(slice(1, None)),
                lambda: container.reverse(),
            )[way]()
        else:
            first = next(iter(container), None)
            (
                container.clear,
                lambda: container.update(new="new"),
                lambda: container.update((str(number), [number]) for number in range(50)),
                lambda: container.pop(first, None),
                lambda: container.update({first: container.pop(first, None), 7: "an int as a key"}),
            )[way]()

    # The class's own body names the functions, not its methods: those of this class are named again.
    _KINDS = (*_Maker._KINDS[:11], make_list, _Maker.make_tuple, make_dict)


class _ChangingDict(dict):
    """A dict whose `items()` changes the containers around it."""

    def __init__(self, maker):
        super().__init__(one=1)
        self.maker = maker

    def items(self):
        self.maker.change()
        return [("key", "value"), ("other", ["new"])]


class _ChangingList(list):
    """A list whose iteration changes the containers around it."""

    def __init__(self, maker):
        super().__init__([1])
        self.maker = maker

    def __iter__(self):
        self.maker.change()
        return iter(["value", {"new": 1}])


class _ChangingKey(uuid.UUID):
    """A key whose text is asked for while a dict is written."""

    __slots__ = ("maker",)

    def __init__(self, maker):
        super().__init__(bytes=maker.take(16))
        object.__setattr__(self, "maker", maker)

    def __str__(self):
        self.maker.change()
        return "key"


def check_integer(value, written):
    assert written.decode() == str(value), value


def check_float(value, written):
    assert written.decode() == repr(value), value


def check_scaled(value, digits, places, written):
    # Source: django.db.backends.sqlite3.operations.DatabaseOperations.get_decimalfield_converter
    exact = decimal.Context(prec=15).create_decimal_from_float(value)
    quantized = exact.quantize(decimal.Decimal(1).scaleb(-places), context=decimal.Context(prec=digits))
    assert written.decode() == json.dumps(str(quantized)), (value, digits, places)


def check_text(points, forms):
    text = "".join(map(chr, points))
    raw = _SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
    ascii_text = json.dumps(text)
    for written, expected in zip(forms, (raw, ascii_text, ascii_text.translate(_HTML)), strict=True):
        for each in written:
            assert each == expected.encode(), text


def check_stored(text, is_certain, passed, respelled):
    expected = _outcome(json.loads, text)
    if is_certain:
        assert expected[0] == "value", text
        assert not _has_nan(expected[1]), text
    if expected[0] != "value":
        return
    for written in passed:
        _assert_same(json.loads(written), expected[1], text)
    assert passed[1].isascii(), text
    assert passed[2].isascii(), text
    if isinstance(expected[1], str | list | dict):
        assert not set(passed[2].decode()) & set("<>&'"), text
    for written, ascii_only in zip(respelled, (False, True), strict=True):
        if written is not None:
            right = json.dumps(expected[1], ensure_ascii=ascii_only)
            assert written == right.encode("utf-8", "surrogatepass"), text


def _has_nan(value):
    if isinstance(value, dict):
        return any(map(_has_nan, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    return isinstance(value, float) and not math.isfinite(value)


def _django(value):
    return json.dumps(value, cls=DjangoJSONEncoder).encode()


def check_date(text, written):
    assert written == _django(datetime.date.fromisoformat(text)), text


def check_time(text, written):
    assert written == _django(datetime.time.fromisoformat(_six_digits(text))), text


def check_datetime(text, written):
    assert written == _django(datetime.datetime.fromisoformat(_six_digits(text))), text


def check_offset(text, written):
    assert written == _django(datetime.datetime.fromisoformat(_six_digits(text)).utcoffset()), text


def check_duration(text, written):
    days, _, clock = text.rpartition(" ")
    time = datetime.time.fromisoformat(_six_digits(clock))
    moment = datetime.datetime.combine(datetime.date.min, time) - _MOMENT
    assert written == _django(datetime.timedelta(days=int(days or 0)) + moment), text


def _six_digits(text):
    """The same time with a fraction of six digits, as Python 3.10 and older want it."""
    return re.sub(r"\.(\d+)", lambda found: "." + found[1].ljust(6, "0"), text)
