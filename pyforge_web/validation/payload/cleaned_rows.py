"""The result of cleaning many payloads."""

from pyforge_web.validation.payload.clean import CleanedValues
from pyforge_web.validation.row_results import RowErrors, RowsResult


class CleanedRows(RowsResult):
    """The result of cleaning many payloads: the cleaned values of each row, and the errors by row number.

    In `rows` a row that is not valid is None.
    """

    __slots__ = ("rows",)

    def __init__(self, rows: list[CleanedValues | None], errors: RowErrors, invalid_rows: int) -> None:
        super().__init__(errors, len(rows), invalid_rows)
        self.rows = rows
