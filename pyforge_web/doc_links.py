"""The addresses of sections of the documentation, and the errors that lead there."""

from typing import Any, Literal, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULT_DOCS_URL = "https://pyforge-web.readthedocs.io/en/stable/"

# The sections of `docs/reference/errors.md` that errors lead to, by their anchors without `error-`.
ErrorTopic = Literal[
    "argument",
    "bad-request",
    "changed",
    "circular",
    "column-not-read",
    "compiled",
    "debug-toolbar",
    "depth",
    "descriptors",
    "dict-key",
    "explain",
    "expression",
    "field",
    "fields",
    "fields-data",
    "fields-required",
    "foreign-value",
    "html",
    "key-names",
    "model-changed",
    "nan",
    "native-core",
    "native-rows",
    "not-loaded",
    "not-serializable",
    "payload",
    "prepared",
    "request-body",
    "row-length",
    "rows",
    "safe",
    "schema-fallback",
    "secret-columns",
    "stream",
    "template-tag",
    "testing",
    "too-big",
    "validate-many",
    "validator",
]
Raised = TypeVar("Raised", bound=Exception)


def docs_url(page: str, anchor: str = "") -> str:
    """Return the address of a page of the reference, or an empty text if `DOCS_URL` is empty."""
    # Not from `get_settings()`, which raises for wrong settings: its errors and the system checks need an address.
    try:
        given: Any = getattr(settings, "PYFORGE_WEB", {})
    except ImproperlyConfigured:  # no settings at all
        given = {}
    base = given.get("DOCS_URL") if isinstance(given, dict) else None
    base = base if isinstance(base, str) else DEFAULT_DOCS_URL
    return f"{base.rstrip('/')}/reference/{page}.html{'#' if anchor else ''}{anchor}" if base else ""


def with_docs(error: Raised, topic: ErrorTopic) -> Raised:
    """Return the error with a note that has the address of its section in the documentation.

    A note, because tracebacks and Django's debug page show it, and the text of the error stays Django's.
    """
    if address := docs_url("errors", f"error-{topic}"):
        error.add_note(f"See {address}")
    return error
