"""The routes that links of the output fields lead to."""

from typing import Any

from django.http import HttpResponse
from django.urls import path


def show_listing(request: Any, **arguments: Any) -> HttpResponse:
    """Stand for a page."""
    return HttpResponse()


urlpatterns = [path("listings/<int:pk>/<slug:slug>/", show_listing, name="listing")]
