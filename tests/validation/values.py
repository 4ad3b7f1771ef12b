"""Awkward values, to be crossed with every field: made anew for each run, since validation may change them."""

import array
import collections
import datetime
import decimal
import ipaddress
import math
import re
import uuid
import zoneinfo
from datetime import UTC, date, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from django.core.files.base import ContentFile
from django.db.models import F, Value
from django.db.models.expressions import DatabaseDefault
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.safestring import SafeString
from django.utils.timezone import get_fixed_timezone
from django.utils.translation import gettext_lazy

from tests.validation import odd

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
AT = (2024, 2, 29, 12, 30, 15, 123456)
NAIVE = datetime.datetime(*AT)

TEXTS = (
    "", " ", "a", "ab", "abc", "abcdefghij", "abcdefghijk", "a" * 51, "x" * 101, "x" * 255, "x" * 2049, "\0", "a\0b",
    "\n", "a\n", "\ta", "\x1c5", "5\x1c", "\x85", "\xa05", "\u20035", "5\u2003", "\u200b5", "h", "H", "red", "None",
    "True", "False", "true", "t", "f", "T", "yes", "1", "0", "-1", "+1", "01", " 1", "1 ", "1\n", "1_0", "_1", "1__0",
    "1_000.5", "0x10", "0b1", "0o7", "1e3", "1E+2", "1.0", ".5", "5.", "-.5", "1,5", "1,2,3", "1,2,", "1 000", "--1",
    "\u0661\u0662", "\uff11\uff12", "\u0967", "\u00b2", "\u2160", "\u2212 1", "nan", "NaN", "sNaN", "nan123", "inf",
    "-Infinity", "1" * 18, "9" * 19, "9" * 39, "1" * 400, "1" * 4301, "0." + "3" * 30, "1e400", "-0", "-0.0", "0E-9",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "32768", "-32769",
    "2147483648", "18446744073709551615", "18446744073709551616", "99999.995", "123.45", "1234567.891",
    "caf\u00e9", "cafe\u0301", "stra\u00dfe", "\u0130", "\u0131", "\u017f", "\u212a", "\ufb01", "\u65e5\u672c\u8a9e",
    "\U0001f600", "\U0001f600" * 10, "\u00e9" * 10, "\u00e9" * 11, "\U00010330" * 6, "\ud800", "a\udfff",
    "\ud83d\ude00",
    "\u202eabc", "\ufeffabc", "e\u20dd", "null", "[]", "{}", '["a", "b"]', '[1, "2", null]', '{"a": "b"}', '{"a": 1}',
    "{",
    '{"lower": "1", "upper": "5", "bounds": "[)"}', "a-slug_1", "a slug", "-", "_", "a@example.com", "a@b", "@",
    "a@[::1]",
    '"q q"@example.com', "a@EXAMPLE.COM", "a@localhost", "http://example.com/", "HTTP://localhost", "http://[::1]/",
    "ftp://a.b/\u00e9", "https://example.com:99999/?q=1#f", "example.com", "example.com.", "ex_ample.com", "1.2.3.4",
    "01.2.3.4", " 1.2.3.4 ", "1.2.3.4\n", "256.1.1.1", "1.2.3", "::1", "::FFFF:1.2.3.4", "fe80::1%eth0", "0::0:1",
    "::1 ",
    "::ffff:0a0a:0a0a", "1::2::3", ":", "aGVsbG8=", "aGVsbG8", "a=b", "\u00e9=",
)  # fmt: skip
WHEN = (
    "2024-02-29", "2023-02-29", "2024-2-9", "2024-2-9\n", "20240229", "2024-W09-4", "2024W094", "2024-060",
    "0001-01-01",
    "9999-12-31", "10000-01-01", "2024-13-01", "2024-00-10", "\u0662\u0660\u0662\u0664-01-01", " 2024-02-29",
    "2024-02-29 ",
    "2024-02-29T12:30", "2024-02-29 12:30:15", "2024-02-29T12:30:15Z", "2024-02-29T12:30:15z",
    "2024-02-29T12:30:15+01:00",
    "2024-02-29T12:30:15+0100", "2024-02-29 12:30:15 +01", "2024-02-29T12:30:15-00:00", "2024-02-29T12:30:15+24:00",
    "2024-02-29T12:30:15+23:59:59", "2024-02-29T12:30:15.1", "2024-02-29T12:30:15,1234567", "2024-02-29T24:00:00",
    "2024-02-29T12:60", "2024-02-30T12:00", "2024-02-29x12:30", "2024-2-9 1:2", "2024-2-9 1:2:3.4+1:00", "2024-02-29T",
    "20240229T123015", "2024-W09-4T12:30", "2024-02-29T12", "12:30", "12:30:15", "12:30:15.5", "12:30:15,123456", "1:2",
    "24:00", "12:60", "T12:30", "T10", "123015", "12:30Z", "12:30+01:00", "12:30:15.1234567", "12", "1230", "12:30\n",
    "2147483648", "\u0661\u0662:30", "30", "-30", "15:30", "1:15:30", "4 15:30", "-4 15:30", "4 days, 0:15:30.1",
    "1 day",
    "1 day -0:00:01", "P4DT1H", "P4Y", "-PT5S", "P0.5D", "P", "PT", "999999999 00:00:00", "1000000000 00:00:00", "30\n",
    "1.5", "0.0000001", "1e3", "1 00:00:01", "00:00:61",
)  # fmt: skip
UUIDS = (
    "12345678-9abc-def0-1234-56789abcdef0", "123456789abcdef0123456789abcdef0",
    "{12345678-9abc-def0-1234-56789abcdef0}",
    "urn:uuid:12345678-9abc-def0-1234-56789abcdef0", "12345678-9ABC-DEF0-1234-56789ABCDEF0", "1-2345678" + "0" * 24,
    "0x3456789abcdef0123456789abcdef012", "+23456789abcdef0123456789abcdef01", " 23456789abcdef0123456789abcdef01",
    "1_345678_abcdef0123456789abcdef012", "12345678-9abc-def0-1234-56789abcdefg", "12345678-9abc-def0-1234-56789abcdef",
    "\u0661" * 32, "\uff11" * 32, "g" * 32, "-" * 32, "{" * 32, "uuid:" * 6, "urn:uuid:", "_" + "1" * 31,
    "1" * 31 + "_",
    "1" * 31 + "\n", "\n" + "1" * 31, "1" * 31 + " ", "{urn:" + "1" * 32 + "}", "u" + "1" * 31 + "uid:",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 5, 7, 10, 11, 99, 100, 101, 32767, 32768, -32768, -32769, 65535, 65536, 2**31 - 1, 2**31, -(2**31),
    -(2**31) - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**19 - 1, 10**19,
    2**70,
    2**127 - 1, 2**127, -(2**127) - 1, 2**128 - 1, 2**128, 10**30, 10**400, -(10**400), True, False,
    0.0, -0.0, 1.0, -1.5, 0.1, 0.5, 1.9, -1.9, 5.0, 99.99, 1e16, 1e22, 1e300, 5e-324, 2.0**63, math.inf, -math.inf,
    math.nan,
    123.456, 0.1 + 0.2, 1j, 0j,
    *map(Decimal, (
        "0", "-0", "0.00", "1", "1.0", "1.50", "-1.5", "99.99", "99.990", "999.99", "100", "1E+2", "1E+3", "0E+5",
        "0E-9",
        "0E-3", "1E-9", "1E+30", "1E-30", "12345.678", "123456789012345678901234567890", "NaN", "sNaN", "-NaN123",
        "Infinity",
        "-Infinity", "70E-5", "7304E-1", "9223372036854775808", "0.001", "0.0010",
    )),
)  # fmt: skip
TIMES = (
    NAIVE, NAIVE.replace(microsecond=0), NAIVE.replace(tzinfo=UTC), NAIVE.replace(tzinfo=PARIS), NAIVE.replace(fold=1),
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=PARIS, fold=1), datetime.datetime(2024, 3, 31, 2, 30, tzinfo=PARIS),
    NAIVE.replace(tzinfo=timezone(timedelta(hours=5, minutes=45))),
    NAIVE.replace(tzinfo=timezone(timedelta(seconds=-1))),
    NAIVE.replace(tzinfo=get_fixed_timezone(60)), datetime.datetime.min, datetime.datetime.max,
    datetime.datetime.min.replace(tzinfo=PARIS), datetime.datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    datetime.datetime(2024, 1, 1), datetime.datetime(1890, 1, 1, tzinfo=PARIS),
    date(2024, 2, 29), date.min, date.max, date(2024, 3, 31), time(12, 30), time(12, 30, tzinfo=UTC),
    time(1, 2, 3, 4, fold=1),
    time.max, timedelta(0), timedelta(days=1, microseconds=5), timedelta.min, timedelta.max,
)  # fmt: skip
OTHERS = (
    b"", b"a", b"12", b"\xff", b"1.2.3.4", b"\x01\x02\x03\x04", b"x" * 20, (), (1, 2), (0, (1, 2), -1), ("a",), (1,),
    (None, 5),
    frozenset(), frozenset({1}), ..., NotImplemented, int, str, len, range(0), range(3), re.compile("a"),
    Path("a/b.txt"),
    uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=5, is_safe=uuid.SafeUUID.safe), Value(1), F("value"),
    ipaddress.IPv4Address("1.2.3.4"), ipaddress.IPv6Address("::1"), ipaddress.IPv6Address("fe80::1%eth0"),
    SafeString("safe"),
    SafeString(""), SafeString("1"), gettext_lazy("Enter a number."), lazystr(""), lazystr("5"), lazystr("h"),
    odd.Suit.HEARTS, odd.Suit.EMPTY, odd.Suit.LONG, odd.Level.LOW, odd.Level.HIGH, odd.Colour.RED, odd.Number.ONE,
    odd.Word.WORD,
    odd.Text("abc"), odd.Text(""), odd.Text("5"), odd.Text("2024-02-29"), odd.LyingText("a"), odd.LyingText("x" * 300),
    odd.EmptyText("abc"), odd.Whole(5), odd.LyingWhole(5), odd.Real(1.5), odd.LyingReal(1.5), odd.Price("1.50"),
    odd.LyingPrice("1.50"), odd.Moment(*AT), odd.Moment(*AT, tzinfo=UTC), odd.LyingMoment(*AT), odd.Day(2024, 2, 29),
    odd.Clock(12, 30), odd.Span(1), odd.Token(int=5), NAIVE.replace(tzinfo=odd.Zone()),
    NAIVE.replace(tzinfo=odd.NoZone()),
)  # fmt: skip


