"""The site of `served_settings.py`: streams of both sorts of view, and what a test wants to know of the process."""

import asyncio
import gc
import os
import sqlite3
import threading

from django.db import connections
from django.db.backends.dummy.base import DatabaseWrapper as DummyWrapper
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.gzip import gzip_page

from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse
from tests.crash.memory import forget_peak, status
from tests.querysets.models import Event

opened = []
closing = threading.Lock()


def watch_cursors():
    """From now on each cursor of the drivers is remembered, and no connection is closed while a cursor is looked at."""
    for wrapper in {type(connections[alias]) for alias in connections} - {DummyWrapper}:

        def close_alone(self, original=wrapper._close):
            with closing:
                return original(self)

        def create_cursor(self, name=None, original=wrapper.create_cursor):
            opened.append(original(self, name))
            return opened[-1]

        wrapper.create_cursor = create_cursor
        wrapper._close = close_alone


def is_closed(cursor):
    """Return whether a driver's cursor is closed, which another thread may be reading at this moment.

    No row is fetched to find out: CPython dies where two threads fetch from one cursor of sqlite3. Nor may the other
    thread close the connection meanwhile: SQLite would use what it has freed.
    """
    if not isinstance(cursor, sqlite3.Cursor):
        return cursor.closed
    try:
        with closing:
            cursor.executescript("")  # nothing to run: it looks whether the cursor is closed, and no more
    except sqlite3.ProgrammingError:
        return True
    except sqlite3.InterfaceError:  # SQLite refuses the call while the other thread has a statement of its own at work
        return False
    return False


def events(request, alias):
    rows = Event.objects.using(alias).order_by("pk")
    return rows.filter(pk__lte=request.GET["upto"]) if "upto" in request.GET else rows


def whole(request, alias):
    return PyForgeJsonResponse(events(request, alias))


async def whole_async(request, alias):
    return await PyForgeJsonResponse.afrom(events(request, alias))


def rows(request, alias):
    return PyForgeStreamingResponse(events(request, alias), request.GET.get("format", "ndjson"))


async def rows_async(request, alias):
    return rows(request, alias)


def numbers(request):
    for number in range(int(request.GET["upto"])):
        yield {"n": {number} if request.GET.get("bad") == str(number) else number}


def values(request):
    return PyForgeStreamingResponse(numbers(request), request.GET.get("format", "ndjson"))


async def values_async(request):
    async def awaited():
        for value in numbers(request):
            await asyncio.sleep(0)
            yield value

    return PyForgeStreamingResponse(awaited(), request.GET.get("format", "ndjson"))


async def aiterated(request, alias):
    """An async iterable that queries."""
    return PyForgeStreamingResponse(events(request, alias).values("pk").aiterator(chunk_size=100))


def process(request):
    """How many cursors are open, and how much memory was used at the most since the last question."""
    found = {"open": sum(not is_closed(cursor) for cursor in opened)}
    if "keep" not in request.GET:
        del opened[:]
    gc.collect()
    peak = status("VmHWM")
    forget_peak()
    return JsonResponse({**found, "peak": peak, "now": status("VmRSS")})


if "STREAMS_DATABASES" in os.environ:  # a server of its own
    watch_cursors()

urlpatterns = [
    path("whole/<alias>/", whole),
    path("whole-async/<alias>/", whole_async),
    path("rows/<alias>/", rows),
    path("rows-async/<alias>/", rows_async),
    path("gzip/<alias>/", gzip_page(rows)),
    path("values/", values),
    path("values-async/", values_async),
    path("aiterated/<alias>/", aiterated),
    path("process/", process),
]
