"""Texts that look like something: Django's own test inputs, lengths at every limit, every code point at every place."""

import itertools
import random
import re
import sys
from functools import partial

import pytest
from django.core import validators as v
from django.db import models

from tests.tables import cases
from tests.validation import django_inputs as inputs
from tests.validation.sweep import THOROUGH, assert_values, assert_verdicts
from tests.validation.values import named


def text_with(*validators):
    return partial(models.CharField, validators=validators)


WORDS = {
    "Email": (models.EmailField, inputs.EMAILS),
    "email without a limit": (text_with(v.validate_email), inputs.EMAILS),
    "email with hosts": (text_with(v.EmailValidator(allowlist=["localdomain", "bar"])), inputs.EMAILS),
    "URL": (models.URLField, inputs.URLS),
    "URL without a limit": (text_with(v.URLValidator()), inputs.URLS),
    "URL with schemes": (text_with(v.URLValidator(["http", "file", "git", "git+ssh"])), inputs.URLS),
    "Slug": (models.SlugField, inputs.SLUGS),
    "Slug in Unicode": (partial(models.SlugField, allow_unicode=True), inputs.SLUGS),
    "IP": (models.GenericIPAddressField, inputs.ADDRESSES),
    "IP unpacked": (partial(models.GenericIPAddressField, unpack_ipv4=True), inputs.ADDRESSES),
    "IPv4": (partial(models.GenericIPAddressField, protocol="ipv4"), inputs.ADDRESSES),
    "IPv6": (partial(models.GenericIPAddressField, protocol="IPv6"), inputs.ADDRESSES),
    "a text of IPv4": (text_with(v.validate_ipv4_address), inputs.ADDRESSES),
    "a text of IPv6": (text_with(v.validate_ipv6_address), inputs.ADDRESSES),
    "a text of either": (text_with(v.validate_ipv46_address), inputs.ADDRESSES),
    "domain": (text_with(v.validate_domain_name), inputs.DOMAINS),
    "domain in ASCII": (text_with(v.DomainNameValidator(accept_idna=False)), inputs.DOMAINS),
    "Commas": (partial(models.CommaSeparatedIntegerField, max_length=30), inputs.LISTS),
    "negative commas": (text_with(v.int_list_validator(allow_negative=True)), inputs.LISTS),
    "dots": (text_with(v.int_list_validator(sep=".", allow_negative=True)), inputs.LISTS),
    "integer": (text_with(v.validate_integer), inputs.LISTS),
    "patterns": (text_with(v.RegexValidator("[0-9]+"), v.RegexValidator("x", inverse_match=True)), inputs.LISTS),
    "Date": (models.DateField, inputs.WHEN),
    "DateTime": (models.DateTimeField, inputs.WHEN),
    "Time": (models.TimeField, inputs.WHEN),
    "Duration": (models.DurationField, inputs.WHEN),
}


@pytest.mark.parametrize("row", cases(WORDS))
def test_clean_inputs_of_django_tests(row):
    make_field, texts = row
    assert_values(make_field, named(texts))


def labels(*lengths):
    return ".".join("a" * length for length in lengths)


def hosts():
    """Hosts with labels and in all of every length around a limit."""
    yield from (labels(length, 3) for length in range(66))
    yield from (labels(3, length) for length in range(66))
    yield from (labels(63, 63, 63, length) for length in range(55, 66))
    yield from (labels(63, 63, 63, 61 - length, length) for length in range(5))
    for start in ("", "-", "a-", "xn--", "XN--", "1", "_"):
        for end in ("", "-", "-a", "1", ".", "..", "xn--a", "xn--", "a1", "com", "c-m", "c--", "--"):
            yield from (f"{start}{end}", f"{start}a.{end}", f"a.{start}{end}", f"a.{start}b{end}", f"{start}.{end}")


HOSTS = tuple(hosts())


def crossed(*parts):
    """All texts with one of each part, in that order."""
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def placed(texts, signs):
    """Each sign in the place `{}` of each text."""
    return [text.replace("{}", str(sign)) for sign in signs for text in texts]