def circle():
    row = []
    row.append(row)
    return row


def deep():
    row = []
    for _ in range(1200):
        row = [row]
    return row


def evaluated(value):
    lazy = SimpleLazyObject(lambda: value)
    str(lazy)
    return lazy


# Values that validation may change, or that must not be shared between runs.
MADE = {
    "[]": list,
    "[1]": lambda: [1],
    "['a', '']": lambda: ["a", ""],
    "[[1], [2, 3]]": lambda: [[1], [2, 3]],
    "[None]": lambda: [None],
    "a list of 3": lambda: [1, 2, 3],
    "{}": dict,
    "{'a': 1}": lambda: {"a": 1},
    "{'a': 'b', 'c': None}": lambda: {"a": "b", "c": None},
    "{1: [nan]}": lambda: {1: [math.nan]},
    "{'set': {1}}": lambda: {"set": {1}},
    "{(1,): 2}": lambda: {(1,): 2},
    "a circle": circle,
    "deep": deep,
    "OrderedDict()": collections.OrderedDict,
    "Rows": lambda: odd.Rows([1]),
    "Rows()": odd.Rows,
    "EmptyRows": lambda: odd.EmptyRows([1]),
    "Pairs()": odd.Pairs,
    "set()": set,
    "{1}": lambda: {1},
    "deque()": collections.deque,
    "bytearray()": bytearray,
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview()": lambda: memoryview(b""),
    "memoryview": lambda: memoryview(b"abc"),
    "memoryview of numbers": lambda: memoryview(array.array("i", [1, 2])),
    "array": lambda: array.array("i", [1]),
    "iterator": lambda: iter([]),
    "object": object,
    "lazy, not evaluated": lambda: SimpleLazyObject(lambda: "5"),
    "lazy None": lambda: SimpleLazyObject(lambda: None),
    "lazy, evaluated": lambda: evaluated("h"),
    "lazy number": lambda: evaluated(5),
    "DatabaseDefault": lambda: DatabaseDefault(Value(1)),
    "ContentFile": lambda: ContentFile(b"x", name="a.txt"),
    "ContentFile without a name": lambda: ContentFile(b"x"),
    "Exception": lambda: ValueError("a"),
    "Traced": odd.Traced,
    "Traced empty": lambda: odd.Traced(""),
    "Traced number": lambda: odd.Traced(5),
    "Traced address": lambda: odd.Traced("::1"),
    **{f"Raising {where}": lambda where=where: odd.Raising(where) for where in ("eq", "str", "int", "float", "len",
        "replace")},
    **{f"Instead of {kind.__name__}": lambda kind=kind: odd.Instead(kind) for kind in (str, int, date,
        datetime.datetime)},
    "NotEqual": odd.NotEqual,
    "Ambiguous": odd.Ambiguous,
}  # fmt: skip


def constant(value):
    return lambda: value


def named(values):
    """A table of values that are the same object at each run."""
    return {f"{n} {type(value).__name__} {value!r:.40}": constant(value) for n, value in enumerate(values)}


EMPTY = named((None,))
POOL = {**EMPTY, **named((*TEXTS, *WHEN, *UUIDS, *NUMBERS, *TIMES, *OTHERS)), **MADE}
CONTEXTS = (decimal.DefaultContext, decimal.BasicContext, decimal.ExtendedContext)
