"""Where entries are kept, how many, and what was counted: hits, misses, and why queries have no entry."""

import logging
from collections import Counter
from threading import Lock
from typing import Any
from weakref import WeakSet

from django.core.signals import setting_changed

from pyforge_web.output.kept_fields import count_characters

logger = logging.getLogger("pyforge_web.sql_cache")

# An entry takes 2 to 5 KB: 2,000 are a large project.
MOST_ENTRIES = 2_000
MOST_BYTES = 8_000_000
_MOST_MISS_REASONS, _LONGEST_REASON = 100, 200  # a reason may have names in it, which a client may have chosen
_SIZE_OF_CHARACTER, _SIZE_OF_NOTE = 4, 1_500
# Characters of a key. A longer one has a text or names that a client has chosen, or a list of some thousand values.
LONGEST_KEY = 20_000
# A query that could not be remembered is tried again at each so many uses: what prevented it may be gone.
_TRY_AGAIN = 200
# The key of a model's entries in the `__dict__` of its `_meta`: they end with the model.
_ENTRIES = "_pyforge_sql"


def shorten_reason(reason: str) -> str:
    """Return the beginning of a reason that is kept."""
    return reason[:_LONGEST_REASON]


class FailedEntry:
    """Stands where an entry could not be made."""

    __slots__ = ("reason", "uses")

    def __init__(self, reason: str) -> None:
        self.reason = shorten_reason(reason)
        self.uses = 0

    def is_due(self) -> bool:
        """Return whether it should be tried again now."""
        self.uses += 1
        return self.uses % _TRY_AGAIN == 0


class ModelEntries(dict[Any, Any]):
    """The entries of one model."""

    __hash__ = object.__hash__  # type: ignore[assignment] # by identity, for a set of them


class SQLMemory:
    """All entries of the process."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.checks = 0
        # Differences from Django's compiler; one of them turns the cache off.
        self.differences = 0
        self.why_off: str | None = None
        self.reasons: Counter[str] = Counter()
        self._size = 0
        self._count = 0
        self._models: WeakSet[ModelEntries] = WeakSet()
        self._lock = Lock()

    def find_entries(self, model: Any) -> ModelEntries:
        """Return the entries of a model."""
        attributes = model._meta.__dict__
        entries: ModelEntries | None = attributes.get(_ENTRIES)
        if entries is None:
            entries = attributes.setdefault(_ENTRIES, ModelEntries())
            with self._lock:
                self._models.add(entries)
        return entries

    def keep(self, entries: ModelEntries, key: Any, entry: Any) -> None:
        """Keep an entry; where there are too many, all others go. A key has at most `LONGEST_KEY` characters."""
        size = getattr(entry, "size", 500) + _SIZE_OF_CHARACTER * count_characters(key)
        with self._lock:
            if self._count >= MOST_ENTRIES or self._size + size > MOST_BYTES:
                self._clear()
            entries[key] = entry
            self._count += 1
            self._size += size

    def count_note(self, notes: dict[Any, Any], most: int) -> None:
        """Count a note that an entry is about to get; where it has too many, all others go."""
        with self._lock:
            if len(notes) >= most:
                self._size = max(self._size - _SIZE_OF_NOTE * len(notes), 0)
                notes.clear()
            self._size += _SIZE_OF_NOTE
            if self._size > MOST_BYTES:
                self._clear()

    def count_reason(self, reason: str) -> None:
        """Count a query without an entry."""
        reason = shorten_reason(reason)
        if reason in self.reasons or len(self.reasons) < _MOST_MISS_REASONS:
            self.reasons[reason] += 1

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        for entries in list(self._models):
            entries.clear()
        self._count = self._size = 0

    def turn_off(self, difference: str) -> None:
        """Forget everything and remember nothing more in this process."""
        self.differences += 1
        self.why_off = difference
        self.clear()
        logger.error(
            "PyForge's SQL cache is off in this process: remembered SQL differs from Django's. %s Please report it "
            "with the models and the QuerySet; SQL_CACHE = False leaves it off.",
            difference,
        )

    def reset(self) -> None:
        """Begin anew, as in a new process."""
        self.clear()
        self.hits = self.misses = self.checks = self.differences = 0
        self.why_off = None
        self.reasons.clear()


sql_memory = SQLMemory()


def _forget_entries(**kwargs: object) -> None:
    sql_memory.clear()


setting_changed.connect(_forget_entries, dispatch_uid="pyforge_web.querysets.sql_cache")
