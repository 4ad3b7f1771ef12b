"""`keys=`, `dates=`, `default=`, `exclude=`, `request=`: the same in each way out, from the settings and in rows()."""

import json
import re
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F
from django.template import Context, Engine, engines
from django.test import RequestFactory, override_settings
from django.utils import timezone

from pyforge_web import (
    CompiledSerializer,
    Computed,
    FileUrl,
    Keys,
    Link,
    PyForgeJsonResponse,
    PyForgeStreamingResponse,
    adumps,
    dumps,
    rows,
)
from pyforge_web.conf import get_settings
from pyforge_web.fields import to_camel
from pyforge_web.html import pyforge_json
from pyforge_web.output.refusals import refuse_value
from tests.output.models import Person, Ticket

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.urls")]
ENGINE = Engine(libraries={"pyforge": "pyforge_web.templatetags.pyforge"})


def write_tag(data, **options):
    tag = " ".join(f"{name}={name}" for name in options)
    text = ENGINE.from_string(f"{{% load pyforge %}}{{% pyforge_json data {tag} %}}")
    return text.render(Context({"data": data, **options}))


def write_jinja(data, **options):
    environment = engines["jinja2"].env if "jinja2" in engines else None
    if environment is None:
        from jinja2 import Environment

        environment = Environment(extensions=["pyforge_web.jinja.PyForgeExtension"], autoescape=True)
    tag = " ".join(f"{name}={name}" for name in options)
    return environment.from_string(f"{{% pyforge_json data {tag} %}}").render(data=data, **options)


WAYS_OUT = {
    "dumps": dumps,
    "adumps": lambda data, **options: async_to_sync(adumps)(data, **options),
    "response": lambda data, **options: PyForgeJsonResponse(data, **options).content,
    "response, spaces": lambda data, **options: PyForgeJsonResponse(data, django_bytes=True, **options).content,
    "stream": lambda data, **options: b"".join(PyForgeStreamingResponse(data, "array", **options)),
    "rows()": lambda data, **options: dumps(rows(data, **options)),
    "rows() in a dict": lambda data, **options: json.dumps(
        json.loads(PyForgeJsonResponse({"in_side": rows(data, **options)}).content)["in_side"]
    ),
    "rows() in a stream": lambda data, **options: b"".join(PyForgeStreamingResponse(rows(data, **options), "array")),
    "tolist()": lambda data, **options: json.dumps(rows(data, **options).tolist(), cls=DjangoJSONEncoder),
    "tag": write_tag,
    "Jinja2": write_jinja,
    "html": pyforge_json,
    "NATIVE off": override_settings(PYFORGE_WEB={"NATIVE": False})(dumps),
}
WAYS_IN = {
    "queryset": lambda queryset: queryset,
    "evaluated": lambda queryset: (len(queryset), queryset)[1],
    "page": lambda queryset: Paginator(queryset, 100).page(1),
    "list": list,
    "raw": lambda queryset: queryset.model.objects.using(queryset.db).raw(str(queryset.query)),
}
TIMES = {
    "django": lambda value: json.loads(json.dumps(value, cls=DjangoJSONEncoder)),
    "iso": lambda value: value.isoformat(),
    "local": lambda value: timezone.localtime(value).isoformat(),
}


def read_bare(ticket, format_date):
    values = {field.attname: getattr(ticket, field.attname) for field in Ticket._meta.concrete_fields}
    values["cover"] = ticket.cover.name
    values["at"] = ticket.at and format_date(ticket.at)
    return json.loads(json.dumps(values, cls=DjangoJSONEncoder))


@pytest.mark.parametrize("way_out", WAYS_OUT)
@pytest.mark.parametrize("way_in", WAYS_IN)
@pytest.mark.parametrize("alias", ["sqlite"], indirect=True)
def test_bare_rows_have_the_keys_and_dates_asked_for(alias, way_in, way_out):
    queryset = Ticket.objects.using(alias).order_by("pk")
    zones = {"django": "UTC", "iso": "Europe/Berlin", "local": "America/St_Johns"}
    for dates, zone in zones.items():
        timezone.activate(ZoneInfo(zone))
        expected = [read_bare(ticket, TIMES[dates]) for ticket in queryset.all()]
        text = WAYS_OUT[way_out](WAYS_IN[way_in](queryset.all()), keys="camel", dates=dates)
        assert json.loads(text) == [{to_camel(key): value for key, value in row.items()} for row in expected]
    timezone.deactivate()


