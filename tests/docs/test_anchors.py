"""Every public name, setting, check, warning and command has its place in the documentation; every link has an end."""

import re
import tomllib
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.test import override_settings
from django.utils.module_loading import import_string

import pyforge_web
import pyforge_web.ninja
import pyforge_web.rest_framework
from pyforge_web.conf import DEFAULTS, get_settings
from pyforge_web.templatetags import pyforge
from pyforge_web.toolbar.warnings import WARNINGS
from tests.docs.markdown import DOCS, PAGES, ROOT, TOP_PAGES, find_anchors, find_links

REFERENCE = DOCS / "reference"
PACKAGE = Path(pyforge_web.__file__).parent
SITE = "https://pyforge-web.readthedocs.io/en/stable/"
REPOSITORY = "https://github.com/pyforge-web/pyforge-web/"
CHECKS = sorted({found[1] for found in re.finditer(r"pyforge_web\.([EWI]\d{3})", "".join(
    path.read_text() for path in PACKAGE.rglob("*.py")
))})  # fmt: skip
PUBLIC = [
    *(f"pyforge_web.{name}" for name in pyforge_web.__all__),
    *(f"pyforge_web.rest_framework.{name}" for name in pyforge_web.rest_framework.__all__),
    *(f"pyforge_web.ninja.{name}" for name in pyforge_web.ninja.__all__),
]
# The exceptions that a project can catch by their name.
ERRORS = sorted({
    name.rpartition(".")[2]
    for name in PUBLIC
    if isinstance(found := import_string(name), type) and issubclass(found, Exception)
})  # fmt: skip
COMMANDS = sorted(name for name, app in get_commands().items() if app == "pyforge_web")
# Functions of public modules that only other modules of the package use.
INTERNAL = {"find_literal", "format_server_timing", "rewrite_tags"}
LINKS = [(page, target) for page in [*PAGES, *TOP_PAGES] for target in find_links(page)]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_documented(name):
    documented = re.findall(r"^\.\. (?:auto|py:)\w+:: ([\w.]+)$", (REFERENCE / "api.md").read_text(), re.M)
    assert documented.count(name) == 1


def test_only_public_names_are_documented():
    documented = re.findall(r"^\.\. auto\w+:: (pyforge_web\.\w+)$", (REFERENCE / "api.md").read_text(), re.M)
    assert set(documented) <= set(PUBLIC)


@pytest.mark.parametrize("setting", DEFAULTS)
def test_setting_has_an_anchor(setting):
    assert f"setting-{setting.lower().replace('_', '-')}" in find_anchors(REFERENCE / "settings.md")


@pytest.mark.parametrize("setting", DEFAULTS)
def test_error_of_a_setting_links_to_its_anchor(setting):
    address = f"{SITE}reference/settings.html#setting-{setting.lower().replace('_', '-')}"
    with (
        override_settings(PYFORGE_WEB={setting: object()}),
        pytest.raises(ImproperlyConfigured, match=f" See {re.escape(address)}$"),
    ):
        get_settings()


@pytest.mark.parametrize("check", CHECKS)
def test_check_has_an_anchor(check):
    assert check.lower() in find_anchors(REFERENCE / "checks.md")


def test_anchors_of_checks_have_a_check():
    anchors = find_anchors(REFERENCE / "checks.md")
    assert {anchor.upper() for anchor in anchors if re.fullmatch(r"[ewi]\d{3}", anchor)} == set(CHECKS)


@pytest.mark.parametrize("warning", [warning.id for warning in WARNINGS])
def test_warning_of_the_panel_has_an_anchor(warning):
    assert warning.lower() in find_anchors(REFERENCE / "panel.md")


