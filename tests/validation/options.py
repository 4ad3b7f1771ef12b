"""Options of fields, to be crossed with their classes: choices of every form, and validators of every sort."""

import datetime
import enum
import math
import re
from datetime import UTC, date, time, timedelta
from decimal import Decimal

from django.core import validators as v
from django.db import models
from django.utils.translation import gettext_lazy, ngettext_lazy

from tests.validation import odd, own
from tests.validation.record import called

COMMON = {
    "": {},
    "null": {"null": True},
    "blank": {"blank": True},
    "null blank": {"null": True, "blank": True},
    "not editable": {"editable": False},
    "worded": {
        "error_messages": {
            code: f"{code}!" for code in (
                "null", "blank", "invalid", "invalid_choice", "invalid_date", "invalid_time", "invalid_datetime",
                "invalid_nullable", "max_length", "min_value", "max_value", "max_digits", "max_decimal_places",
                "refused",
            )
        },
        "validators": [own.accept, own.refuse],
    },
    "worded lazily": {
        "error_messages": {
            "null": gettext_lazy("Enter a number."), "invalid": "%(value)r",
            "max_length": gettext_lazy("%(limit_value)d"),
            "max_value": ngettext_lazy("%(limit_value)d one", "%(limit_value)d many", "limit_value"),
        }
    },
    "blank, own validator": {"blank": True, "validators": [own.refuse]},
    "raises": {"validators": [own.raising(own.BOOM)]},
    "db_default": {"db_default": "5"},
    "default": {"default": "x"},
}  # fmt: skip


def numbered():
    called("choices")
    return [("1", "one"), ("h", "two"), (5, "five")]


def generated():
    called("generated")
    yield from (("h", "a"), ("Group", [("5", "b"), (5, "c")]))


class Days(datetime.date, models.Choices):
    LEAP = 2024, 2, 29


class Plain(enum.Enum):
    A = "a"


PAIRS = [("h", "H"), ("a", "A"), ("red", "Red"), ("5", "five")]
CHOICES = {
    "flat": PAIRS,
    "a tuple": tuple(PAIRS),
    "lists": [["h", "H"], ["1", "one"]],
    "grouped": [("Group", [("h", "H"), ("a", "A")]), ("Other", (("1", "one"),)), ("red", "Red")],
    "an empty group": [("h", []), ("a", "A")],
    "a dict": {"h": "H", "a": "A"},
    "nested dicts": {"Group": {"h": "H", 5: "five"}, "a": "A"},
    "an enum": odd.Suit,
    "numbers of an enum": odd.Level,
    "dates of an enum": Days,
    "members": [(odd.Suit.HEARTS, "hearts"), (odd.Number.ONE, "one"), (odd.Colour.RED, "red")],
    "a callable": numbered,
    "a generator": generated,
    "none at all": [],
    "empties": [("", "nothing"), (None, "null"), ("h", "H"), ((), "tuple")],
    "numbers": [(1, "one"), (5, "five"), (2**63, "big"), (-1, "minus")],
    "mixed": [(1, "one"), ("1", "text"), (1.5, "float"), (True, "yes"), (Decimal("1.50"), "price"), (None, "null")],
    "reals": [(1.0, "one"), (math.nan, "nan"), (0.1, "tenth"), (-0.0, "zero")],
    "decimals": [(Decimal("1.5"), "one"), (Decimal("99.99"), "most"), (Decimal("NaN"), "nan")],
    "booleans": [(True, "yes"), (False, "no")],
    "moments": [(date(2024, 2, 29), "leap"), (datetime.datetime(2024, 1, 1), "new"), (time(12, 30), "noon"),
        (timedelta(0), "0")],
    "texts that lie": [(odd.EmptyText("x"), "all"), ("a", "a")],
    "texts of a class": [(odd.Text("abc"), "abc"), (gettext_lazy("Enter a number."), "lazy"),
        (odd.LyingText("a"), "lie")],
    "traced": [(odd.Traced("h"), "traced"), ("h", "h")],
    "not hashable": [([1], "list"), ({"a": 1}, "dict"), ("h", "h")],
    "surrogates": [("\ud800", "lone"), ("\u00e9", "e"), ("\U0001f600", "smile"), ("cafe\u0301", "two points")],
    "two hundred": [(f"key {n}", n) for n in range(199)] + [("h", "last")],
    "two hundred numbers": [(n, str(n)) for n in range(-100, 100)],
    "twice": [("h", "first"), ("h", "second")],
    "no pairs": [("h", "H"), ("a",)],
    "letters": ["hH", "aA"],
}  # fmt: skip

