"""What stands for an argument while a function is called for its QuerySet."""

import sys
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

    def _refuse_function(self) -> None:
        """Raise where the function asks: a dict, a comparison or `bool()` would take it for a value."""
        if sys._getframe(2).f_globals.get("__name__", "").partition(".")[0] not in ("django", "pyforge_web"):
            self._refuse()

    def __eq__(self, other: object) -> bool:
        self._refuse_function()
        return self is other

    def __hash__(self) -> int:
        self._refuse_function()
        return id(self)

    def __bool__(self) -> bool:
        self._refuse_function()
        return True

    def __repr__(self) -> str:
        self._refuse_function()
        return f"{type(self).__name__}({self.name!r})"
