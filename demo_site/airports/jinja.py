"""The Jinja2 environment of the demo: what its templates may call."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment

from demo_site.airports.highlighting import code_block


def environment(**options: Any) -> Environment:
    """Give the environment that Django's backend asks for."""
    environment = Environment(**options)  # noqa: S701 - Django's backend turns autoescape on
    environment.globals.update(static=static, reverse=reverse, code_block=code_block)
    return environment
