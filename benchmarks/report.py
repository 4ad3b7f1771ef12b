"""A report as Markdown that reads as plain text, and its tables as JSON: benchmarks/results/<suite>.md and .json."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    def write(self, folder: Path, name: str, stamp: str, facts: dict[str, Any]) -> None:
        """Write both files. README and the documentation take their figures from the JSON: benchmarks/figures.py."""
        folder.mkdir(exist_ok=True)
        folder.joinpath(f"{name}.md").write_text(self.text(stamp))
        folder.joinpath(f"{name}.json").write_text(json.dumps(self.data(facts), indent=1, ensure_ascii=False) + "\n")

    def data(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return the tables of the report, with what they were measured on."""
        tables = [{"columns": part.columns, "rows": part.rows} for part in self.parts if isinstance(part, Table)]
        return {"title": self.title, "measured": facts, "tables": tables, "met": self.met, "missed": self.missed}

    def _summary(self) -> str:
        judged = len(self.met) + len(self.missed)
        if not judged:
            return "No goal was judged."
        lines = [f"Goals met: {len(self.met)} of {judged}."]
        return "\n".join(lines + [f"- {name}" for name in self.missed])


class Table(str):
    """The text of a Markdown table, which still has its cells."""

    columns: list[str]
    rows: list[list[str]]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    lines = [_line(headers, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
    made = Table("\n".join(lines + [_line(row, widths) for row in rows]))
    made.columns, made.rows = list(headers), [list(row) for row in rows]
    return made


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
