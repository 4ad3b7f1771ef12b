"""The addresses that hyperlinked fields name."""

from django.http import HttpResponse
from django.urls import path


def show(request, **kwargs):
    """Answer nothing: the addresses are only reversed."""
    return HttpResponse()


urlpatterns = [
    path("authors/<int:pk>/", show, name="author-detail"),
    path("authors/named/<str:name>/", show, name="author-named"),
    path("countries/<str:pk>/", show, name="country-detail"),
    path("profiles/<int:pk>/", show, name="profile-detail"),
    path("articles/<int:pk>/", show, name="article-detail"),
    path("tags/<int:pk>/", show, name="tag-detail"),
]