PORTS = ("", "0", "1", "80", "99999", "100000", "000080", "-1", "8a", "\u0661", ":", "80:80", " 80", "+1")
SCHEMES = (
    "http", "HTTP", "hTtP", "a+b", "A+B", "x-y", "1a", "", "up", "UP", "\u0131", "\u0130", " http", "http ", "ht\ttp",
    "http:", "://http", "http://http", "\x00http", "\x1fhttp",
)  # fmt: skip
RESOURCES = (
    "/ ", "/\x1f", "/\x7f", "/\x80", "/\x85", "/\xa0", "/\u2003", "/[", "/]", "/[]", "?[", "#[", "/%zz", "/\\", "\\",
    "/\x00", "?", "#", "?#", "/?#/?", "//", "/..", ";a", "/a b", "/\ud800", "/\U0001f600", "@b.com", "/@b.com",
)  # fmt: skip
OCTETS = (*range(260), "00", "01", "1e1", "", " 1", "+1", "\u0661")
GROUPS = ("0", "00000", "12345", "g", "", "F", "ffff", "-1", "1.2.3.4", "%1")
AROUND = ("{}:1:2:3:4:5:6:7", "1:2:3:4:5:6:7:{}", "::{}", "{}::", "1::{}:2", "::ffff:{}", "0:0:1::{}")
INTEGERS = crossed(
    ("", "-", "+", " ", "--"),
    ("", "0", "0" * 20),
    ("", "7", str(2**63), str(2**63 - 1), "9" * 30),
    ("", " ", "_1", "_", ".0", "e1", "\n", "\0", "\x1f", "\x85"),
)
DECIMALS = crossed(
    ("", "-"),
    ("0", "00", "12", "123", "0123", "1234", "12345"),
    ("", ".", ".0", ".00", ".10", ".100", ".000", ".123"),
    ("", "E0", "E1", "e-1", "E+2", " "),
)
FRACTIONS = crossed(("", "0", "1", "-0"), (".",), ("0", "00", "000", "1", "01", "99", "001", "100"))
REALS = crossed(
    ("", "-", " ", "+"),
    ("1e308", "1e309", "1e-400", "1_0.0_1", "1__0", "0x1p3", "infinity", "INF", "nan", "nan(1)", ".e1", "1e", "1d3"),
)
SIGNS = ("a", "\xe9", "\u0107", "\U0001f600", "\ud800", "e\u0301")
SHORT = partial(models.CharField, max_length=5, validators=[v.MinLengthValidator(2)])
OWN_SCHEMES = text_with(v.URLValidator(["http", "a+b", "x-y", "1a", "", "UP", "\u0131"]))
EDGES = {
    "domain": (text_with(v.validate_domain_name), HOSTS),
    "domain in ASCII": (text_with(v.DomainNameValidator(accept_idna=False)), HOSTS),
    "hosts of e-mails": (text_with(v.validate_email), crossed(("a@",), HOSTS)),
    "hosts of URLs": (text_with(v.URLValidator()), crossed(("http://", "https://u:p@"), HOSTS, ("", "/", ":80", "?a"))),
    "length of an e-mail": (text_with(v.validate_email), ["a" * length + "@a.com" for length in range(300, 330)]),
    "length of a URL": (text_with(v.URLValidator()), ["http://a.com/" + "a" * length for length in range(2030, 2045)]),
    "ports": (text_with(v.URLValidator()), crossed(("http://a.com:",), PORTS, ("", "/"))),
    "schemes": (OWN_SCHEMES, crossed(SCHEMES, ("://a.com",))),
    "resources": (text_with(v.URLValidator()), crossed(("http://a.com",), RESOURCES)),
    "lengths of texts": (SHORT, [sign * length for sign in SIGNS for length in range(8)]),
    "octets": (models.GenericIPAddressField, placed(("{}.1.1.1", "1.1.1.{}", "1.{}.1.1"), OCTETS)),
    "groups": (models.GenericIPAddressField, placed(AROUND, GROUPS)),
    "integers": (models.IntegerField, INTEGERS),
    "decimals": (partial(models.DecimalField, max_digits=5, decimal_places=2), DECIMALS),
    "decimals, all places": (partial(models.DecimalField, max_digits=2, decimal_places=2), FRACTIONS),
    "floats": (models.FloatField, REALS),
}


@pytest.mark.parametrize("row", cases(EDGES))
def test_clean_edge_values(row):
    make_field, texts = row
    passed = assert_verdicts(make_field, texts)
    assert 0 < passed < len(texts), "these texts show nothing"


