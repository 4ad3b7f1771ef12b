"""Errors of the JSON endpoints, in the form of RFC 9457 (problem details)."""

from typing import Any

from django import forms

from pyforge_web import PyForgeJsonResponse


def problem(status: int, title: str, detail: str, **more: Any) -> PyForgeJsonResponse:
    """Give an error response: what went wrong (`title`), what to do (`detail`), and any further members."""
    return PyForgeJsonResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **more},
        status=status,
        content_type="application/problem+json",
    )


def bad_parameters(form: forms.Form) -> PyForgeJsonResponse:
    """Give the 400 for a form of query parameters that is not valid: every error, by parameter."""
    return problem(
        400,
        "Bad parameters",
        "Correct or leave out the parameters named in errors.",
        errors={name: [str(message) for message in messages] for name, messages in form.errors.items()},
    )