NOW = datetime.datetime(2024, 2, 29, 12, 30)
LIMITS = {
    "int": 5, "bool": True, "float": 1.5, "whole float": 5.0, "decimal": Decimal("1.50"), "big": 2**70, "nan": math.nan,
    "infinite": math.inf, "minus": -1, "zero": 0, "i64": 2**63 - 1, "u64": 2**64, "text": "5", "none": None,
    "date": date(2024, 2, 29),
    "moment": NOW, "aware": NOW.replace(tzinfo=UTC), "time": time(12, 30), "span": timedelta(seconds=30),
    "subclass": odd.Whole(5),
    "enum": odd.Level.LOW, "Decimal NaN": Decimal("NaN"), "Decimal sNaN": Decimal("sNaN"), "list": [1], "complex": 1j,
}  # fmt: skip
COMPARED = {
    **{f"Max {name}": [v.MaxValueValidator(limit)] for name, limit in LIMITS.items()},
    **{f"Min {name}": [v.MinValueValidator(limit)] for name, limit in LIMITS.items()},
    **{f"called {name}": [v.MinValueValidator(own.limit(LIMITS[name])), v.MaxValueValidator(own.limit(LIMITS[name]))]
       for name in ("int", "decimal", "text", "moment", "date", "aware", "none")},
    "Step 3": [v.StepValueValidator(3)],
    "Step 0.1": [v.StepValueValidator(0.1)],
    "Step Decimal": [v.StepValueValidator(Decimal("0.02"))],
    "Step 0": [v.StepValueValidator(0)],
    "Step -2": [v.StepValueValidator(-2)],
    "Step big": [v.StepValueValidator(2**70)],
    "Step nan": [v.StepValueValidator(math.nan)],
    "Step inf": [v.StepValueValidator(math.inf)],
    "Step called": [v.StepValueValidator(own.limit(3))],
    "Step called with offset": [v.StepValueValidator(own.limit(3), offset=1)],
    "Step with offset": [v.StepValueValidator(3, offset=1)],
    "Step with offset 0": [v.StepValueValidator(2, offset=0)],
    "Step 0.5 with offset": [v.StepValueValidator(0.5, offset=0.25)],
    "Step with offset in decimals": [v.StepValueValidator(Decimal("1.2"), offset=Decimal("2.2"))],
    "Step with offset and message": [v.StepValueValidator(3, message="own", offset=2)],
    "Step of text": [v.StepValueValidator("3")],
    "Base": [v.BaseValidator(5)],
    "Base True": [v.BaseValidator(True, "own %(show_value)s")],
    "in a row": [own.accept, v.MinValueValidator(2), own.refuse, v.MaxValueValidator(-2), own.Even()],
    "worded": [v.MinValueValidator(2, message="at least %(limit_value)s"), v.MaxValueValidator(-2, message="")],
    "subclass": [own.Strictly(5)],
    "changed code": [own.changed(v.MaxValueValidator(1), code="null")],
    "changed compare": [own.changed(v.MaxValueValidator(1), compare=lambda a, b: False)],
    "changed clean": [own.changed(v.MinValueValidator(1), clean=lambda value: 0)],
    "changed call": [own.changed(v.MinValueValidator(10**6), __call__=own.accept)],
    "bounds far out": [v.MinValueValidator(-(2**100)), v.MaxValueValidator(2**100)],
    "bounds tight": [v.MaxValueValidator(100), v.MinValueValidator(0)],
    "Digits": [v.DecimalValidator(3, 1)],
    "Digits without places": [v.DecimalValidator(3, None)],
    "Digits without digits": [v.DecimalValidator(None, 1)],
    "own Digits": [own.Digits(2, 2)],
    "text validators": [v.MinLengthValidator(2), v.validate_slug, v.validate_integer,
        v.ProhibitNullCharactersValidator()],
}  # fmt: skip
# For moments and spans: their own limits, and one of another type.
TEMPORAL = {
    name: rules
    for name, rules in COMPARED.items()
    if name.endswith((" date", " moment", " aware", " time", " span", " text", " row", "changed clean"))
}


def patterns():
    """Rules with a pattern. None may match the address in the text of an object, which is another one each time."""
    r = v.RegexValidator
    found = {
        source: [r(source)] for source in (
            "", "a", r"^[a-z]+$", r"\A\d+\Z", r"^\w+\Z", r"^\s*$", r"^[^\W\d_]+$", r"(?i)^STRASSE$", r"(?=a)",
            r"^(a)\1",
            r"^.*$", r"^(?:a|b)*\Z", r"[^\x00-\x7f]", r"^.{3}\Z", r"(?m)^b$", r"(?s)^a.b", r"\bred\b", r"[\ud800]",
            r"\u00e9",
            "(",
        )
    }  # fmt: skip
    return {
        **{f"pattern {name}": rules for name, rules in found.items()},
        "no pattern": [r()],
        "ignoring case": [r(r"^[a-z]+\Z", flags=re.IGNORECASE)],
        "verbose": [r(r"^ [a-z ]+ # letters", flags=re.VERBOSE)],
        "ASCII": [r(r"^\w+\Z", flags=re.ASCII)],
        "multiline": [r(r"^b\Z", flags=re.M | re.S)],
        "inverse": [r(r"\d", inverse_match=True)],
        "inverse, worded": [r("a", "no %(value)s", "blank", True)],
        "compiled": [r(re.compile(r"^[a-z]+\Z", re.IGNORECASE))],
        "of bytes": [r(re.compile(b"a"))],
        "worded": [r("^x", message=gettext_lazy("Enter a number."), code="invalid")],
        "code None": [r("^x", code=None)],
        "changed flags": [own.changed(r("^x"), inverse_match=True, code="changed")],
        "changed pattern": [own.changed(r("^x"), regex=re.compile("^a"))],
    }


