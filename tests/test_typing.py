"""What type checkers say: mypy and pyright take the samples of README and docs, and refuse what cannot be."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/reference/output_fields.md")
# What the samples take for granted: a project's models, a page, a request.
PRELUDE = """\
from typing import Any
from django.core.paginator import Paginator
from django.db.models import Count, F, Prefetch
from pyforge_web import *
Article: Any = None
article: Any = None
page: Any = None
page_of_articles: Any = None
queryset: Any = None
request: Any = None
live_tags: Any = None
anything: Any = None
n: int = 0
url: str = ''
make_excerpt: Any = None
INSTALLED_APPS: list[str] = []
"""
WRONG = {
    "names in one text": 'PyForgeJsonResponse(article, fields="id")',
    "a misspelt argument": 'PyForgeJsonResponse(article, feilds=["id"])',
    "a format that does not exist": 'PyForgeStreamingResponse(queryset, format="csv")',
    "an argument of DRF": "PyForgeJsonResponse(queryset, many=True)",
    "names in one text, in rows()": 'rows(queryset, "id")',
    "a misspelt argument of rows()": 'rows(queryset, feilds=["id"])',
    "names in one text, in dumps()": 'dumps(queryset, fields="id")',
    "an argument of DRF, in dumps()": "dumps(queryset, many=True)",
    "other keys": 'PyForgeJsonResponse(queryset, keys="snake")',
    "other dates": 'PyForgeStreamingResponse(queryset, dates="ISO")',
    "reads in one text": 'Attribute("short", reads="title", read="body")',
}
RIGHT = [
    'own: Fields = ["id", {"author": ["name"]}, {"headline": F("title")}, {"state": Display("state")}]',
    "PyForgeJsonResponse(queryset, fields=fields, status=201, headers={'X-A': 'b'}, keys=str.upper, dates='local')",
    "PyForgeStreamingResponse(queryset, 'array', fields=fields, content_type='application/json')",
    "dumps(queryset, fields='*', exclude=['body'], allowed=fields, max_depth=2, keys='camel', default=str)",
    "rows(queryset, '*', exclude=['body'], request=request)",
    "CompiledSerializer.for_model(Article, fields).dump_queryset(queryset, keys='camel')",
]


def samples():
    """The Python blocks of the pages, each as a function."""
    for page in PAGES:
        for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M)):
            lines = "".join(f"    {line}\n" for line in block.splitlines() if "import" not in line.split()[:1])
            lines = "".join(line for line in lines.splitlines(keepends=True) if not line.strip().startswith("from "))
            yield f"def sample_{page[:4].strip('/')}_{number}() -> None:\n    global INSTALLED_APPS\n{lines}    pass\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typing")
    right = [f"def right_{number}(fields: Fields) -> None:\n    {line}\n" for number, line in enumerate(RIGHT)]
    folder.joinpath("right.py").write_text("\n".join([PRELUDE, *samples(), *right]))
    folder.joinpath("wrong.py").write_text(PRELUDE + "".join(f"{line}\n" for line in WRONG.values()))
    return folder


def ask_mypy(folder):
    command = [sys.executable, "-m", "mypy", "--config-file=", "--no-error-summary", "--follow-imports=silent"]
    command += ["--ignore-missing-imports", "--check-untyped-defs", "--cache-dir", str(folder / "cache")]
    found = subprocess.run([*command, "right.py", "wrong.py"], cwd=folder, capture_output=True, text=True,
                           env={"MYPYPATH": str(ROOT), "PATH": ""})  # fmt: skip
    assert not found.stderr
    return set(re.findall(r"^(right|wrong)\.py:(\d+): error", found.stdout, re.M)), found.stdout


def ask_pyright(folder):
    settings = {"typeCheckingMode": "standard", "extraPaths": [str(ROOT)], "pythonVersion": "3.11"}
    folder.joinpath("pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", "."]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    errors = [each for each in json.loads(found.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    places = {(Path(each["file"]).stem, str(each["range"]["start"]["line"] + 1)) for each in errors}
    return places, "\n".join(each["message"] for each in errors)


@pytest.mark.parametrize("ask", [ask_mypy, ask_pyright])
def test_checkers_take_the_samples_and_refuse_what_cannot_be(files, ask):
    places, text = ask(files)
    assert not [line for file, line in places if file == "right"], text
    first = PRELUDE.count("\n") + 1
    missed = [name for number, name in enumerate(WRONG) if ("wrong", str(first + number)) not in places]
    assert not missed, text
