"""The numbers that follow `IN` where the rows of a relation are asked for: literals of the SQL, and no parameters."""

from typing import Any

from django.db.models.expressions import Expression


class KeyNumbers(Expression):
    """`(1, 2, 3)`: integers as they are, for Django prepares each parameter of `IN` in eight steps.

    `placeholder` is a text that stands for the numbers while SQL is made that will be used with others.
    """

    placeholder: str | None = None

    def __init__(self, numbers: list[int]) -> None:
        super().__init__()
        self.numbers = numbers

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        """The text of the list."""
        return self.placeholder or self.literal, ()

    @property
    def literal(self) -> str:
        """The numbers in brackets."""
        return self.write(self.numbers)

    @staticmethod
    def write(numbers: list[int]) -> str:
        """Return numbers in brackets."""
        return f"({str(numbers)[1:-1]})"