@pytest.mark.parametrize("error", ERRORS)
def test_error_has_an_anchor(error):
    heading = re.compile(rf"^\(error-[\w-]+\)=\n### `{error}`$", re.M)
    assert heading.search((REFERENCE / "errors.md").read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_command_has_an_anchor(command):
    assert command.replace("_", "-") in find_anchors(REFERENCE / "commands.md")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_documented(command):
    """On the page of the commands, or on the report's own."""
    parser = load_command_class("pyforge_web", command).create_parser("manage.py", command)
    django_options = {name for action in BaseCommand().create_parser("", "")._actions for name in action.option_strings}
    options = {name for action in parser._actions for name in action.option_strings if name.startswith("--")}
    page = (REFERENCE / "commands.md").read_text()
    text = page.partition(f"({command.replace('_', '-')})=")[2].partition("\n(")[0]
    if command == "pyforge_report":
        text = (REFERENCE / "report.md").read_text()
    assert [name for name in sorted(options - django_options) if f"`{name}" not in text] == []


@pytest.mark.parametrize("key", DEFAULTS["PANEL"])
def test_key_of_the_panel_is_documented(key):
    assert f"| `{key}` | {DEFAULTS['PANEL'][key]:,} |" in (REFERENCE / "panel.md").read_text()


def test_tags_and_filters_are_documented():
    page = (REFERENCE / "templates.md").read_text()
    named = [name for name in (*pyforge.register.tags, *pyforge.register.filters) if name in page]
    assert named == [*pyforge.register.tags, *pyforge.register.filters] != []


def test_drawing_of_the_layers_is_the_contract():
    page = (DOCS / "explanation" / "architecture.md").read_text()
    drawn = [
        re.findall(r"\w+", line.split("│")[1])
        for line in page.splitlines()
        if line.startswith(" │ ") and "(Rust)" not in line
    ]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [layer.split(" | ") for layer in contracts[0]["layers"]]
    assert drawn[: len(layers)] == layers


@pytest.mark.parametrize("folder", ["start", "how-to", "reference", "explanation"])
def test_every_page_is_in_the_index(folder):
    listed = set(re.findall(rf"^{folder}/([\w-]+)$", (DOCS / "index.md").read_text(), re.M))
    assert listed == {page.stem for page in (DOCS / folder).glob("*.md")}


@pytest.mark.parametrize(
    ("page", "target"), LINKS, ids=[f"{page.name}-{number}" for number, (page, _) in enumerate(LINKS)]
)
def test_link_has_an_end(page, target):
    """Links to pages of the site, to files of the repository, and between pages. Others need a network."""
    path, _, anchor = target.partition("#")
    if path.startswith(SITE):
        linked = DOCS / path.removeprefix(SITE).replace(".html", ".md") if path != SITE else DOCS / "index.md"
    elif path.startswith(REPOSITORY) and re.match(r"(blob|tree)/main/", path.removeprefix(REPOSITORY)):
        linked = ROOT / path.removeprefix(REPOSITORY).split("/", 2)[2]
    elif re.match(r"[a-z]+:", path):
        return
    else:
        linked = (page.parent / path).resolve() if path else page
    assert linked.exists(), f"{page.relative_to(ROOT)}: {target}"
    if anchor:
        assert anchor in find_anchors(linked), f"{page.relative_to(ROOT)}: {target}"


@pytest.mark.parametrize("page", [*PAGES, *TOP_PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_link_on_the_name_of_a_setting_or_check_leads_to_its_section(page):
    """And not to the top of a long page."""
    link = re.compile(r"\[`(?:pyforge_web\.)?([EWI]\d{3}|[A-Z_]+)`\]\(((?:[./\w-]*/)?(?:settings|checks)\.md[^)]*)\)")
    ends = {key: f"settings.md#setting-{key.lower().replace('_', '-')}" for key in DEFAULTS}
    ends |= {check: f"#{check.lower()}" for check in CHECKS}
    assert [
        (name, target)
        for name, target in link.findall(page.read_text())
        if name in ends and not target.endswith(ends[name])
    ] == []


def test_install_page_names_the_versions_of_readme():
    tables = [
        re.search(r"^\| \| oldest \| newest \|\n.*?(?=\n\n)", page.read_text(), re.M | re.S)[0]
        for page in (ROOT / "README.md", DOCS / "start" / "install.md")
    ]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("module", ["html", "jinja", "loaders", "middleware", "panels", "testing"])
def test_public_classes_and_functions_of_a_module_are_documented(module):
    source = (PACKAGE / f"{module}.py").read_text()
    public = set(re.findall(r"^(?:class|def) ([A-Za-z]\w+)", source, re.M)) - INTERNAL
    documented = set(
        re.findall(rf"^\.\. auto\w+:: pyforge_web\.{module}\.(\w+)$", (REFERENCE / "api.md").read_text(), re.M)
    )
    assert documented == public


def test_fixtures_of_pytest_are_documented():
    fixtures = re.findall(r"^def (pyforge_\w+)", (PACKAGE / "pytest_plugin.py").read_text(), re.M)
    pages = "".join(page.read_text() for page in REFERENCE.glob("*.md"))
    assert fixtures
    assert [name for name in fixtures if f"`{name}`" not in pages] == []


def test_pages_are_in_the_four_parts():
    assert [page.name for page in DOCS.glob("*.md")] == ["index.md"]
