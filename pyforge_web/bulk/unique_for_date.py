"""`unique_for_date`, `unique_for_month` and `unique_for_year`: the check of one row, and among the rows of a batch."""

import datetime
from typing import Any

from django.utils import timezone

from pyforge_web.bulk.batch import InstanceBatch
from pyforge_web.bulk.unique_sets import DuplicateSearch
from pyforge_web.validation.database.bulk_queries import LookupRecorder, RowLookup

# What Django looks up for each: `unique_for_month` compares the month of any year.
_DATE_PARTS = {"date": ("day", "month", "year"), "month": ("month",), "year": ("year",)}


class UniqueForDateCheck:
    """One such check of a model: each value of a field is allowed once for each date of another field.

    Source: `Model._perform_date_checks`.
    """

    def __init__(self, batch: InstanceBatch, check: tuple[Any, ...]) -> None:
        self._batch = batch
        self._check = check
        self._model, lookup_type, self._name, self._unique_for = check
        self._parts = _DATE_PARTS[lookup_type]
        field: Any = batch.model._meta.get_field(self._name)
        self._attname = field.attname

    def lookup_of(self, row: int) -> RowLookup | None:
        """Return what Django would look up. Its sides are the value alone: the parts of the date are compared here."""
        recorder = LookupRecorder(self._model)
        instance: Any = self._batch.rows[row]
        # In the place of the model: Django's own code asks it for `_default_manager.filter(...)`, and it notes the
        # lookup.
        instance._perform_date_checks([(recorder, *self._check[1:])])
        lookup = recorder.lookup_of(row)
        return lookup and lookup._replace(sides=((self._name, getattr(instance, self._attname)),))

    def find_repeats(self, search: DuplicateSearch) -> set[int]:
        """Return the rows that have the value and the date of an earlier row.

        The earlier row counts with its date as the database would read it: in the current time zone. The later row
        counts with the parts of its own date, as Django looks them up.
        """
        repeats = set()
        for rows in search.compared.repeated():
            earlier_rows: list[tuple[int, tuple[int, ...] | None]] = []
            for row in rows:
                if row in search.stored:
                    continue
                date = getattr(self._batch.rows[row], self._unique_for)
                own = self._parts_of(date)
                if any(own == other and search.compared.are_two(row, earlier) for earlier, other in earlier_rows):
                    repeats.add(row)
                earlier_rows.append((row, self._stored_parts_of(date)))
        return repeats

    def _stored_parts_of(self, date: Any) -> tuple[int, ...] | None:
        """Return the parts that the database reads, in the current time zone; None if no date of Python's has them."""
        if isinstance(date, datetime.datetime) and timezone.is_aware(date):
            try:
                date = timezone.localtime(date)
            except OverflowError:  # before the year 1, or after 9999
                return None
        return self._parts_of(date)

    def _parts_of(self, date: Any) -> tuple[int, ...]:
        return tuple(getattr(date, part) for part in self._parts)