FIELDS = [
    "id",
    {"changed_at": F("at")},
    {"late_at": Computed(lambda at: at, "at")},
    {"owner": ["name", {"all_tickets": Keys("tickets")}]},
    {"watchers": ["name", {"tickets": ["title", {"due_at": F("at")}]}]},
]


@pytest.mark.parametrize("dates", TIMES)
@pytest.mark.parametrize("way_out", WAYS_OUT)
@pytest.mark.parametrize("way_in", ["queryset", "list"])
def test_nested_rows_have_the_keys_and_dates_asked_for(alias, way_in, way_out, dates):
    queryset = Ticket.objects.using(alias).order_by("pk")
    if way_in == "list":
        queryset = queryset.select_related("owner").prefetch_related("owner__tickets", "watchers__tickets")
    form = TIMES[dates]
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        expected = [
            {
                "id": ticket.pk,
                "changedAt": ticket.at and form(ticket.at),
                "lateAt": ticket.at and form(ticket.at),
                "owner": ticket.owner
                and {"name": ticket.owner.name, "allTickets": [each.pk for each in ticket.owner.tickets.all()]},
                "watchers": [
                    {
                        "name": each.name,
                        "tickets": [{"title": t.title, "dueAt": t.at and form(t.at)} for t in each.tickets.all()],
                    }
                    for each in ticket.watchers.all()
                ],
            }
            for ticket in queryset.all()
        ]
        text = WAYS_OUT[way_out](WAYS_IN[way_in](queryset.all()), fields=FIELDS, keys="camel", dates=dates)
        assert json.loads(text) == expected


@pytest.mark.parametrize("way_out", WAYS_OUT)
@pytest.mark.parametrize("is_evaluated", [False, True])
def test_values_have_the_keys_and_dates_asked_for(alias, way_out, is_evaluated):
    queryset = Ticket.objects.using(alias).order_by("pk")
    for made in (
        queryset.values("id", "owner_id", "at"),
        queryset.values_list("id", "at"),
        queryset.values_list("at", flat=True),
    ):
        expected = json.loads(dumps([_camel(row) for row in made], dates="iso"))
        if is_evaluated:
            len(made)
        assert json.loads(WAYS_OUT[way_out](made, keys="camel", dates="iso")) == expected


def _camel(row):
    return {to_camel(key): value for key, value in row.items()} if isinstance(row, dict) else row


def test_settings_are_the_defaults_of_responses_streams_and_tags(alias):
    queryset = Ticket.objects.using(alias).filter(at__isnull=False).order_by("pk").only("id", "owner_id", "at")
    with override_settings(PYFORGE_WEB={"KEYS": "camel", "DATES": "iso"}):
        for way_out in ("response", "stream", "tag", "Jinja2", "html"):
            first = json.loads(WAYS_OUT[way_out](queryset.all()))[0]
            assert first == {"id": queryset[0].id, "at": queryset[0].at.isoformat(), "ownerId": queryset[0].owner_id}
            if way_out != "tag":  # Django's templates call functions
                plain = json.loads(WAYS_OUT[way_out](queryset.all(), keys=str, dates="django"))[0]
                assert plain == json.loads(dumps(queryset.all()))[0]  # dumps reads no settings
        assert "owner_id" in json.loads(dumps(queryset.all()))[0]


def test_settings_may_be_the_path_of_a_function(alias):
    with override_settings(PYFORGE_WEB={"KEYS": "pyforge_web.fields.to_camel"}):
        assert "ownerId" in json.loads(PyForgeJsonResponse(Ticket.objects.using(alias).all()).content)[0]


@pytest.mark.parametrize(
    "given", [{"KEYS": "snake"}, {"KEYS": 7}, {"KEYS": "no.module"}, {"DATES": "ISO"}, {"DATES": None}]
)
def test_settings_of_other_values_are_refused(given):
    with override_settings(PYFORGE_WEB=given), pytest.raises(ImproperlyConfigured, match=next(iter(given))):
        get_settings()


