"""Work that the compare page compares beside responses: validation, import, embedding, a stream, DRF, ninja."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import StreamingHttpResponse
from django.utils.html import json_script

from demo_site.airports import source
from demo_site.airports.api import AIRPORT_FIELDS
from demo_site.airports.cases import RESPONSES, Case
from demo_site.airports.models import Airport
from pyforge_web import PyForgeStreamingResponse, bulk_create_validated, validate_many
from pyforge_web.html import pyforge_json

VALIDATED = 50  # rows: Django needs two queries for each


def _checked_airports() -> list[Airport]:
    """Give airports to validate, every tenth with wrong values."""
    airports = list(Airport.objects.exclude(iata="")[:VALIDATED])
    for airport in airports[::10]:
        airport.iata, airport.latitude = "nowhere", 100.0
    return airports


def _describe_errors(errors: dict[int, ValidationError]) -> bytes:
    """Give the errors of all rows as JSON: by row and field their texts."""
    return json.dumps({row: error.message_dict for row, error in sorted(errors.items())}).encode()


def _validate_one_by_one() -> bytes:
    errors = {}
    for row, airport in enumerate(_checked_airports()):
        try:
            airport.full_clean()
        except ValidationError as error:
            errors[row] = error
    return _describe_errors(errors)


def _validate_together() -> bytes:
    return _describe_errors(dict(validate_many(_checked_airports()).errors))


def _new_airports() -> list[Airport]:
    """Give airports that are not stored: copies of stored ones, with codes that no airport has."""
    airports = list(Airport.objects.exclude(iata="")[:VALIDATED])
    for number, airport in enumerate(airports):
        airport.pk, airport.iata, airport.icao = None, "", f"ZZ{number:02}"
        airport.uid = source.derived(airport.icao, airport.longitude)["uid"]
        airport._state.adding = True
    return airports


def _create_airports(create: Callable[[list[Airport]], object]) -> bytes:
    """Give what was stored, read back as JSON. It is rolled back: each run finds the same tables."""
    with transaction.atomic():
        airports = _new_airports()
        create(airports)
        stored = Airport.objects.filter(icao__in=[airport.icao for airport in airports]).values(*AIRPORT_FIELDS, "uid")
        body = json.dumps(list(stored), default=str).encode()
        transaction.set_rollback(True)
    return body


def _create_plainly(airports: list[Airport]) -> None:
    for airport in airports:
        airport.full_clean()
    Airport.objects.bulk_create(airports)


def _create_together(airports: list[Airport]) -> None:
    bulk_create_validated(Airport.objects, airports)


def _embed_plainly() -> bytes:
    return str(json_script(list(Airport.objects.exclude(iata="")[:1000].values(*AIRPORT_FIELDS)), "airports")).encode()


def _embed_natively() -> bytes:
    return str(pyforge_json(Airport.objects.exclude(iata="")[:1000], id="airports", fields=AIRPORT_FIELDS)).encode()


def _read_element(html: bytes) -> Any:
    """Give the data of a script element."""
    return json.loads(re.findall(rb"<script[^>]*>(.*)</script>", html, re.DOTALL)[0])


def _stream_plainly() -> bytes:
    def lines() -> Iterator[bytes]:
        for row in Airport.objects.exclude(iata="").values(*AIRPORT_FIELDS).iterator():
            yield json.dumps(row).encode() + b"\n"

    return b"".join(StreamingHttpResponse(lines()))


def _stream_natively() -> bytes:
    return b"".join(PyForgeStreamingResponse(Airport.objects.exclude(iata=""), fields=AIRPORT_FIELDS))


def _read_lines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines()]


@cache
def _serializers() -> tuple[Any, Any]:
    """Give a serializer of Django REST framework, and the same with our mixin."""
    from rest_framework import serializers

    from pyforge_web.rest_framework import CompiledSerializerMixin

    class AirportSerializer(serializers.ModelSerializer):  # type: ignore[misc]
        class Meta:
            model = Airport
            fields = AIRPORT_FIELDS

    class CompiledAirportSerializer(CompiledSerializerMixin, AirportSerializer):
        pass

    return AirportSerializer, CompiledAirportSerializer


def _serialize_plainly() -> bytes:
    from rest_framework.renderers import JSONRenderer

    return JSONRenderer().render(_serializers()[0](Airport.objects.exclude(iata="")[:1000], many=True).data)


def _serialize_natively() -> bytes:
    from pyforge_web.rest_framework import PyForgeJSONRenderer

    return PyForgeJSONRenderer().render(_serializers()[1](Airport.objects.exclude(iata="")[:1000], many=True).data)


def _answer(slug: str) -> bytes:
    """Give the body of a way of the page of frameworks, with 250 airports."""
    from demo_site.airports.frameworks import respond_in_way, ways

    return respond_in_way(next(way for way in ways() if way.slug == slug), 250)


OTHERS = (
    Case(
        "validate",
        f"{VALIDATED} airports validated",
        "All errors of all rows: full_clean() of each, two queries a row, beside validate_many(), two queries in all.",
        ways=(_validate_one_by_one, _validate_together),
    ),
    Case(
        "create",
        f"{VALIDATED} airports validated and stored",
        "full_clean() of each and bulk_create(), beside bulk_create_validated(), in a transaction that is rolled back. "
        "Both read back what they have stored.",
        ways=(partial(_create_airports, _create_plainly), partial(_create_airports, _create_together)),
    ),
    Case(
        "embed",
        "1,000 airports embedded in a page",
        "A script element with data: json_script beside pyforge_json.",
        ways=(_embed_plainly, _embed_natively),
        read=_read_element,
        content_type="text/plain; charset=utf-8",
    ),
    Case(
        "stream",
        "7,900 airports streamed",
        "A line of JSON for each row, as rows are fetched: StreamingHttpResponse beside PyForgeStreamingResponse.",
        ways=(_stream_plainly, _stream_natively),
        read=_read_lines,
        content_type="application/x-ndjson",
    ),
)
DRF = (
    Case(
        "drf",
        "1,000 airports through Django REST framework",
        "A ModelSerializer and the JSONRenderer, beside the same serializer with our mixin and our renderer. "
        "The bytes are the same.",
        ways=(_serialize_plainly, _serialize_natively),
        peer="DRF",
    ),
)

NINJA = (
    Case(
        "ninja",
        "250 airports through ninja, with their countries",
        "An operation with a Schema, beside the same with @native_rows. The page Frameworks has six ways.",
        ways=(partial(_answer, "ninja"), partial(_answer, "native")),
        peer="ninja",
    ),
)

# The strongest cases first, as they usually are: the page puts them in order by what it has measured.
_VALIDATE, _CREATE, _EMBED, _STREAM = OTHERS
_COUNTRIES, _NEARBY, _IATA, _THOUSAND, *_SMALL = RESPONSES
CASES = (
    *(NINJA if find_spec("ninja") and find_spec("rest_framework") else ()),
    _VALIDATE,
    _CREATE,
    _COUNTRIES,
    _NEARBY,
    *(DRF if find_spec("rest_framework") else ()),
    _STREAM,
    _IATA,
    _THOUSAND,
    _EMBED,
    *_SMALL,
)