# Beside ASCII: what `lower()`, IGNORECASE, `\\w`, `\\s`, `strip()`, `int()` and NFKC have surprises for.
SURPRISES = (
    "\x85\xa0\xa1\xaa\xad\xb2\xb5\xbc\xd7\xdf\u0130\u0131\u0149\u017f\u01c5\u0345\u0660\u0967\u1680\u1e9e\u2000\u200b"
    "\u200d\u2028\u202f\u2100\u2126\u212a\u2160\u24d0\u3000\u3002\u30fc\u4e00\ua640\ufb01\ufe0f\uff0e\uff11\uff21\uff3f"
    "\uffff\ud800\udfff\U00010330\U0001d7ce\U0001f600\U000e0041\U0010ffff"
)
URL_PLACES = (
    "{}http://a.com", "ht{}tp://a.com", "http{}://a.com", "http:{}//a.com", "http://{}a.com", "http://a{}a.com",
    "http://a.c{}m", "http://a.com{}", "http://a.com{}80", "http://a.com:8{}", "http://a.com/{}", "http://a.com/a{}b",
    "http://a.com?{}", "http://u{}@a.com", "http://u:{}@a.com", "http://[::1{}]/",
)  # fmt: skip
DOMAIN_PLACES = ("{}.com", "{}a.com", "a{}a.com", "a.{}bc", "a.b{}c", "a.bc{}")
UUID_PLACES = ("{}" + "1" * 31, "1" * 31 + "{}", "1" * 15 + "{}" + "1" * 16, "{}" + "1" * 32, "1" * 8 + "{}" + "1" * 23)
MOMENT_PLACES = (
    "2024-02-29{}12:30", "2024-02-29 12{}30", "2024-02-29 12:30{}", "2024-02-29 12:30:15{}5", "2024-02-29 12:30+01{}00",
    "2024-02-29{}",
)  # fmt: skip
AROUND_A_NUMBER = ("{}", "{}1", "1{}2", "1{}")
AROUND_A_WORD = ("{}", "{}a", "a{}a", "a{}")
PLACES = {
    "slug": (models.SlugField, AROUND_A_WORD),
    "unicode slug": (partial(models.SlugField, allow_unicode=True), AROUND_A_WORD),
    "user": (text_with(v.validate_email), crossed(("", "a", "a.", '"'), ("{}",), ("@a.com", "a@a.com", '"@a.com'))),
    "host of an e-mail": (text_with(v.validate_email), crossed(("a@",), (*DOMAIN_PLACES, "[{}]", "[1.2.3.4{}]"))),
    "domain": (text_with(v.validate_domain_name), DOMAIN_PLACES),
    "domain in ASCII": (text_with(v.DomainNameValidator(accept_idna=False)), DOMAIN_PLACES),
    "URL": (text_with(v.URLValidator()), URL_PLACES),
    "IPv4": (models.GenericIPAddressField, ("{}1.2.3.4", "1{}2.3.4", "1.2.3.{}", "1.2.3.4{}")),
    "IPv6": (models.GenericIPAddressField, ("::{}", "::1{}", "{}::1", "1{}:2::")),
    "list": (text_with(v.validate_comma_separated_integer_list), ("{}", "{}1", "1{}2", "1{}", "1,{},2")),
    "number": (models.IntegerField, AROUND_A_NUMBER),
    "real": (models.FloatField, AROUND_A_NUMBER),
    "decimal": (partial(models.DecimalField, max_digits=9, decimal_places=3), AROUND_A_NUMBER),
    "boolean": (models.BooleanField, ("{}", "{}1", "Tru{}", "1{}")),
    "UUID": (models.UUIDField, UUID_PLACES),
    "date": (
        models.DateField,
        ("2024{}02-29", "2024-02{}29", "{}2024-02-29", "2024-02-29{}", "2024-02-2{}", "2024-2-{}"),
    ),
    "moment": (models.DateTimeField, MOMENT_PLACES),
    "time": (models.TimeField, ("{}12:30", "12{}30", "12:30{}", "12:30:15{}5", "1{}:30")),
    "duration": (models.DurationField, (*AROUND_A_NUMBER, "15:3{}", "1 {}:15:30", "P{}D", "P1{}", "1 day{}")),
    "text": (partial(models.CharField, max_length=3), ("{}", "aa{}", "aaa{}", "{}{}{}{}")),
    "text without null characters": (text_with(v.ProhibitNullCharactersValidator()), AROUND_A_WORD),
    "pattern": (text_with(v.RegexValidator(r"^\w[a-z]\s$", flags=re.I)), ("{}k ", "k{} ", "kk{}", "kk {}")),
}


@pytest.mark.parametrize("row", cases(PLACES))
def test_clean_code_points(row):
    make_field, places = row
    if THOROUGH:
        signs = map(chr, range(sys.maxunicode + 1))
    else:
        some = random.Random(places[0]).sample(range(0x180, sys.maxunicode), 60)
        signs = [*map(chr, range(0x180)), *SURPRISES, *map(chr, some)]
    texts = placed(places, signs)
    passed = assert_verdicts(make_field, texts)
    assert 0 < passed < len(texts), "these texts show nothing"
