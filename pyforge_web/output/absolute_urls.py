"""URLs that are absolute where a request is known."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from pyforge_web.stock import find_stock

_BUILD_ABSOLUTE_URI = find_stock(HttpRequest, "build_absolute_uri")


def make_absolute(start: str, request: Any) -> str | None:
    """Return the beginning of URLs, absolute for a request; None where a URL's end may change its beginning.

    Source: `HttpRequest.build_absolute_uri`, which puts scheme and host before a path without dots.
    """
    if request is None:
        return start
    # `//host/path` and relative ones depend on what follows.
    if not start.startswith("/") or start.startswith("//"):
        return None
    # A request of the project's may build URLs in its own way: then it is asked for each.
    method = getattr(request.build_absolute_uri, "__func__", None)
    if method is not _BUILD_ABSOLUTE_URI:
        return None
    try:
        url: str = request.build_absolute_uri(f"{start}end")
    except SuspiciousOperation:  # the host is not allowed: said where a URL is written, and in an empty list nowhere
        return None
    return url.removesuffix("end") if url.endswith(f"{start}end") else None
