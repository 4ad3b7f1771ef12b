"""Text: every code point, wherever it stands, in every shape of string."""

import enum
import random

import pytest
from django.utils.functional import Promise, lazy, lazystr
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, override, pgettext_lazy

import pyforge_web
from tests.oracle import assert_like_django, assert_text, django_text, encode
from tests.tables import cases


class Word(str):
    """A str that would be printed otherwise than it is stored."""

    def __str__(self):
        return "__str__ is not asked"

    def encode(self, *args):
        raise AssertionError("encode() is not asked")


class Flavour(enum.StrEnum):
    SWEET = "s\u00fc\u00df"


LIKE_DJANGO = {
    "empty": "",
    "ASCII": "plain text",
    "quotes, backslash and slash": 'say "so" \\ it\'s a / here',
    "Latin-1": "caf\u00e9 \u00a0\u00ff",
    "two-byte BMP": "\u0107\u07ff \u0416",
    "three-byte BMP": "\u0800 \u65e5\u672c\u8a9e \ud7ff\ue000",
    "non-BMP": "\U0001f600 \U00010000 \U0010ffff",
    "Latin-1, BMP and non-BMP together": "a\u00e9\u65e5\U0001f600",
    "U+FEFF": "\ufeffbyte order mark",
    "U+FFFF and U+FFFE": "\uffff\ufffe",
    "NUL": "a\0b",
    "C0": "".join(map(chr, range(0x20))),
    "DEL": "\x7f",
    "C1": "".join(map(chr, range(0x80, 0xA0))),
    "U+2028 and U+2029": "line\u2028paragraph\u2029",
    "markup": "</script><!-- & ' -->",
    "combining marks, joiners, right to left": "e\u0301 \u200d \u05d0\u202e",
    "lone high surrogate": "a\ud800",
    "lone low surrogate": "\udfffb",
    "reversed pair of surrogates": "\ude00\ud83d",
    "surrogate among non-BMP": "\U0001f600\udbff\U0001f600",
    "surrogate before a quote": '\ud83d"',
    "two code points that read back as one emoji": "\ud83d\ude00",
    "key with a surrogate": {"\udc80 key": 1},
    "key with every sort of escape": {'"\\\n\0\u00e9\u65e5\U0001f600\u2028': 1},
    "str subclass": Word("stored"),
    "str subclass, not ASCII": Word("gespeichert \u00e4\u65e5\U0001f600"),
    "SafeString": mark_safe("<b>bold</b>"),
    "StrEnum": Flavour.SWEET,
    "lazystr": lazystr("lazy"),
    "gettext_lazy": gettext_lazy("This field is required."),
    "pgettext_lazy": pgettext_lazy("alt. month", "March"),
    "lazy(int)": lazy(lambda: 5, int)(),
    "lazy SafeString": lazy(lambda: SafeString("<i>"), SafeString)(),
    "lazy str subclass": lazy(lambda: Word("lazily stored"), str)(),
    "lazy surrogate": lazystr("\ud800"),
    "format_lazy": format_lazy("{} {}", gettext_lazy("March"), 5),
}


@pytest.mark.parametrize("value", cases(LIKE_DJANGO))
def test_like_django(value, form):
    assert_like_django(value, form)


class NoText(Promise):
    def __str__(self):
        return 5


def test_a_lazy_text_that_gives_no_text_raises_what_str_raises(form):
    with pytest.raises(TypeError, match="__str__") as expected:
        django_text(NoText())
    with pytest.raises(TypeError, match="__str__") as caught:
        encode(NoText(), form)
    assert str(caught.value) == str(expected.value)  # the words of Python 3.15 are others


def test_code_points_of_all_planes_in_one_string(form):
    value = "".join(map(chr, [*range(0x11000), *range(0x11000, 0x10FF00, 61), *range(0x10FF00, 0x110000)]))
    assert_text(encode(value, form), value, form)


def test_every_bmp_code_point_alone(form):
    values = list(map(chr, range(0x10000)))
    assert_text(encode(values, form), values, form)


# What takes a way of its own in the writer, put at every place of a block of 64 characters of each width.
SPECIALS = (
    '"\\\0\n\x1f\x7f\u0080\u009f\u00a0\u00ff\u0100\u07ff\u0800\u2028\ud800\udbff\udc00\udfff\uffff\U00010000\U0010ffff'
)


@pytest.mark.parametrize("special", SPECIALS, ids=lambda c: f"U+{ord(c):04X}")
@pytest.mark.parametrize("around", "a\u00e9\u65e5\U0001f600", ids=lambda c: f"in U+{ord(c):04X}")
def test_special_at_every_place(special, around, form):
    values = [around * place + special + around * rest for place in range(67) for rest in (0, 1, 15, 16, 33)]
    values += [around * place + special * 2 + around * 3 + special for place in range(67)]
    assert_text(encode(values, form), values, form)


LONG = {
    "clean, then one quote": "x" * 1_000_000 + '"',
    "all quotes": '"' * 1_000_000,
    "all control characters": "\x01" * 300_000,
    "one emoji at the end of ASCII": "x" * 1_000_000 + "\U0001f600",
    "all surrogates": "\ud800" * 300_000,
    "Japanese": "\u65e5\u672c\u8a9e" * 100_000,
}


@pytest.mark.parametrize("value", cases(LONG))
def test_long_text(value, form):
    assert_text(encode(value, form), value, form)


@pytest.mark.parametrize("seed", range(20))
def test_random_runs_of_random_widths(seed, form):
    source = random.Random(seed)
    pools = ["abc xyz", '"\\\n\0', "\u00e9\u00ff\u0080", "\u0107\u65e5\u2028", "\U0001f600", "\ud800\udc00"]
    runs = [source.choice(source.choice(pools)) * source.choice([1, 2, 7, 31, 64]) for _ in range(300)]
    values = ["".join(runs[start : start + source.randrange(1, 12)]) for start in range(300)]
    assert_like_django(values, form)


def test_surrogates_are_written_as_lower_case_escapes():
    assert pyforge_web.dumps("\u00e9\ud800\udbff") == '"\u00e9\\ud800\\udbff"'.encode()


def test_compact_text_is_raw_utf8():
    assert (
        pyforge_web.dumps({"\u043a\u043b": ["\u65e5", "\U0001f600"]})
        == '{"\u043a\u043b":["\u65e5","\U0001f600"]}'.encode()
    )


def test_lazy_text_speaks_the_active_language(form):
    required = gettext_lazy("This field is required.")
    with override("de"):
        assert "Dieses Feld" in str(required)
        assert_like_django({"error": required}, form)
    with override("ja"):
        assert_like_django([required, gettext_lazy("March")], form)
