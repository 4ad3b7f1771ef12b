"""What the tests of the documentation read: pages, their blocks of code, their links and anchors."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "start" / "tutorial.md"  # test_tutorial.py runs its blocks
PAGES = sorted(DOCS.rglob("*.md"))
TOP_PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[a-z+-]*)\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    code: str

    @property
    def name(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self):
        """The file that a first line `# blog/views.py` names, and whether the code is added to what it has."""
        named = re.match(r"# ([\w/]+\.\w+)(, added)?\n", self.code)
        return (named[1], bool(named[2])) if named else (None, False)


def read_blocks(page):
    """Return the blocks of a page, in their order."""
    text = page.read_text()
    for match in FENCE.finditer(text):
        indent = match["indent"]
        code = "".join(line.removeprefix(indent) for line in match["code"].splitlines(keepends=True))
        yield Block(page, text.count("\n", 0, match.start()) + 1, match["language"], code)


def read_commands(block):
    """Return the commands of a console block with the output below each."""
    commands = []
    for line in block.code.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line.startswith("> ") and commands and not commands[-1][1]:
            commands[-1] = (f"{commands[-1][0].removesuffix(chr(92))} {line[2:]}", [])
        elif commands:
            commands[-1][1].append(line)
    return [(command, "\n".join(output).strip()) for command, output in commands]


def find_anchors(page):
    """Return the anchors of a page: its explicit targets, and its headings as GitHub and MyST name them."""
    text = FENCE.sub("", page.read_text())
    slugs = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+?)$", text, re.M)
    }
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", text, re.M))


def find_links(page):
    """Return the targets of the links and pictures of a page, in their order."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))
    return [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'(?:src|srcset|href)="([^"]+)"', text)]
