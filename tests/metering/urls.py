"""The views that the metering tests ask."""

import asyncio
import contextvars
import threading
import time
from pathlib import Path

from asgiref.sync import async_to_sync, sync_to_async
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path
from django.utils.functional import lazystr
from django.views.decorators.cache import cache_page

from pyforge_web import PyForgeJsonResponse, dumps


def plain(request):
    return HttpResponse("nothing of ours")


def one(request):
    """One call, of three crossings."""
    return PyForgeJsonResponse({"a": lazystr("x"), "b": lazystr("y")})


def many(request, calls):
    for _ in range(calls - 1):
        dumps([1])
        time.sleep(0.001)
    return PyForgeJsonResponse({})


def live(request):
    """What the counters of the request say while it runs."""
    dumps([1])
    return HttpResponse(f"{request.pyforge.calls} {request.pyforge.bytes}")


def broken(request):
    dumps([1])
    raise LookupError("broken")


def redirect(request):
    dumps([1])
    return HttpResponseRedirect("/one/")


def timed(request):
    """A header of the site's own."""
    response = one(request)
    response["Server-Timing"] = "db;dur=5"
    return response


@cache_page(60)
def cached(request):
    return PyForgeJsonResponse({"at": time.time_ns()})


def file(request):
    return FileResponse(Path(__file__).open("rb"))


def stream(request, parts):
    def body():
        for number in range(parts):
            yield dumps([number]) + b"\n"

    dumps("before")
    return StreamingHttpResponse(body())


def broken_stream(request):
    def body():
        yield dumps([1])
        raise LookupError("in the body")

    return StreamingHttpResponse(body())


def slow_stream(request):
    def body():
        while True:
            yield dumps("x" * 100_000)
            time.sleep(0.001)

    return StreamingHttpResponse(body())


async def async_one(request):
    await asyncio.sleep(0)
    return PyForgeJsonResponse({"a": lazystr("x"), "b": lazystr("y")})


async def async_many(request, calls):
    for _ in range(calls - 1):
        dumps([1])
        await asyncio.sleep(0.001)
    return PyForgeJsonResponse({})


async def async_broken(request):
    dumps([1])
    raise LookupError("broken")


async def async_stream(request, parts):
    async def body():
        for number in range(parts):
            await asyncio.sleep(0)
            yield dumps([number]) + b"\n"

    dumps("before")
    return StreamingHttpResponse(body())


async def async_slow_stream(request):
    async def body():
        while True:
            yield dumps("x" * 100_000)
            await asyncio.sleep(0.001)

    return StreamingHttpResponse(body())


async def gathered(request):
    """Five tasks with a call each."""

    async def task():
        await asyncio.sleep(0)
        dumps([1])

    await asyncio.gather(*(task() for _ in range(5)))
    return HttpResponse()


async def in_threads(request):
    """A call in each of the threads that know the request, and of those that do not."""
    call = asyncio.to_thread(dumps, [1])
    await asyncio.gather(call, sync_to_async(dumps)([1]), sync_to_async(dumps, thread_sensitive=False)([1]))
    context = contextvars.copy_context()
    await asyncio.get_running_loop().run_in_executor(None, context.run, dumps, [1])
    await asyncio.get_running_loop().run_in_executor(None, dumps, [1])  # not counted
    bare = threading.Thread(target=dumps, args=([1],))  # not counted
    bare.start()
    bare.join()
    return HttpResponse()


def to_async(request):
    """A synchronous view that runs tasks."""
    async_to_sync(gathered)(request)
    return HttpResponse()


urlpatterns = [
    *(
        path(f"{view.__name__}/", view)
        for view in (plain, one, live, broken, redirect, timed, cached, file, broken_stream, slow_stream, async_one,
                     async_broken, async_slow_stream, gathered, in_threads, to_async)
    ),
    *(path(f"{view.__name__}/<int:calls>/", view) for view in (many, async_many)),
    *(path(f"{view.__name__}/<int:parts>/", view) for view in (stream, async_stream)),
]  # fmt: skip
