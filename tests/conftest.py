"""What all tests share. Without the native extension nothing is collected: the run fails, it never skips."""

import pytest

import pyforge_web  # noqa: F401
from tests.oracle import FORMS


@pytest.fixture(params=FORMS)
def form(request):
    """Both texts of a value: ours (compact, raw UTF-8) and Django's very bytes."""
    return request.param
