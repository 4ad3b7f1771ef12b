"""The figures of README and the documentation are those of benchmarks/results."""

import json
from xml.etree import ElementTree

import pytest

from benchmarks import figures, machine, pictures
from benchmarks.report import RESULTS, Report, table
from tests.docs.markdown import DOCS, ROOT


def test_pages_and_pictures_have_the_figures_of_the_results():
    assert figures.find_differences() == []


def test_another_figure_is_found(monkeypatch):
    changed = json.loads((RESULTS / "batches.json").read_text())
    rows = changed["tables"][0]["rows"]
    rows[0][changed["tables"][0]["columns"].index("x Django")] = "7"
    real = figures.read_result.__wrapped__
    monkeypatch.setattr(figures, "read_result", lambda suite: changed if suite == "batches" else real(suite))
    named = {difference.split(" has ")[0] for difference in figures.find_differences()}
    assert {"README.md", "docs/explanation/figures.md", "docs/images/figures-light.svg"} <= named


@pytest.mark.parametrize(
    ("key", "value"), [("version", "0.0.9"), ("build", "debug"), ("stale", True), ("sources", "another")]
)
def test_results_of_an_older_build_are_found(key, value, monkeypatch):
    current = {"version": machine.facts()["version"], "build": "release", "stale": False, "sources": "this"}
    results = {path.stem: {"measured": dict(current)} for path in RESULTS.glob("*.json")}
    monkeypatch.setattr(figures, "read_result", results.__getitem__)
    monkeypatch.setattr(figures, "PAGES", ())
    assert figures.find_old_results() == []
    results["encoder"]["measured"][key] = value
    assert len(figures.find_old_results()) == 1


def test_release_asks_for_results_of_this_code(monkeypatch):
    facts = {"version": machine.facts()["version"], "build": "release", "stale": False, "sources": "other"}
    monkeypatch.setattr(figures, "read_result", lambda suite: {"measured": facts})
    monkeypatch.setattr(figures, "PAGES", ())
    assert figures.find_old_results() == []
    assert figures.find_old_results(release=True) == ["The results are of other code than this: run `make bench`."]
    facts["sources"] = machine.hash_sources()
    assert figures.find_old_results(release=True) == []


def test_a_report_is_written_as_text_and_as_json(tmp_path):
    report = Report("Title")
    report.add("## Part", table(["row", "ours / Django"], [["one", "0.50 (at most 1: met)"]]))
    facts = machine.facts()
    report.write(tmp_path, "suite", machine.stamp(facts), facts)
    written = json.loads((tmp_path / "suite.json").read_text())
    assert written["tables"] == [{"columns": ["row", "ours / Django"], "rows": [["one", "0.50 (at most 1: met)"]]}]
    assert written["measured"] == facts
    assert "| one | 0.50 (at most 1: met) |" in (tmp_path / "suite.md").read_text()


@pytest.mark.parametrize("theme", pictures.THEMES)
def test_bars_are_as_long_as_the_times(theme):
    picture = ElementTree.parse(DOCS / "images" / f"figures-{theme}.svg")
    bars = [
        rect for rect in picture.iter("{http://www.w3.org/2000/svg}rect") if rect.get("height") == str(pictures.BAR)
    ]
    assert len(bars) == 2 * len(figures.BARS)
    for other, ours, bar in zip(bars[::2], bars[1::2], figures.BARS, strict=True):
        share = float(ours.get("width")) / float(other.get("width"))
        assert share == pytest.approx(max(bar.cell.ratio, 3 / pictures.FULL), abs=0.001)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_table_that_is_not_measured_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    monkeypatch.setattr(figures, "PAGES", (ROOT / "docs" / "explanation" / "figures.md",))
    figures.read_result.cache_clear()
    try:
        problems = figures.find_old_results()
    finally:
        figures.read_result.cache_clear()
    assert any("Not measured yet: there is no" in problem for problem in problems)
