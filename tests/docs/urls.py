"""The URLs that blocks of the documentation name."""

from django.http import HttpResponse
from django.urls import path

from pyforge_web import PyForgeJsonResponse
from tests.docs.blog.models import Article


def list_articles(request):
    return PyForgeJsonResponse(Article.objects.order_by("pk")[:25], fields=["id", "title"])


def show_article(request, pk):
    return HttpResponse(pk)


urlpatterns = [path("articles/", list_articles), path("articles/<int:pk>/", show_article, name="article-detail")]
