"""The source of the demo's own modules, with a link to each view that is shown elsewhere."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demo_site.airports.highlighting import colour_code

FOLDER = Path(__file__).parent
MODULES = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__"}


def source_url(function: Callable[..., Any]) -> str:
    """Return the address of a function's source on this site."""
    plain = inspect.unwrap(function)
    module = plain.__module__.rpartition(".")[2]
    return f"{reverse('source', args=[module])}#L-{inspect.getsourcelines(plain)[1]}"


@require_safe
def source(request: HttpRequest, module: str) -> HttpResponse:
    """Show the source of a module of the demo."""
    if module not in MODULES:
        raise Http404(f"The demo has no module {module}.")
    code = colour_code(MODULES[module].read_text("utf-8"), numbered=True)
    return render(request, "airports/source.html", {"module": module, "code": code, "modules": MODULES})
