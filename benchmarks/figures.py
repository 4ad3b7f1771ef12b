"""`python -m benchmarks.figures [write | check | release]`: the figures of README and the documentation.

Their one source are the files results/*.json. A page has marked places, `<!-- figures: NAME -->` to `<!-- /figures -->`
for a table and `<!-- figure: NAME -->...<!-- /figure -->` inside of a line. `write` fills them and draws the pictures.
`check` fails if a place or a picture has something else than the results, or if a result does not count:

- it is of another version than Cargo.toml has, or of a debug build, or of a build that was older than its sources;
- the results are not all of the same build, because then the figures cannot be compared.

A commit does not make results stale: that would be each commit. `release` also asks that they are of this very code.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import machine, pictures
from benchmarks.report import RESULTS

PROJECT = machine.PROJECT
PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md")))
TABLE_PLACE = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- /figures -->)", re.S)
LINE_PLACE = re.compile(r"(<!-- figure: ([\w-]+) -->)[^<]*(<!-- /figure -->)")


class Cell(NamedTuple):
    """A cell of a table of results: the suite, the number of the table, the row's first cell, the column."""

    suite: str
    table: int
    row: str
    column: str

    @property
    def number(self) -> float:
        """The number that the cell begins with."""
        return leading_number(find_cell(self))

    @property
    def ratio(self) -> float:
        """Our time over the other one's: below 1.00 we are faster."""
        return 1 / self.number if self.column.startswith("x ") else self.number

    @property
    def times(self) -> str:
        """How many times as fast, for a sentence."""
        return format_times(1 / self.ratio)


class Bar(NamedTuple):
    """A pair of bars of the picture."""

    label: str
    other: str
    cell: Cell


def wide(rows: str) -> Cell:
    """Return the cell of so many rows of 14 columns from SQLite."""
    return Cell("querysets", 0, f"SQLite, wide, {rows} rows", "ours / Django")


WIDE_POSTGRESQL = Cell("querysets", 0, "PostgreSQL, wide, 1,000 rows", "ours / Django")
NARROW_PAGE = Cell("querysets", 0, "SQLite, narrow, 25 rows", "ours / Django")
NESTED = Cell("relations", 0, "SQLite, 1,000 articles", "ours / Django")
DRF_VIEW = Cell("rest_framework", 0, "plain, 1,000 rows", "ours / DRF")
DRF_PAGE = Cell("rest_framework", 0, "plain, 25 rows", "ours / DRF")
IMPORT = Cell("batches", 0, "SQLite, valid", "x Django")
SCRIPT = Cell("embedding", 0, "QuerySet of 1,150 rows", "ours / json_script")
TINY = '{"ok": true, "id": 5}'

BARS = (
    Bar("List of 1,000 rows with 14 columns", "Django: values() and json", wide("1,000")),
    Bar("1,000 articles with author, tags and comments", "Django: prefetched instances", NESTED),
    Bar("List view of Django REST framework, 1,000 rows", "Django REST framework", DRF_VIEW),
    Bar("Import of 1,000 rows, validated", "Django: full_clean() of each row", IMPORT),
)
# The figures inside of sentences.
SENTENCES: dict[str, Cell] = {
    "list-1000": wide("1,000"),
    "list-25": wide("25"),
    "nested-1000": NESTED,
    "drf-25": DRF_PAGE,
    "drf-1000": DRF_VIEW,
    "list-narrow": NARROW_PAGE,
    "import": IMPORT,
    "script": SCRIPT,
}
README_ROWS: tuple[tuple[str, str, Cell], ...] = (
    ("1,000 rows of 14 columns, SQLite", "`values()` and `json`", wide("1,000")),
    ("the same from PostgreSQL", "`values()` and `json`", WIDE_POSTGRESQL),
    ("a page of 25 rows of 3 columns", "`values()` and `json`", NARROW_PAGE),
    ("1,000 articles with author, tags, comments", "prefetched instances", NESTED),
    ("list view of DRF, 25 rows", "DRF", DRF_PAGE),
    ("list view of DRF, 1,000 rows", "DRF", DRF_VIEW),
    ("data in a `<script>` element, with its query", "`json_script`", SCRIPT),
    ("1,000 rows with a foreign key and a unique column, validated", "`full_clean()`", IMPORT),
    (f"the response of `{TINY}`", "django-orjson", Cell("responses", 0, TINY, "ours / django-orjson")),
    ("a body of 12 fields, read", "orjson", Cell("bodies", 0, "1 object of 12 fields", "ours beside orjson")),
)


