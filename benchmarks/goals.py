"""What a ratio must reach (`at_most`) and what it aims at. A missed goal is printed, never hidden."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A limit for one figure: the lower, the better."""

    at_most: float
    aim: float | None = None

    def met(self, figure: float) -> bool:
        return figure <= self.at_most

    def verdict(self, figure: float, digits: int = 2) -> str:
        """`0.68 (at most 0.75: met; aim 0.50: missed)`"""
        limits = [("at most", self.at_most)] + ([("aim", self.aim)] if self.aim is not None else [])
        words = "; ".join(
            f"{name} {limit:.{digits}f}: {'met' if figure <= limit else _missed(name)}"
            for name, limit in limits
        )
        return f"{figure:.{digits}f} ({words})"


def _missed(name: str) -> str:
    return "MISSED" if name == "at most" else "missed"
