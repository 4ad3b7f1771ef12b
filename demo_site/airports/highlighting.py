"""Code with colours: what Pygments makes of it, as HTML with classes that site.css colours."""

from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import DelegatingLexer, bygroups, include, inherit
from pygments.lexers.data import JsonLexer
from pygments.lexers.html import HtmlLexer
from pygments.lexers.python import PythonLexer
from pygments.lexers.templates import DjangoLexer
from pygments.token import Comment, Keyword, Other, Punctuation, Text


class _TagLexer(DjangoLexer):  # type: ignore[misc]
    """Tags of Django and Jinja2, and the same between `<%` and `%>`, which no lexer of Pygments knows."""

    tokens = {  # noqa: RUF012 - read by the metaclass of Pygments
        "root": [
            (r"(<%)(\s*)(\w+)", bygroups(Comment.Preproc, Text, Keyword), "literal"),
            (r"[^{<]+", Other),
            (r"<", Other),
            inherit,
        ],
        "literal": [(r"\s+", Text), (r"%>", Comment.Preproc, "#pop"), include("varnames"), (r".", Punctuation)],
    }


def _make_template_lexer() -> Any:
    return DelegatingLexer(HtmlLexer, _TagLexer)


LEXERS = {"python": PythonLexer, "template": _make_template_lexer, "json": JsonLexer}


@lru_cache(maxsize=256)
def colour_code(code: str, language: str = "python", *, numbered: bool = False) -> SafeString:
    """Return the lines of code as HTML; `numbered` gives each line an anchor, `#L12`."""
    options = {"linenos": "inline", "lineanchors": "L", "anchorlinenos": True} if numbered else {}
    formatter = HtmlFormatter(nowrap=not numbered, **options)
    # Pygments escapes the code itself.
    return mark_safe(highlight(code, LEXERS[language](), formatter).rstrip("\n"))  # noqa: S308


def code_block(code: str, language: str = "python", *, label: str = "Code") -> SafeString:
    """Return a block of code that can be scrolled by keyboard, and that the page's script gives a copy button."""
    return format_html(
        '<pre class="code" tabindex="0" aria-label="{}" data-copy><code>{}</code></pre>',
        label,
        colour_code(code, language),
    )
