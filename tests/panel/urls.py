"""The views that the panel's tests ask, and the toolbar's own."""

import asyncio
import contextlib
import threading
import time

from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, dumps
from pyforge_web.validators import CompiledValidator
from tests.app.models import Article, Author
from tests.querysets.models import Customs

PAGE = "<!doctype html><title>A page</title><link rel='icon' href='data:,'><body><h1>A page</h1></body>"
HOSTILE = "<script>alert(1)</script>\"'></td><img src=x onerror=alert(1)>{{ 7|add:7 }}"


def page(request):
    """HTML, and so many calls of our own before it."""
    for number in range(int(request.GET.get("calls", 1))):
        dumps({"number": number})
    return HttpResponse(PAGE)


def data(request):
    """JSON: so many calls, the last one the response."""
    for number in range(int(request.GET.get("calls", 1)) - 1):
        dumps({"number": number})
    return PyForgeJsonResponse({"ok": True})


def rows(request):
    return PyForgeJsonResponse({"results": Article.objects.values("id", "title")})


def mixed(request):
    """Three kinds of calls."""
    for number in range(3):
        dumps([number])
    for number in range(7):
        dumps({"number": number})
    dumps("text")
    return HttpResponse(PAGE)


def other(request):
    """JSON that is not ours."""
    return JsonResponse({"rows": [{"number": number} for number in range(50)]})


def idle(request):
    return HttpResponse(PAGE)


def timed(request):
    """A header of the site's own."""
    response = data(request)
    response["Server-Timing"] = 'db;dur=5;desc="a, b"'
    return response


def broken(request):
    dumps([1])
    raise LookupError("broken")


def redirect(request):
    dumps([1])
    return HttpResponseRedirect("/data/")


def streamed(request):
    """A body of so many parts, each with a call of its own; slow ones can be watched."""
    parts, pause = int(request.GET.get("parts", 3)), float(request.GET.get("pause", 0))

    def body():
        for number in range(parts):
            yield dumps({"part": number, "filler": "x" * 2000}) + b"\n"
            time.sleep(pause)

    return StreamingHttpResponse(body(), content_type="application/x-ndjson")


def streamed_rows(request):
    return PyForgeStreamingResponse(Article.objects.all(), chunk_size=int(request.GET.get("chunk", 500)))


async def streamed_rows_async(request):
    return streamed_rows(request)


def streamed_values(request):
    """A generator that asks the database once for each part, or for each row."""

    def values():
        articles = Article.objects.all()
        for article in articles if "each" in request.GET else articles.select_related("author"):
            yield {"title": article.title, "author": article.author.name}

    return PyForgeStreamingResponse(values(), chunk_size=1 if "one" in request.GET else 500)


HELD = threading.Event()


def held(request):
    """A body whose last part waits until `release` is asked."""
    HELD.clear()

    def body():
        for number in range(3):
            yield dumps({"part": number}) + b"\n"
        HELD.wait(20)
        yield dumps({"part": "last"})

    return StreamingHttpResponse(body(), content_type="application/x-ndjson")


def release(request):
    HELD.set()
    return HttpResponse("released")


async def streamed_async(request):
    parts, pause = int(request.GET.get("parts", 3)), float(request.GET.get("pause", 0))

    async def body():
        for number in range(parts):
            yield dumps({"part": number, "filler": "x" * 2000}) + b"\n"
            await asyncio.sleep(pause)

    return StreamingHttpResponse(body(), content_type="application/x-ndjson")


async def data_async(request):
    for number in range(int(request.GET.get("calls", 1)) - 1):
        dumps({"number": number})
        await asyncio.sleep(0)
    return PyForgeJsonResponse({"ok": True})


async def gathered(request):
    """Five tasks, a thread each way, and a bare thread, whose call nobody hears of."""

    async def one():
        await asyncio.sleep(0)
        dumps([1])

    await asyncio.gather(*(one() for _ in range(5)))
    await sync_to_async(dumps)([2])
    await sync_to_async(async_to_sync(one))()
    await asyncio.to_thread(dumps, [3])
    bare = threading.Thread(target=dumps, args=([4],))
    bare.start()
    bare.join()
    return PyForgeJsonResponse({"ok": True})


def tag(request):
    return render(request, "panel/tag.html", {"rows": [{"id": number} for number in range(3)], "page": "x"})


def large(request):
    return render(request, "panel/tag.html", {"rows": ["x" * 1000] * 120})


def hostile(request):
    """Names that would run, were they not escaped."""
    exec(compile("dumps([1])", HOSTILE, "exec"), {"__name__": HOSTILE, "dumps": dumps})
    kind = type(HOSTILE, (dict,), {"__module__": "tests"})
    dumps(kind(a=1))
    return HttpResponse(PAGE)


@csrf_exempt
def validate(request):
    """Articles without a title are refused."""
    for title in ("", "fine", ""):
        with contextlib.suppress(ValidationError):
            CompiledValidator.for_model(Article).clean(Article(title=title), exclude=["author", "editor"])
    return HttpResponse(PAGE)


def recompiled(request):
    CompiledValidator.for_model(Article).recompile()
    return HttpResponse(PAGE)


def customs(request):
    return PyForgeJsonResponse(Customs.objects.all())


def instances(request):
    return PyForgeJsonResponse(list(Article.objects.all()))


class Late(dict):
    """A dict that makes its items when it is written."""

    def items(self):
        return self["items"]()


def deferred(request):
    articles = Article.objects.only("id")[:3]
    return PyForgeJsonResponse(Late(items=lambda: [("titles", [article.title for article in articles])]))


def related(request):
    articles = Article.objects.all()
    return PyForgeJsonResponse(Late(items=lambda: [("authors", [article.author.name for article in articles])]))


def duplicates(request):
    value = {"text": "x" * 200}
    for _ in range(3):
        dumps(value)
    return HttpResponse(PAGE)


def similar(request):
    for author in Author.objects.all():
        dumps(author)
    return HttpResponse(PAGE)


IDLE = path("idle/", idle)  # tests put views of their own in its place
urlpatterns = [
    path("__debug__/", include("debug_toolbar.urls")),
    path("favicon.ico", idle),
    path("page/", page),
    path("data/", data),
    path("rows/", rows),
    path("mixed/", mixed),
    path("other/", other),
    IDLE,
    path("timed/", timed),
    path("broken/", broken),
    path("redirect/", redirect),
    path("streamed/", streamed),
    path("streamed-rows/", streamed_rows),
    path("streamed-rows-async/", streamed_rows_async),
    path("streamed-values/", streamed_values),
    path("held/", held),
    path("release/", release),
    path("streamed-async/", streamed_async),
    path("data-async/", data_async),
    path("gathered/", gathered),
    path("tag/", tag),
    path("large/", large),
    path("hostile/", hostile),
    path("validate/", validate),
    path("recompiled/", recompiled),
    path("customs/", customs),
    path("instances/", instances),
    path("deferred/", deferred),
    path("related/", related),
    path("duplicates/", duplicates),
    path("similar/", similar),
]
