"""Markdown that reads as plain text: printed, and written to benchmarks/results/<suite>.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.goals import Goal

RESULTS = Path(__file__).parent / "results"


@dataclass
class Report:
    """What a suite hands back."""

    title: str
    parts: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, *paragraphs: str) -> None:
        self.parts.extend(paragraphs)

    def judge(self, name: str, goal: Goal, figure: float) -> str:
        """Count a goal, and say whether it is met."""
        verdict = goal.verdict(figure)
        (self.met if goal.met(figure) else self.missed).append(f"{name}: {verdict}")
        return verdict

    def text(self, stamp: str) -> str:
        return "\n\n".join([f"# {self.title}", stamp, *self.parts, self._summary()]) + "\n"

    def _summary(self) -> str:
        judged = len(self.met) + len(self.missed)
        if not judged:
            return "No goal was judged."
        lines = [f"Goals met: {len(self.met)} of {judged}."]
        return "\n".join(lines + [f"- {name}" for name in self.missed])


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    lines = [_line(headers, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    return "\n".join(lines + [_line(row, widths) for row in rows])


def duration(seconds: float) -> str:
    """Three digits and the unit that fits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 0.9995:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def size(count: int) -> str:
    """Bytes for people."""
    if count < 10_000:
        return f"{count:,} B"
    return f"{count / 1e3:,.0f} KB" if count < 10_000_000 else f"{count / 1e6:,.0f} MB"


def _three_digits(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 99.95 else f"{figure:.1f}" if figure >= 9.995 else f"{figure:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