class NotMeasuredError(Exception):
    """A suite has no results."""


@cache
def read_result(suite: str) -> dict[str, Any]:
    """Return what a suite has measured."""
    path = RESULTS / f"{suite}.json"
    if not path.exists():
        raise NotMeasuredError(f"there is no results/{path.name}, which `make bench` writes.")
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def find_cell(cell: Cell) -> str:
    """Return the text of a cell."""
    table = read_result(cell.suite)["tables"][cell.table]
    try:
        column = table["columns"].index(cell.column)
        (row,) = (row for row in table["rows"] if row[0] == cell.row)
    except ValueError:
        raise SystemExit(f"results/{cell.suite}.json has no {cell.row!r}, {cell.column!r}: mend figures.py.") from None
    text: str = row[column]
    return text


def leading_number(text: str) -> float:
    """Return the number that a text begins with."""
    found = re.match(r"[\d.,]*\d", text)
    if not found:
        raise SystemExit(f"{text!r} begins with no number.")
    return float(found[0].replace(",", ""))


def format_times(factor: float) -> str:
    """`6.7`, `12`, `180`: no more digits than a shared machine can tell apart."""
    return f"{factor:.1f}" if factor < 9.95 else f"{factor:.0f}" if factor < 99.5 else f"{round(factor, -1):.0f}"


def format_ratio(ratio: float, bold_above: float = 1.005) -> str:
    """`0.15`, `0.006`; bold where we are slower."""
    text = f"{ratio:.3f}" if ratio < 0.0995 else f"{ratio:.2f}"
    return f"**{text}**" if ratio > bold_above else text


def make_readme_table() -> str:
    """Return the one table of README."""
    lines = ["| what | beside | time, 1.00 is the other |", "|---|---|---|"]
    lines += [f"| {what} | {other} | {format_ratio(cell.ratio)} |" for what, other, cell in README_ROWS]
    return "\n".join(lines)


def make_ratio_table(suite: str, number: int = 0, bold_above: float = 1.005) -> str:
    """Return a table of results with the numbers alone; ratios above a limit are bold."""
    table = read_result(suite)["tables"][number]
    several = any(column.startswith("ours, ") for column in table["columns"])  # more than one of ours
    columns = [column if several else column.removeprefix("ours / ") for column in table["columns"]]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in table["rows"]:
        cells = [
            format_ratio(leading_number(cell), bold_above) if re.match(r"[\d.]+(?:\s*[(,]|$)", cell) else cell
            for cell in row[1:]
        ]
        lines.append(f"| {' | '.join([_as_code(row[0]), *cells])} |")
    return "\n".join(lines)


def make_plain_table(suite: str, *columns: str, number: int = 0) -> str:
    """Return some columns of a table of results, as they stand there, without the goals."""
    table = read_result(suite)["tables"][number]
    places = [table["columns"].index(column) for column in columns]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [
        f"| {' | '.join(_as_code(row[place].partition(' (at ')[0]) for place in places)} |" for row in table["rows"]
    ]
    return "\n".join(lines)