TEXTUAL = {
    **patterns(),
    "MinLength 3": [v.MinLengthValidator(3)],
    "MaxLength 3": [v.MaxLengthValidator(3)],
    "lengths": [v.MinLengthValidator(2), v.MaxLengthValidator(4), v.MaxLengthValidator(3)],
    "length called": [v.MaxLengthValidator(own.limit(3)), v.MinLengthValidator(own.limit(3))],
    "length True": [v.MinLengthValidator(True)],
    "length float": [v.MaxLengthValidator(2.5)],
    "length text": [v.MaxLengthValidator("3")],
    "length None": [v.MaxLengthValidator(None)],
    "length huge": [v.MaxLengthValidator(10**30), v.MinLengthValidator(-(10**30))],
    "length -1": [v.MaxLengthValidator(-1)],
    "length worded": [v.MinLengthValidator(3, "short: %(value)s %(show_value)s"),
        v.MaxLengthValidator(0, gettext_lazy("Other"))],
    "email": [v.validate_email],
    "email of a list": [v.EmailValidator(allowlist=["example", "b"])],
    "email worded": [v.EmailValidator("own", "own")],
    "email changed": [own.changed(v.EmailValidator(), user_regex=re.compile("^x"))],
    "url": [v.URLValidator()],
    "url of ftp": [v.URLValidator(schemes=["ftp", "HTTP"])],
    "url changed": [own.changed(v.URLValidator(), max_length=10, unsafe_chars=frozenset("h"))],
    "domain": [v.validate_domain_name],
    "domain in ASCII": [v.DomainNameValidator(accept_idna=False)],
    "domain changed": [own.changed(v.DomainNameValidator(), accept_idna=False, max_length=12)],
    "slug": [v.validate_slug],
    "unicode slug": [v.validate_unicode_slug],
    "ipv4": [v.validate_ipv4_address],
    "ipv6": [v.validate_ipv6_address],
    "ipv46": [v.validate_ipv46_address],
    "integer": [v.validate_integer],
    "commas": [v.validate_comma_separated_integer_list],
    "dots": [v.int_list_validator(sep=".", allow_negative=True, message="own", code="own")],
    "no null characters": [v.ProhibitNullCharactersValidator()],
    "no null characters, worded": [v.ProhibitNullCharactersValidator(message="own", code="blank")],
    "MaxValue text": [v.MaxValueValidator("b"), v.MinValueValidator("A")],
    "MaxValue int": [v.MaxValueValidator(5)],
    "extension": [v.FileExtensionValidator(["txt"])],
    "subclass, unchanged": [own.Unchanged(3)],
    "subclass, worded": [own.Worded(3)],
    "subclass, clean": [own.Words(2)],
    "subclass, call": [own.Quiet("^x")],
    "subclass of email": [own.Loud()],
    "subclass of email, domain": [own.Companies()],
    "subclass of url": [own.Loose()],
    "subclass of a pattern": [own.Slugs()],
    "subclass, moving": [own.Moving(0)],
    "changed limit": [own.changed(v.MaxLengthValidator(3), limit_value=1)],
    "changed clean": [own.changed(v.MaxLengthValidator(3), clean=lambda value: 99)],
    "changed message": [own.changed(v.MaxLengthValidator(3), message="changed", code="invalid")],
    "changed by dict": [own.changed(v.MaxLengthValidator(3), __dict__={"limit_value": 2})],
    "functions": [own.accept, own.refuse, own.refuse_plainly, own.refuse_lazily, own.refuse_in_plural],
    "callables": [own.PARTIAL, own.Even(), own.METHOD, own.Constructed, str.upper],
    "codes": [own.refuse_as(code) for code in ("null", "blank", "invalid", "unique", "invalid_choice", None, "own", 5)],
    "a code that cannot be hashed": [own.refuse_as([])],
    "a list": [own.refuse_with_a_list, own.refuse_with_nothing],
    "a dict": [own.refuse, own.refuse_with_a_dict],
    "nothing": [own.refuse_with_nothing],
    "shared": [own.SharedError("shared", "null"), own.SharedError("shared too", "own", {"a": 1})],
    "shared, twice": [own.SharedError("shared", "blank")] * 2,
    "wrapped": [own.refuse_twice_wrapped, own.refuse_with_a_subclass, own.refuse_with_odd_params],
    "between": [own.accept, v.MinLengthValidator(4), own.refuse, v.validate_slug, own.accept],
    "raises between": [v.MinLengthValidator(4), own.raising(own.BOOM), own.accept],
    "interrupted": [own.raising(own.INTERRUPT)],
    "stopped": [own.raising(StopIteration(1))],
    "the same twice": [own.refuse, own.refuse],
    "None": [None],
    "builtins": [len, int],
    "a text": ["validator"],
}  # fmt: skip
