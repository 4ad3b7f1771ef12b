"""Numbers for readers: three figures and a unit, in the active language."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import npgettext, pgettext

from pyforge_web.toolbar.reasons import show_fields, show_reason


def format_number(number: float) -> str:
    """Return a number with three figures and with separators: `6,760`, `12.3`, `0.066`."""
    if isinstance(number, int):
        if 0 <= number < 1000:
            return str(number)  # the same in every language, and most numbers of a panel
        # Grouped whatever `USE_THOUSAND_SEPARATOR` says: the setting is about the project's own pages.
        return number_format(number, decimal_pos=0, force_grouping=True)
    size = abs(number)
    # The limits are those of rounding: 9.996 is "10.0" and not "10.00".
    places = 0 if size >= 99.95 or not size else 1 if size >= 9.995 else 2 if size >= 0.1 else 3
    return number_format(round(number, places), decimal_pos=places, force_grouping=True)


def format_time(us: float) -> str:
    """Return microseconds as a time: `867 µs`, `12.3 ms`, `2.04 s`."""
    if us < 999.5:
        return pgettext("panel", "%(number)s µs") % {"number": format_number(float(us))}
    if us < 999_500:
        return pgettext("panel", "%(number)s ms") % {"number": format_number(us / 1000)}
    return pgettext("panel", "%(number)s s") % {"number": format_number(us / 1e6)}


def format_size(size: int) -> str:
    """Return a number of bytes: `812 bytes`, `9.10 KB`, `1.84 MB`."""
    if size < 1000:
        return npgettext("panel", "%(number)s byte", "%(number)s bytes", size) % {"number": format_number(size)}
    if size < 1_000_000:
        return pgettext("panel", "%(number)s KB") % {"number": format_number(size / 1000)}
    return pgettext("panel", "%(number)s MB") % {"number": format_number(size / 1e6)}


def format_share(share: float) -> str:
    """Return a share in percent. 99.99 % is not all, and what is there is not 0 %."""
    percent = int(share * 1000) / 10 if share > 0.001 else 0.1 if share > 0 else 0.0
    return pgettext("panel", "%(number)s %%") % {
        "number": number_format(percent, decimal_pos=0 if percent in (0, 100) else 1)
    }


def count_calls(number: int) -> str:
    """Return `1 call`, `53 calls`."""
    return npgettext("panel", "%(number)s call", "%(number)s calls", number) % {"number": format_number(number)}


def format_row_count(number: int) -> str:
    """Return `1 row`, `7 rows`."""
    return npgettext("panel", "%(number)s row", "%(number)s rows", number) % {"number": format_number(number)}


def count_errors(number: int) -> str:
    """Return `1 error`, `3 errors`."""
    return npgettext("panel", "%(number)s error", "%(number)s errors", number) % {"number": format_number(number)}


def count_warnings(number: int) -> str:
    """Return `1 warning`, `2 warnings`."""
    return npgettext("panel", "%(number)s warning", "%(number)s warnings", number) % {"number": format_number(number)}


def count_queries(number: int) -> str:
    """Return `1 query`, `2 queries`."""
    return npgettext("panel", "%(number)s query", "%(number)s queries", number) % {"number": format_number(number)}


def show_word(key: str, word: Any) -> str:
    """Return a word of a warning's text: times and sizes with their unit, numbers with separators."""
    if key == "fields":
        return show_fields(word)
    if not isinstance(word, int | float):
        return show_reason(word) if key == "why" else str(word)
    if key == "time_us":
        return format_time(word)
    return format_size(int(word)) if key == "size" else format_number(word)


def format_svg(number: float) -> str:
    """Return a number for an attribute of SVG, which knows no language."""
    # Not `number_format`: a decimal comma would end the attribute's number.
    return f"{number:.1f}"
