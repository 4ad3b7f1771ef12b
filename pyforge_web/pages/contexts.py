"""Where in a page a template prints JSON, and whether JSON is safe there; the check `pyforge_web.W012` asks."""

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

# The tags of Django and of Jinja2, the latter also with `<%`.
_TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<%.*?%>", re.DOTALL)
_NOT_SENT = re.compile(
    r"\{%-?\s*(verbatim|comment|raw)\b.*?\{%-?\s*end\1\b.*?%\}",
    re.DOTALL,
)
_FILTER = re.compile(r"\|\s*pyforge_json\b")
_TAG = re.compile(r"^(?:\{%|<%)[-+]?\s*pyforge_json\s")
_FUNCTION = re.compile(r"^\{\{[-+]?\s*pyforge_json\s*\(")
_ATTRIBUTE_MODE = re.compile(r"""\bmode\s*=\s*["']attr["']""")
_WRAPS = re.compile(r"\b(?:id|type|nonce)\s*=")
_VARIABLE = re.compile(r"\sas\s+\w+\s*-?%[}>]$")

_MARK = "\ue000"  # stands for one use of JSON; private, so that no page has it
_MARKUP = re.compile(r"<!--|</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s=>/]+)(\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s>]*)))?""")

# What each way to write JSON is safe in. `script` is an executable script, outside of its texts.
_SAFE = {
    "filter": ("text", "comment", "double", "single"),
    "attribute": ("text", "comment", "double", "single"),
    "bare": ("text", "comment", "single", "script"),
    "element": ("text", "comment"),
}
_DESCRIPTIONS = {
    "double": "in an attribute in double quotes",
    "script": "in a script",
    "script text": "inside a text of a script",
    "single": "in an attribute in single quotes",
    "style": "in a style sheet",
    "tag": "in the name of an element or attribute",
    "unquoted": "in an attribute without quotes",
    "url": "in a javascript: URL, of which a browser decodes %22",
}


class UnsafeUse(NamedTuple):
    """A place of a template where JSON is printed and must not be."""

    line: int
    context: str


def find_unsafe_uses(source: str) -> Iterator[UnsafeUse]:
    """Yield each place where a template prints JSON in a context that it is not safe in."""
    page, uses = _mark_uses(source)
    for position, context in _find_contexts(page):
        if context not in _SAFE[uses[position]]:
            yield UnsafeUse(page.count("\n", 0, position) + 1, _DESCRIPTIONS[context])


def _mark_uses(source: str) -> tuple[str, dict[int, str]]:
    """Return the page with blanks in place of all template tags, a mark for each use of JSON, and how each writes it.

    Places and lines stay those of the source.
    """
    # Blanked first, so that braces inside of them are not taken for tags.
    page = _NOT_SENT.sub(lambda found: _blank_text(found[0]), source)
    uses: dict[int, str] = {}

    def mark_use(found: re.Match[str]) -> str:
        use = _find_use(found[0])
        if use is None:
            return _blank_text(found[0])
        uses[found.start()] = use
        return _MARK + _blank_text(found[0][1:]).replace(" ", "_")

    return _TEMPLATE_TAG.sub(mark_use, page), uses


def _blank_text(text: str) -> str:
    # Line breaks stay: the line of a use is counted in the blanked page.
    return re.sub(r"[^\n]", " ", text)


def _find_use(tag: str) -> str | None:
    """Return how a template tag writes JSON; None where it writes none."""
    if tag.startswith("{{") and _FILTER.search(tag):
        return "filter"
    if not (_TAG.search(tag) and not _VARIABLE.search(tag)) and not _FUNCTION.search(tag):
        return None
    # Before the next: with `mode="attr"` the tag has no id, type or nonce.
    if _ATTRIBUTE_MODE.search(tag):
        return "attribute"
    return "element" if _WRAPS.search(tag) else "bare"


def _find_contexts(page: str) -> Iterator[tuple[int, str]]:
    """Yield the place and the context of each mark_use, by the states of HTML's tokenizer."""
    position = 0
    while found := _MARKUP.search(page, position):
        yield from _find_marks(page, position, found.start(), "text")
        if found[1] is None:
            # A comment without an end lasts to the end of the page, as in a browser.
            end = page.find("-->", found.end())
            position = len(page) if end < 0 else end + 3
            yield from _find_marks(page, found.start(), position, "comment")
            continue
        yield from _find_marks(page, found.start(), found.end(), "tag")
        position = yield from _read_attributes(page, found.end())
        name = found[1].lower()
        if name in ("script", "style") and not found[0].startswith("</"):
            # A script ends at the first of these, even inside of a string: HTML knows nothing of JavaScript.
            closing = re.compile(f"</{name}", re.IGNORECASE).search(page, position)
            end = closing.start() if closing else len(page)
            if name == "script":
                yield from _find_script_marks(page, position, end)
            else:
                yield from _find_marks(page, position, end, "style")
            position = end
    yield from _find_marks(page, position, len(page), "text")


def _find_marks(page: str, start: int, end: int, context: str) -> Iterator[tuple[int, str]]:
    while (start := page.find(_MARK, start, end)) >= 0:
        yield start, context
        start += 1


def _read_attributes(page: str, position: int) -> Generator[tuple[int, str], None, int]:
    """Yield the marks of a start tag, and return where the tag has ended."""
    while (found := _ATTRIBUTE.match(page, position)) and found.end() > position:
        yield from _find_marks(page, *found.span(1), "tag")
        for group, context in ((3, "double"), (4, "single"), (5, "unquoted")):
            if found[group]:
                yield from _find_marks(page, *found.span(group), "url" if _is_script_url(found[group]) else context)
        position = found.end()
    end = page.find(">", position)
    return len(page) if end < 0 else end + 1


def _is_script_url(value: str) -> bool:
    """Return whether the value of an attribute is a script: browsers leave out blanks and control characters in it."""
    return re.sub(r"[\x00-\x20]", "", value[:200]).lower().startswith("javascript:")


def _find_script_marks(page: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield the marks of a script, with whether each is inside of a text: a string or a template."""
    quote, position = "", start
    while position < end:
        char = page[position]
        if char == _MARK:
            yield position, "script text" if quote else "script"
        elif quote:
            if char == "\\":
                position += 1
            # A string of JavaScript ends with its line at the latest; a template literal goes on.
            elif char == quote or (char == "\n" and quote != "`"):
                quote = ""
        elif char in "\"'`":
            quote = char
        elif page.startswith("//", position):
            position = _find_end(page, "\n", position, end) - 1
        elif page.startswith("/*", position):
            position = _find_end(page, "*/", position, end) - 1
        position += 1


def _find_end(page: str, text: str, start: int, end: int) -> int:
    found = page.find(text, start, end)
    return end if found < 0 else found + len(text)
