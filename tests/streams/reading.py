"""Reads bodies: as WSGI reads them and as ASGI does."""

import json

from asgiref.sync import async_to_sync

from pyforge_web import PyForgeStreamingResponse


def read(source, *args, **options):
    """The whole body, read as WSGI reads it."""
    return b"".join(PyForgeStreamingResponse(source, *args, **options))


def read_async(source, *args, **options):
    """The whole body, read on an event loop; the hops go to this thread, whose transaction sees the rows."""

    async def parts():
        response = PyForgeStreamingResponse(source, *args, **options)
        return [part async for part in response]

    return b"".join(async_to_sync(parts)())


def lines(body):
    """The values of an NDJSON body; every line has its end."""
    assert body == b"" or body.endswith(b"\n")
    return [json.loads(line) for line in body.split(b"\n")[:-1]]


def last_line(body):
    """The error at the end of an NDJSON body."""
    (key, problem), *more = lines(body)[-1].items()
    assert (key, more) == ("pyforge_error", [])
    return problem


def is_json(body):
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
