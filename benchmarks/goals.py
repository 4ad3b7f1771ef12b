"""What a figure must reach (`at_most`) and what it aims at. A missed goal is printed, never hidden."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A limit for one figure: the lower, the better."""

    at_most: float
    aim: float | None = None

    def met(self, figure: float) -> bool:
        return figure <= self.at_most

    def verdict(self, figure: float) -> str:
        """`0.68 (at most 0.75: met; aim 0.5: missed)`"""
        words = f"at most {self.at_most:.3g}: {'met' if self.met(figure) else 'MISSED'}"
        if self.aim is not None:
            words += f"; aim {self.aim:.3g}: {'met' if figure <= self.aim else 'missed'}"
        return f"{plain(figure)} ({words})"


def plain(figure: float) -> str:
    """Two decimals, three where that would be one digit."""
    return f"{figure:.3f}" if 0 < figure < 0.0995 else f"{figure:.2f}"
