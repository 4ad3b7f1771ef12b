"""What is wrong with the rows of an import, for people: row by row, field by field, in the active language."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import bidirectional

from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError

from demo_site.airports.models import Airport

SHOWN_CHARACTERS = 60


class Words(str):
    """What Django says, with the direction it is written in: some texts have no translation."""

    __slots__ = ()

    @property
    def direction(self) -> str:
        """Give "rtl" for a text with Arabic letters, else "ltr"."""
        return "rtl" if any(bidirectional(letter) in ("R", "AL") for letter in self) else "ltr"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value; `value` is None where the row has none."""

    field: str
    label: str
    value: str | None
    texts: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """A row with errors; rows are counted from 1."""

    number: int
    title: str
    faults: tuple[Fault, ...]


def tell(documents: Sequence[Any], errors: Mapping[int, ValidationError]) -> Iterator[FaultyRow]:
    """Give the rows that have errors."""
    for row, error in errors.items():
        document = documents[row] if isinstance(documents[row], dict) else {}
        title = " ".join(str(document[name]) for name in ("icao", "name") if document.get(name))
        faults = tuple(
            Fault(name, _label(name), _shown(name, document), tuple(Words(text) for leaf in leaves for text in leaf))
            for name, leaves in error.error_dict.items()
        )
        yield FaultyRow(row + 1, _shorten(title), faults)


def _label(name: str) -> str:
    """Give the name that people know a field by; empty for errors of no field, and where it is the same."""
    try:
        label = str(Airport._meta.get_field(name).verbose_name)
    except FieldDoesNotExist:
        return "the whole row" if name == NON_FIELD_ERRORS else ""
    return "" if label == name else label


def _shown(name: str, document: dict[str, Any]) -> str | None:
    return _shorten(json.dumps(document[name], ensure_ascii=False)) if name in document else None


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
