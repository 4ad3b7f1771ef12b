"""`unique_for_date`, `unique_for_month` and `unique_for_year`: the check of one row, and of the rows of a batch."""

import datetime
from typing import Any

from django.utils import timezone

from pyforge_web.bulk.batch import Batch
from pyforge_web.bulk.unique_sets import Sharing
from pyforge_web.validation.database.bulk_queries import Asked, Question

_PARTS = {"date": ("day", "month", "year"), "month": ("month",), "year": ("year",)}


class Dates:
    """One such check: of the model `model`, a value of the field `name` once for each date of `unique_for`."""

    def __init__(self, batch: Batch, check: tuple[Any, ...]) -> None:
        self._batch = batch
        self._check = check
        self._model, lookup_type, self._name, self._unique_for = check
        self._parts = _PARTS[lookup_type]
        field: Any = batch.model._meta.get_field(self._name)
        self._attname = field.attname

    def asked(self, row: int) -> Asked | None:
        """What Django would look for; of its sides the value alone, for the parts of the date are compared here."""
        question = Question(self._model)
        instance: Any = self._batch.rows[row]
        instance._perform_date_checks([(question, *self._check[1:])])
        asked = question.asked(row)
        return asked and asked._replace(sides=((self._name, getattr(instance, self._attname)),))

    def repeats(self, sharing: Sharing) -> set[int]:
        """The rows with the value and the date of an earlier row.

        An earlier row counts with its date as the database would read it: in the current time zone.
        """
        found = set()
        for rows in sharing.part.repeated():
            stored: list[tuple[int, tuple[int, ...]]] = []
            for row in rows:
                if row in sharing.stored:
                    continue
                date = getattr(self._batch.rows[row], self._unique_for)
                mine = self._of(date)
                if any(mine == theirs and sharing.part.are_two(row, earlier) for earlier, theirs in stored):
                    found.add(row)
                aware = isinstance(date, datetime.datetime) and timezone.is_aware(date)
                stored.append((row, self._of(timezone.localtime(date)) if aware else mine))
        return found

    def _of(self, date: Any) -> tuple[int, ...]:
        return tuple(getattr(date, part) for part in self._parts)