@pytest.mark.parametrize("way_out", ["dumps", "adumps", "response", "stream", "rows()", "tag", "html"])
def test_other_values_of_arguments_are_refused(alias, way_out):
    tickets = Ticket.objects.using(alias).all()
    with pytest.raises(ValueError, match="camel"):
        WAYS_OUT[way_out](tickets, keys="snake")
    with pytest.raises(ValueError, match="iso"):
        WAYS_OUT[way_out](tickets, dates="ISO")


@pytest.mark.parametrize("way_out", ["dumps", "adumps", "response", "rows()", "html"])
def test_a_key_that_is_no_text_is_refused(alias, way_out):
    with pytest.raises(TypeError, match="keys= makes 5 of 'id'"):
        WAYS_OUT[way_out](Ticket.objects.using(alias).all(), keys=lambda name: 5)


@pytest.mark.parametrize("place", ["dict", "list", "alone", "nested"])
def test_an_instance_has_the_keys_of_the_response_wherever_it_stands(alias, place):
    ticket = Ticket.objects.using(alias).order_by("pk").first()
    dumps(ticket)  # native code knows its columns from now on
    value = {
        "dict": {"my_key": ticket},
        "list": {"my_key": [ticket, 1]},
        "alone": ticket,
        "nested": {"my_key": {"an_other": [{"a_b": ticket}]}},
    }[place]
    text = PyForgeJsonResponse(value, keys="camel").content.decode()
    assert '"ownerId"' in text
    assert "owner_id" not in text
    if place != "alone":
        assert '"my_key"' in text


def test_options_of_rows_count_before_those_of_the_response(alias):
    queryset = Ticket.objects.using(alias).filter(at__isnull=False).order_by("pk")
    value = {
        "a": rows(queryset.all(), ["at", "owner_id"], dates="iso", keys=str.upper),
        "b": rows(queryset.all(), ["at", "owner_id"]),
    }
    body = json.loads(PyForgeJsonResponse(value, keys="camel", dates="django").content)
    first = queryset[0]
    assert body["a"][0] == {"AT": first.at.isoformat(), "OWNER_ID": first.owner_id}
    assert body["b"][0] == {"at": TIMES["django"](first.at), "ownerId": first.owner_id}


class Amount:
    def __init__(self, number):
        self.number = number


@pytest.mark.parametrize("way_out", ["dumps", "adumps", "response", "stream", "NATIVE off"])
def test_default_is_asked_for_types_of_ones_own(alias, way_out):
    fields = ["id", {"amount": Computed(Amount, "id")}]
    queryset = Ticket.objects.using(alias).order_by("pk")
    text = WAYS_OUT[way_out](queryset.all(), fields=fields, default=lambda value: value.number * 2)
    assert json.loads(text) == [{"id": each.pk, "amount": each.pk * 2} for each in queryset]


@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_exclude_leaves_columns_out_of_all(alias, way_out):
    people = Person.objects.using(alias).order_by("pk")
    text = WAYS_OUT[way_out](people.all(), fields="*", exclude=["id"])
    assert json.loads(text) == [{"name": each.name} for each in people]


@pytest.mark.parametrize("way_out", ["dumps", "adumps", "response", "stream", "rows()", "tag", "Jinja2", "html"])
def test_a_request_makes_urls_absolute_in_each_way_out(alias, way_out):
    request = RequestFactory().get("/", HTTP_HOST="example.com")
    queryset = Ticket.objects.using(alias).order_by("pk")
    with override_settings(ALLOWED_HOSTS=["example.com"]):
        expected = [
            {
                "url": request.build_absolute_uri(f"/tickets/{each.pk}/"),
                "cover": request.build_absolute_uri(each.cover.url) if each.cover else None,
            }
            for each in queryset.all()
        ]
        fields = [{"url": Link("ticket", pk="id")}, {"cover": FileUrl("cover")}]
        assert json.loads(WAYS_OUT[way_out](queryset.all(), fields=fields, request=request)) == expected
        if way_out == "tag":  # takes it from the page
            text = ENGINE.from_string("{% load pyforge %}{% pyforge_json data fields=fields %}")
            context = Context({"data": queryset.all(), "fields": fields, "request": request})
            assert json.loads(text.render(context)) == expected


def test_times_have_no_zone_in_any_format(db):
    for dates in TIMES:
        value = {"at": time(12, 30, 0, 5), "when": datetime(2026, 7, 1, 12, tzinfo=UTC)}
        body = json.loads(dumps(value, dates=dates))
        assert body["when"] == TIMES[dates](value["when"])
        expected = value["at"].isoformat() if dates != "django" else TIMES["django"](value["at"])
        assert body["at"] == expected


