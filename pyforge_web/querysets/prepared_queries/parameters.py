"""What stands for an argument while a function is called for its QuerySet."""

from typing import Any, NoReturn

from django.db.models.expressions import Expression


class ParameterUseError(Exception):
    """The function did something else with a parameter than to give it to a lookup."""


class Parameter(Expression):
    """An argument that is not known yet. Lookups keep it as their right side."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def resolve_expression(self, *args: Any, **kwargs: Any) -> "Parameter":
        """Return the parameter itself: a lookup copies it, and it must be found again."""
        return self

    def _refuse(self, *args: object) -> NoReturn:
        raise ParameterUseError(f"the function does more with {self.name} than to compare a column with it")

    __format__ = __index__ = __int__ = __float__ = __str__ = _refuse
