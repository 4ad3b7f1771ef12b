"""Plain views that write rows in the ways that projects do, for the report to read."""

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.views.generic import ListView

from tests.app import models
from tests.app.models import Article, Author, Everything


def values_of_columns(request):
    return JsonResponse({"rows": list(Article.objects.filter(live=True).values("id", "title", "author__name"))})


def dicts_in_a_comprehension(request):
    found = models.Article.objects.select_related("author")
    data = [
        {
            "id": row.pk,
            "title": row.title,
            "writer": row.author.name,
            "published": row.published.isoformat(),
            "price": str(row.price),
            "tags": [tag.name for tag in row.tags.all()],
            "kind": "article",
        }
        for row in found
    ]
    return JsonResponse({"count": len(data), "results": data})


def describe(article):
    return {"id": article.id, "upper": article.title.upper()}


def dicts_of_a_function(request):
    rows = []
    for article in Article.objects.all():
        rows.append(describe(article))  # noqa: PERF401 - a loop, as projects write it
    return JsonResponse(rows, safe=False)


def files(request):
    return JsonResponse([{"id": row.id, "file": row.file.url} for row in Everything.objects.all()], safe=False)


class Authors(ListView):
    model = Author

    def get(self, request):
        return JsonResponse({"authors": [{"id": author.id, "name": author.name} for author in self.get_queryset()]})


def one(request, pk):
    article = get_object_or_404(Article, pk=pk)
    return JsonResponse({"id": article.id, "title": article.title})


def nothing(request):
    return JsonResponse({"ok": True})
