"""Routes of each sort of argument."""

from django.urls import path, re_path

urlpatterns = [
    path("tickets/<int:pk>/", lambda request, pk: None, name="ticket"),
    path("tickets/<int:pk>/<path:title>", lambda request, pk, title: None, name="ticket-title"),
    re_path(r"^old/([a-z0-9 ]+)/(\d+)/$", lambda request, name, pk: None, name="ticket-old"),
]
