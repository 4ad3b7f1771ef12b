"""Opt-in loaders for Django templates that hold the literal `<% pyforge_json value %>`.

They rewrite that tag alone, when a template is read. Everything else, other `<% %>` and `{% verbatim %}` blocks among
it, stays as it is, and so do the numbers of the lines.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.template import TemplateSyntaxError
from django.template.base import tag_re
from django.template.loaders import app_directories, base, filesystem

_LITERAL_TAG = re.compile(r"<%[ \t]*(pyforge_json\b.*?)%>")  # on one line, as Django's own tags
_TAG_START = re.compile(r"<%-?\s*pyforge_json\b")
# Where the new tag's braces would meet the text's, Django would read another tag.
_BRACES = re.compile(r"\{+\Z")
_OPEN_BRACE, _CLOSE_BRACE = "{% templatetag openbrace %}", "{% templatetag closebrace %}"


class LiteralTagLoader(base.Loader):
    """For any loader: `class Loader(LiteralTagLoader, OtherLoader)`."""

    def get_contents(self, origin: Any) -> str:
        """The template's source with the tag in Django's spelling."""
        source: str = super().get_contents(origin)  # type: ignore[misc] # of the class beside this one
        return rewrite_tags(source, origin.name)


class FilesystemLoader(LiteralTagLoader, filesystem.Loader):
    """In the place of `django.template.loaders.filesystem.Loader`."""


class AppDirectoriesLoader(LiteralTagLoader, app_directories.Loader):
    """In the place of `django.template.loaders.app_directories.Loader`."""


def rewrite_tags(source: str, name: str) -> str:
    """The source with each `<% pyforge_json value %>` as a tag of Django's, which needs no `{% load %}`.

    Raises `TemplateSyntaxError` for one that is not ended on its line: it would be sent to the browser.
    """
    if not _TAG_START.search(source):
        return source
    return "".join(_rewrite_text(piece, line, name) if free else piece for free, line, piece in _split_source(source))


def find_literal(source: str) -> int | None:
    """The line of the first literal tag outside `{% verbatim %}` and of Django's own tags."""
    if not _TAG_START.search(source):
        return None
    for free, line, piece in _split_source(source):
        if free and (found := _TAG_START.search(piece)):
            return line + piece.count("\n", 0, found.start())
    return None


def _split_source(source: str) -> Iterator[tuple[bool, int, str]]:
    """The source cut as Django's lexer cuts it: whether a piece is text that is not verbatim, its line, the piece.

    What stands in a `{% comment %}` is never sent, so it counts as verbatim.
    """
    line, verbatim = 1, ""
    for index, piece in enumerate(tag_re.split(source)):
        is_tag = index % 2 == 1
        yield not is_tag and not verbatim, line, piece
        line += piece.count("\n")
        if is_tag and piece.startswith("{%"):
            content = piece[2:-2].strip()
            if verbatim:
                verbatim = "" if content == verbatim else verbatim
            elif content[:9] in ("verbatim", "verbatim "):
                verbatim = f"end{content}"
            elif content.split()[:1] == ["comment"]:
                verbatim = "endcomment"


def _rewrite_text(text: str, line: int, name: str) -> str:
    tags = {found.start(): found for found in _LITERAL_TAG.finditer(text)}
    for start in _TAG_START.finditer(text):
        if start.start() not in tags:
            at = line + text.count("\n", 0, start.start())
            raise TemplateSyntaxError(f"{name}, line {at}: write <% pyforge_json value %>, on one line and without -")
    pieces, end = [], 0
    for start, found in tags.items():
        before = _BRACES.sub(lambda braces: _OPEN_BRACE * len(braces[0]), text[end:start])
        pieces += [_after_tag(before) if end else before, "{% load pyforge %}{% ", found[1].strip(), " %}"]
        end = found.end()
    return "".join([*pieces, _after_tag(text[end:]) if end else text])


def _after_tag(text: str) -> str:
    return _CLOSE_BRACE + text[1:] if text.startswith("}") else text
