"""`max_bytes=`: no way out writes more, and what is as long as it may be is written whole."""

import asyncio
import json
import logging

import pytest
from django.core.exceptions import BadRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F
from django.test import override_settings

from pyforge_web import Computed, PyForgeJsonResponse, PyForgeStreamingResponse, adumps, dumps, rows
from tests.output.models import Ticket

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.urls")]

FIELDS = {
    "flat": ["id", "title"],
    "renamed": ["id", {"a": F("title")}],
    "path": ["id", "owner__name"],
    "many": ["id", {"watchers": ["name"]}],
    "computed": ["id", {"a": Computed(str.upper, "title")}],
    "bare": None,
}
DATA = {
    "queryset": lambda queryset: queryset.all(),
    "list": lambda queryset: list(queryset),
    "values": lambda queryset: queryset.values("id", "title"),
    "values_list": lambda queryset: queryset.values_list("id", "title"),
    "rows": lambda queryset: rows(queryset.all(), ["id", {"watchers": ["name"]}]),
}
WAYS = {
    "dumps": dumps,
    "response": lambda data, **options: PyForgeJsonResponse(data, **options).content,
    "in a charset": lambda data, **options: PyForgeJsonResponse(data, charset="latin-1", **options).content,
    "own encoder": lambda data, **options: (
        PyForgeJsonResponse(data, encoder=type("Own", (DjangoJSONEncoder,), {}), **options).content
    ),
}


@pytest.fixture
def queryset(filled_tickets):
    return Ticket.objects.using(filled_tickets["sqlite"]).order_by("pk")


def takes(data, fields):
    return fields is None or data in ("queryset", "list") or (data == "values" and fields == FIELDS["flat"])


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("fields", FIELDS)
def test_no_byte_more_is_written(queryset, way, data, fields, native):
    write, fields = WAYS[way], FIELDS[fields]
    if not takes(data, fields):
        return
    with override_settings(PYFORGE_WEB={"NATIVE": native}):
        options = {"fields": fields} if fields else {}
        if data == "list":
            options["fetch"] = True
        whole = write(DATA[data](queryset), **options)
        assert write(DATA[data](queryset), **options, max_bytes=len(whole)) == whole
        for most in (len(whole) - 1, len(whole) // 2, 1):
            with pytest.raises(BadRequest, match=f"more than {most} bytes"):
                write(DATA[data](queryset), **options, max_bytes=most)


@pytest.mark.parametrize("fields", [name for name in FIELDS if name != "bare"])
def test_rows_have_a_length_of_their_own(queryset, fields):
    fields = FIELDS[fields]
    whole = dumps(queryset.all(), fields=fields)
    envelope = {"before": "x" * 1000, "rows": rows(queryset.all(), fields, max_bytes=len(whole)), "after": 1}
    assert json.loads(dumps(envelope))["rows"] == json.loads(whole)
    short = {"rows": rows(queryset.all(), fields, max_bytes=len(whole) // 2)}
    with pytest.raises(BadRequest, match=f"more than {len(whole) // 2} bytes"):
        dumps(short)
    # Its own counts before that of the response, for these rows.
    with pytest.raises(BadRequest, match=f"more than {len(whole) // 2} bytes"):
        dumps(short, max_bytes=100_000)
    # The rest of the output has the response's.
    with pytest.raises(BadRequest, match="more than 900 bytes"):
        dumps(envelope, max_bytes=900)


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("data", ["queryset", "list", "rows()"])
@pytest.mark.parametrize("layout", ["ndjson", "array"])
@pytest.mark.parametrize("chunk_size", [1, 2, 500])
def test_streams_end_where_they_get_too_long(queryset, fields, data, layout, chunk_size, caplog):
    fields = FIELDS[fields]

    def read(most):
        if data == "rows()":
            source, options = rows(queryset.all(), fields, max_bytes=most), {}
        else:
            source, options = DATA[data](queryset), {"fields": fields, "max_bytes": most}
            if data == "list" and fields:
                options["fetch"] = True
        return b"".join(PyForgeStreamingResponse(source, layout, chunk_size=chunk_size, **options))

    caplog.set_level(logging.CRITICAL, "pyforge_web.streams")
    whole = read(None)
    assert read(len(whole)) == whole
    for most in (len(whole) // 2, 1):
        body = read(most)
        rest = body
        if layout == "ndjson":
            *lines, last = body.splitlines(keepends=True)
            assert json.loads(last)["pyforge_error"]["row"] == len(lines)
            rest = b"".join(lines)
        else:
            assert not body.endswith(b"]")
        assert whole.startswith(rest)
        assert len(rest) <= most + 1  # the bracket of an array


def test_half_of_a_stream_is_written(queryset, caplog):
    caplog.set_level(logging.CRITICAL, "pyforge_web.streams")
    whole = b"".join(PyForgeStreamingResponse(queryset.all(), fields=["id", "title"], chunk_size=1))
    body = b"".join(
        PyForgeStreamingResponse(queryset.all(), fields=["id", "title"], chunk_size=1, max_bytes=len(whole) // 2)
    )
    assert len(body.splitlines()) == len(whole.splitlines()) // 2 + 1


@pytest.mark.parametrize("most", ["7", 7.5, True, b"7"])
@pytest.mark.parametrize("write", [*WAYS.values(), rows, PyForgeStreamingResponse])
def test_a_length_is_a_whole_number(queryset, write, most):
    with pytest.raises(TypeError, match="max_bytes= must be a whole number"):
        write(queryset.all(), fields=["id"], max_bytes=most)
    with pytest.raises(ValueError, match="max_bytes= must be 1 or more"):
        write(queryset.all(), fields=["id"], max_bytes=0)


def test_asynchronous_output_has_it_too():
    with pytest.raises(BadRequest, match="more than 3 bytes"):
        asyncio.run(adumps([1, 2, 3], max_bytes=3))
    assert asyncio.run(adumps([1, 2, 3], max_bytes=7)) == b"[1,2,3]"
