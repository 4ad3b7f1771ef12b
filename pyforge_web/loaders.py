"""Loaders for Django templates that have the literal `<% pyforge_json value %>`.

They rewrite this tag when a template is read. Everything else stays as it is: other `<% %>`, `{% verbatim %}` blocks,
and the numbers of the lines.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.template import TemplateSyntaxError
from django.template.base import tag_re
from django.template.loaders import app_directories, base, filesystem

from pyforge_web.conf import with_docs

_LITERAL_TAG = re.compile(r"<%[ \t]*(pyforge_json\b.*?)%>")  # on one line, as Django's own tags
_TAG_START = re.compile(r"<%-?\s*pyforge_json\b")
# If braces of the text stand directly before or after the new tag, Django would read another tag there.
_BRACES = re.compile(r"\{+\Z")
_OPEN_BRACE, _CLOSE_BRACE = "{% templatetag openbrace %}", "{% templatetag closebrace %}"


class LiteralTag(base.Loader):
    """A mixin for any loader: `class Loader(LiteralTag, OtherLoader)`."""

    def get_contents(self, origin: Any) -> str:
        """Return the source of a template with the tag in Django's syntax."""
        source: str = super().get_contents(origin)  # type: ignore[misc] # of the class beside this one
        return rewrite_tags(source, origin.name)


class FilesystemLoader(LiteralTag, filesystem.Loader):
    """In the place of `django.template.loaders.filesystem.Loader`."""


class AppDirectoriesLoader(LiteralTag, app_directories.Loader):
    """In the place of `django.template.loaders.app_directories.Loader`."""


def rewrite_tags(source: str, name: str) -> str:
    """Return the source with each `<% pyforge_json value %>` as a tag of Django, with its `{% load %}`.

    Raises `TemplateSyntaxError` for a tag that does not end on its line: it would be sent to the browser.
    """
    if not _TAG_START.search(source):
        return source
    return "".join(_rewrite_text(piece, line, name) if free else piece for free, line, piece in _split_source(source))


def find_literal(source: str) -> int | None:
    """Return the line of the first literal tag that is not in `{% verbatim %}` and not in a tag of Django."""
    if not _TAG_START.search(source):
        return None
    for free, line, piece in _split_source(source):
        if free and (tag := _TAG_START.search(piece)):
            return line + piece.count("\n", 0, tag.start())
    return None


def _split_source(source: str) -> Iterator[tuple[bool, int, str]]:
    """Yield the pieces of a source as Django's lexer cuts them: whether a piece is free text, its line, the piece.

    Text in `{% verbatim %}` is not free. Text in `{% comment %}` is never sent, so it is not free either.
    Source: `django.template.base.Lexer.tokenize`.
    """
    line, verbatim = 1, ""
    # `re.split` with a group gives texts and tags in turn: every second piece is a tag.
    for index, piece in enumerate(tag_re.split(source)):
        is_tag = index % 2 == 1
        yield not is_tag and not verbatim, line, piece
        line += piece.count("\n")
        if is_tag and piece.startswith("{%"):
            content = piece[2:-2].strip()
            if verbatim:
                verbatim = "" if content == verbatim else verbatim
            # The very test of Django's lexer, which takes `verbatim name` and not `verbatimx`.
            elif content[:9] in ("verbatim", "verbatim "):
                verbatim = f"end{content}"
            elif content.split()[:1] == ["comment"]:
                verbatim = "endcomment"


def _rewrite_text(text: str, line: int, name: str) -> str:
    tags = {tag.start(): tag for tag in _LITERAL_TAG.finditer(text)}
    for opened in _TAG_START.finditer(text):
        if opened.start() not in tags:
            at = line + text.count("\n", 0, opened.start())
            raise with_docs(
                TemplateSyntaxError(f"{name}, line {at}: write <% pyforge_json value %>, on one line and without -"),
                "template-tag",
            )
    pieces, end = [], 0
    for start, tag in tags.items():
        # {% templatetag %} writes the braces that would otherwise be read as part of the tag.
        before = _BRACES.sub(lambda braces: _OPEN_BRACE * len(braces[0]), text[end:start])
        pieces += [_after_tag(before) if end else before, "{% load pyforge %}{% ", tag[1].strip(), " %}"]
        end = tag.end()
    return "".join([*pieces, _after_tag(text[end:]) if end else text])


def _after_tag(text: str) -> str:
    return _CLOSE_BRACE + text[1:] if text.startswith("}") else text
