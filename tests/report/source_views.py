"""Plain views whose source has forms that few have, for the report to read."""

import functools

from django.http import JsonResponse
from django.shortcuts import get_list_or_404

from tests.app.models import Article, Author, Everything

KINDS = {"a": 1}


def first_rows(request):
    return JsonResponse({"rows": [{"id": row.id, "title": row.title} for row in Article.objects.all()[:2]]})


def one_of_the_rows(request):
    row = Article.objects.order_by("pk")[0]
    return JsonResponse({"id": row.id, "title": row.title})


async def awaited(request):
    row = await Article.objects.aget(pk=1)
    return JsonResponse({"id": row.id, "title": row.title})


def unpacked(request):
    return JsonResponse({"rows": [{"id": row.id, **KINDS, **vars(row)} for row in Article.objects.all()]})


def no_columns(request):
    return JsonResponse({"rows": [{"id": row.id, "odd": row.nothing, "writer": row.author} for row in get_rows()]})


def get_rows():
    return Article.objects.all()


def odd_columns(request):
    found = [
        {
            "id": row.id,
            "odd": row.nothing.name,
            "shown": row.get_title_display(),
            "none": row.get_nothing_display(),
            "link": row.title.url,
            "text": row.title.strip(),
            "called": dict(),  # noqa: C408
            "some": [tag.name for tag in row.tags.all() if tag.name],
            "others": [tag.nothing for tag in row.tags.all()],
            "numbers": [tag for tag in row.author.articles.filter(pk=1)],  # noqa: C416
        }
        for row in Article.objects.all()
    ]
    return JsonResponse(found, safe=False)


def two_rows_in_one(request):
    article, author = Article.objects.first(), Author.objects.first()
    return JsonResponse({"title": article.title, "name": author.name})


def values_of_names(request, names=("id",)):
    return JsonResponse({"rows": list(Article.objects.values(*names)), "other": KINDS.values()})


def the_same_model_twice(request):
    found = [{"title": row.title} for row in Article.objects.all()]
    more = [{"id": row.id} for row in get_list_or_404(Article)]
    return JsonResponse({"rows": found, "more": more})


def helped(request):
    return JsonResponse(
        [describe(row) for row in Everything.objects.all()]
        + [describe(row) for row in Everything.objects.filter(integer=2)],
        safe=False,
    )


def describe(row):
    return {"char": row.char, "same": describe_again(row)}


def describe_again(row):
    return {"slug": row.slug, "same": describe(row)}


without_source = functools.partial(first_rows)
