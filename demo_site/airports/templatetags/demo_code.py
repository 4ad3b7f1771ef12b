"""`{% code_block text "python" %}`: code with colours and a copy button."""

from django import template
from django.utils.safestring import SafeString

from demo_site.airports import highlighting

register = template.Library()


@register.simple_tag
def code_block(code: str, language: str = "python", label: str = "Code") -> SafeString:
    """Return a block of code."""
    return highlighting.code_block(code, language, label=label)
