"""The result of `validate_many`: the errors of each row, and how each step of the validation went."""

from typing import NamedTuple

from pyforge_web.validation.row_results import RowErrors, RowsResult


class BatchPath(NamedTuple):
    """How a step went for `rows` rows, and why: for many at once (`batch`), or row by row (`django`)."""

    step: str
    path: str
    rows: int
    reason: str


class BatchResult(RowsResult):
    """The result of `validate_many`."""

    __slots__ = ("paths",)

    def __init__(self, errors: RowErrors, total: int, paths: tuple[BatchPath, ...]) -> None:
        super().__init__(errors, total)
        self.paths = paths
