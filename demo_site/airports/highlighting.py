"""Code with colours: what Pygments makes of it, as HTML with classes that site.css colours."""

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

LANGUAGES = {"python": "python", "template": "html+django", "json": "json"}


@lru_cache(maxsize=256)
def colour_code(code: str, language: str = "python", *, numbered: bool = False) -> SafeString:
    """Return the lines of code as HTML; `numbered` gives each line an anchor, `#L12`."""
    options = {"linenos": "inline", "lineanchors": "L", "anchorlinenos": True} if numbered else {}
    formatter = HtmlFormatter(nowrap=not numbered, **options)
    # Pygments escapes the code itself.
    return mark_safe(highlight(code, get_lexer_by_name(LANGUAGES[language]), formatter).rstrip("\n"))  # noqa: S308


def code_block(code: str, language: str = "python", *, label: str = "Code") -> SafeString:
    """Return a block of code that can be scrolled by keyboard, and that the page's script gives a copy button."""
    return format_html(
        '<pre class="code" tabindex="0" aria-label="{}" data-copy><code>{}</code></pre>',
        label,
        colour_code(code, language),
    )