def make_machine_table() -> str:
    """Return on what the figures were measured."""
    facts = read_result("querysets")["measured"]
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    rows = {
        "measured": f"{facts['at']} UTC",
        "machine": f"{facts['cpu']}, {facts['cores']} cores",
        "software": f"{facts['python']}, {packages}",
        "PyForge Web": f"{facts['version']}, {facts['build']} build",
    }
    return "\n".join(["| what | value |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())])


def find_goals(verdict: str) -> list[tuple[str, str]]:
    """Return suite and name of the goals that the results have "met" or "missed"."""
    return [(path.stem, name) for path in sorted(RESULTS.glob("*.json")) for name in read_result(path.stem)[verdict]]


def make_missed_list() -> str:
    """Return the goals that the results miss."""
    return "\n".join(f"- {suite}: {name}" for suite, name in find_goals("missed")) or "No goal is missed."


TABLES: dict[str, Callable[[], str]] = {
    "readme": make_readme_table,
    "machine": make_machine_table,
    "missed": make_missed_list,
    "querysets": lambda: make_ratio_table("querysets"),
    "planning": lambda: make_plain_table("querysets", "workload", "SQL and cursor", "ours", "Django", number=2),
    "relations": lambda: make_ratio_table("relations"),
    "rest-framework": lambda: make_ratio_table("rest_framework"),
    "encoder": lambda: make_ratio_table("encoder"),
    "text": lambda: make_ratio_table("text"),
    "responses": lambda: make_ratio_table("responses"),
    "embedding": lambda: make_ratio_table("embedding"),
    "streams": lambda: make_ratio_table("streams"),
    "instances": lambda: make_ratio_table("instances"),
    "validation": lambda: make_plain_table("validation", "rows", "who", "a row", "x Django"),
    "batches": lambda: make_plain_table("batches", "rows", "x Django", "queries: Django, ours"),
    "bodies": lambda: make_plain_table("bodies", "body", "size", "json.loads", "ours", "orjson", "msgspec"),
    "memory": lambda: make_ratio_table("memory", bold_above=float("inf")),
    "queryset-memory": lambda: make_ratio_table("queryset_memory", bold_above=float("inf")),
    "sql-cache": lambda: make_plain_table("sql_cache", "page", "remembered", "compiled", "/ values() and json"),
    "prepared": lambda: make_plain_table(
        "sql_cache", "page", "prepared", "driver and writing", "prepared / driver", number=1
    ),
    "output-fields": lambda: make_ratio_table("output_fields"),
}


def fill_page(text: str) -> str:
    """Return a page with its figures as the results have them."""
    text = TABLE_PLACE.sub(lambda place: f"{place[1]}{_make_table(place[2])}\n{place[3]}", text)
    return LINE_PLACE.sub(lambda place: f"{place[1]}{_make_figure(place[2])}{place[3]}", text)


def _make_figure(name: str) -> str:
    if name == "goals":
        return str(len(find_goals("met")) + len(find_goals("missed")))
    return str(len(find_goals("missed"))) if name == "missed-goals" else SENTENCES[name].times


def make_files() -> Iterator[tuple[Any, str]]:
    """Yield each file that has figures, with the text that it must have."""
    for page in PAGES:
        yield page, fill_page(page.read_text())
    for theme in pictures.THEMES:
        bars = [(bar.label, bar.other, bar.cell.ratio, bar.cell.times) for bar in BARS]
        yield PROJECT / "docs" / "images" / f"figures-{theme}.svg", pictures.draw_bars(bars, theme)


def find_differences() -> list[str]:
    """Return the files whose figures are not those of the results."""
    return [
        f"{path.relative_to(PROJECT)} has other figures than the results: run `python -m benchmarks.figures write`."
        for path, text in make_files()
        if not path.exists() or path.read_text() != text
    ]


def find_old_results(release: bool = False) -> list[str]:
    """Return what is wrong with the builds that the results are of."""
    measured = {path.stem: read_result(path.stem)["measured"] for path in sorted(RESULTS.glob("*.json"))}
    version = re.search(r'^version = "(.*)"', (PROJECT / "Cargo.toml").read_text(), re.M)
    assert version
    problems = [
        f"results/{suite}.json is of {facts['version']}, {facts['build']} build"
        f"{', older than its sources' * facts['stale']}."
        for suite, facts in measured.items()
        if (facts["version"], facts["build"], facts["stale"]) != (version[1], "release", False)
    ]
    problems += [f"{page.name}: {text}" for page, text in _find_missing_tables()]
    builds = {facts["sources"] for facts in measured.values()}
    if len(builds) > 1:
        problems.append(f"The results are of {len(builds)} builds: run `make bench` for all of them.")
    if release and builds != {machine.hash_sources()}:
        problems.append("The results are of other code than this: run `make bench`.")
    return problems


def main() -> None:
    """Run the command that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("command", choices=["write", "check", "release"], nargs="?", default="check")
    command = parser.parse_args().command
    if command == "write":
        for path, text in make_files():
            path.write_text(text)
        return
    sys.exit("\n".join([*find_differences(), *find_old_results(release=command == "release")]) or 0)


def _find_missing_tables() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for _, name, _ in TABLE_PLACE.findall(page.read_text()):
            if (text := _make_table(name)).startswith("Not measured yet"):
                yield page, text


def _make_table(name: str) -> str:
    """Return a table, or that it is not measured yet: then `make bench` fills it."""
    try:
        return TABLES[name]()
    except NotMeasuredError as missing:
        return f"Not measured yet: {missing}"


def _as_code(text: str) -> str:
    """A first cell may be JSON, which Markdown would change."""
    return f"`{text}`" if "{" in text else text


if __name__ == "__main__":
    main()