def test_a_compiled_serializer_takes_the_options(alias):
    serializer = CompiledSerializer.for_model(Ticket, ["id", "owner_id", {"changed": F("at")}])
    queryset = Ticket.objects.using(alias).order_by("pk")
    expected = dumps(queryset.all(), fields=["id", "owner_id", {"changed": F("at")}], keys="camel", dates="iso")
    assert serializer.dump_queryset(queryset.all(), keys="camel", dates="iso") == expected


OWN_OUTPUTS = {
    "dumps": dumps,
    "dumps of a field": lambda queryset: dumps({"nested": [*queryset]}),
    "adumps": lambda queryset: async_to_sync(adumps)(queryset),
    "response": lambda queryset: PyForgeJsonResponse(queryset).content,
    "stream": lambda queryset: b"".join(PyForgeStreamingResponse(queryset, "array")),
    "html": pyforge_json,
    "serializer": CompiledSerializer.for_model(Ticket).dump_queryset,
}


@pytest.mark.parametrize("way_out", ["dumps", "adumps", "response", "stream", "rows()", "html", "NATIVE off"])
@pytest.mark.parametrize("name", OWN_OUTPUTS)
@pytest.mark.parametrize("alias", ["sqlite"], indirect=True)
def test_an_output_that_a_function_makes_has_its_own_options(alias, name, way_out):
    queryset = Ticket.objects.using(alias).order_by("pk")
    write, made = OWN_OUTPUTS[name], []
    expected = write(queryset.all())
    fields = ["owner_id", {"made_here": Computed(lambda key: made.append(write(queryset.all())), "id")}]
    options = {"keys": "camel"} if way_out == "html" else {"keys": "camel", "dates": "iso"}
    written = json.loads(WAYS_OUT[way_out](rows(queryset.all(), fields), **options))
    assert [*written[0]] == ["ownerId", "madeHere"]
    assert made == [expected] * len(written)


HAVE_ROWS = {
    "a manager": Person.objects,
    "a related manager": Person(pk=1).tickets,
    "a paginator": Paginator(Person.objects.order_by("pk"), 2),
    "a query": Person.objects.all().query,
}
FIELD_CALLS = {
    "dumps": lambda value: dumps(value, fields=["id"]),
    "response": lambda value: PyForgeJsonResponse(value, fields=["id"]),
    "rows()": lambda value: dumps(rows(value, ["id"])),
}


@pytest.mark.parametrize("call", FIELD_CALLS)
@pytest.mark.parametrize("name", HAVE_ROWS)
def test_fields_of_what_has_rows_say_what_to_write(name, call):
    hint = refuse_value(HAVE_ROWS[name]).hint
    with pytest.raises(TypeError, match=re.escape(hint)):
        FIELD_CALLS[call](HAVE_ROWS[name])


@pytest.mark.parametrize("name", ["a manager", "a related manager", "a query"])
def test_a_stream_of_what_has_rows_says_what_to_write(name):
    hint = refuse_value(HAVE_ROWS[name]).hint
    with pytest.raises(TypeError, match=re.escape(hint)):
        PyForgeStreamingResponse(HAVE_ROWS[name])


def test_a_compiled_serializer_says_that_it_needs_a_queryset():
    with pytest.raises(TypeError, match="a QuerySet of Person is needed, not list"):
        CompiledSerializer.for_model(Person).dump_queryset([])


@pytest.mark.parametrize("prepare", [lambda q: q.all(), list, lambda q: q.all()[1:4]])
def test_the_body_of_a_stream_has_the_zone_of_its_view(alias, prepare):
    """The middleware may have left the zone when the body is written."""
    tickets = Ticket.objects.using(alias).order_by("pk")
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        expected = [each.at and timezone.localtime(each.at).isoformat() for each in prepare(tickets)]
        responses = [
            PyForgeStreamingResponse(prepare(tickets), fields=["at"], dates="local"),
            PyForgeStreamingResponse(rows(prepare(tickets), ["at"], dates="local")),
            PyForgeStreamingResponse(rows(prepare(tickets), ["at"]), dates="local"),
        ]
    for response in responses:
        assert [json.loads(line)["at"] for line in b"".join(response).splitlines()] == expected
