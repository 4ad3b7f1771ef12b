"""Output fields: each is what the instance's own attribute gives, in every way in and out."""

import json

import pytest
from django.core.exceptions import BadRequest, FieldError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, F, Value
from django.db.models.functions import Concat, ExtractYear, Upper
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

import pyforge_web
from pyforge_web import Attribute, Computed, Display, FileUrl, Flat, Keys, Link, PyForgeJsonResponse, rows
from tests.output.models import Person, Ticket
from tests.output.ways import WAYS_IN, WAYS_OUT

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.urls")]


def describe(title, price, at):
    return [title.upper(), price and price + 1, at and at.year]


FIELDS = [
    "id",
    {"headline": F("title")},
    {"title": F("owner__name")},
    {"ownerId": F("owner")},
    {"shout": Upper("title")},
    {"watching": Count("watchers")},
    {"year": F("at__year")},
    {"status": Display("state")},
    {"rank": Display("rank")},
    {"cover": FileUrl("cover")},
    {"url": Link("ticket", pk="id")},
    {"named_url": Link("ticket-title", pk="pk", title="title")},
    {"old_url": Link("ticket-old", Value("any name"), "id")},
    {"owner_url": Link("ticket", pk="owner__id")},
    {"watcher_ids": Keys("watchers")},
    {"watcher_names": Flat("watchers", "name")},
    {"facts": Computed(describe, "title", "price", "at")},
    {"short": Attribute("short", reads=["title"])},
    {"with_owner": Attribute("with_owner", reads=["title", "owner__name"])},
    {"names": Attribute("watcher_names", reads=["title", "watchers__name"])},
    {"people": Attribute("watcher_names", reads=["title", "watchers"])},
    {"owner": ["name", {"loud": Upper("name")}, {"first": Computed(str.lower, "name")}, {"watched": Keys("watched")}]},
    {"watchers": ["name", {"length": Computed(len, "name")}, {"tickets": Flat("tickets", "title")}]},
]


def as_dict(ticket):
    owner, watchers = ticket.owner, list(ticket.watchers.order_by("pk"))
    return {
        "id": ticket.id,
        "headline": ticket.title,
        "title": owner and owner.name,
        "ownerId": ticket.owner_id,
        "shout": Ticket.objects.using(ticket._state.db).annotate(up=Upper("title")).get(pk=ticket.pk).up,
        "watching": len(watchers),
        "year": ticket.at and ticket.at.year,
        "status": ticket.get_state_display(),
        "rank": ticket.get_rank_display(),
        "cover": ticket.cover.url if ticket.cover else None,
        "url": reverse("ticket", kwargs={"pk": ticket.pk}),
        "named_url": reverse("ticket-title", kwargs={"pk": ticket.pk, "title": ticket.title}),
        "old_url": reverse("ticket-old", args=["any name", ticket.pk]),
        "owner_url": owner and reverse("ticket", kwargs={"pk": owner.pk}),
        "watcher_ids": [each.pk for each in watchers],
        "watcher_names": [each.name for each in watchers],
        "facts": describe(ticket.title, ticket.price, ticket.at),
        "short": ticket.short,
        "with_owner": ticket.with_owner(),
        "names": ticket.watcher_names(),
        "people": ticket.watcher_names(),
        "owner": owner
        and {
            "name": owner.name,
            "loud": owner.name.upper(),
            "first": owner.name.lower(),
            "watched": [each.pk for each in owner.watched.all()],
        },
        "watchers": [
            {"name": each.name, "length": len(each.name), "tickets": [t.title for t in each.tickets.all()]}
            for each in watchers
        ],
    }


def as_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


@pytest.mark.parametrize("way_out", WAYS_OUT)
@pytest.mark.parametrize("way_in", WAYS_IN)
def test_output_fields_are_the_attributes_of_instances(alias, way_in, way_out):
    queryset = Ticket.objects.using(alias).order_by("pk")
    expected = as_json([as_dict(ticket) for ticket in queryset])
    given = WAYS_IN[way_in](queryset.all())
    assert WAYS_OUT[way_out](given, fields=FIELDS, fetch=True) == expected


def test_one_instance_is_an_object(alias):
    ticket = Ticket.objects.using(alias).order_by("pk").first()
    assert json.loads(pyforge_web.dumps(ticket, fields=FIELDS, fetch=True)) == as_json(as_dict(ticket))


def test_statements_do_not_grow_with_rows(alias):
    from django.db import connections

    counts = []
    for count in (1, 6):
        with CaptureQueriesContext(connections[alias]) as captured:
            pyforge_web.dumps(Ticket.objects.using(alias).order_by("pk")[:count], fields=FIELDS)
        counts.append(len(captured))
    # The rows; watchers as keys, as names and as objects; what the owners watch; the tickets of watchers;
    # the watchers that each of two attributes reads.
    assert counts[1] <= 8
    assert counts[0] <= counts[1]


@pytest.mark.parametrize("language", ["en", "de", "fr", "ja"])
def test_display_is_in_the_language_of_the_call(alias, language):
    queryset = Ticket.objects.using(alias).order_by("pk")
    with override(language):
        expected = [{"state": each.get_state_display(), "rank": each.get_rank_display()} for each in queryset.all()]
        ours = pyforge_web.dumps(queryset, fields=[{"state": Display("state")}, {"rank": Display("rank")}])
        assert json.loads(ours) == expected


def test_a_request_makes_urls_absolute(alias):
    request = RequestFactory().get("/", HTTP_HOST="example.com")
    queryset = Ticket.objects.using(alias).order_by("pk")
    fields = [
        {"url": Link("ticket", pk="id")},
        {"cover": FileUrl("cover")},
        {"owner": [{"url": Link("ticket", pk="id")}]},
    ]
    absolute = request.build_absolute_uri
    expected = [
        {
            "url": absolute(reverse("ticket", kwargs={"pk": each.pk})),
            "cover": absolute(each.cover.url) if each.cover else None,
            "owner": each.owner and {"url": absolute(reverse("ticket", kwargs={"pk": each.owner.pk}))},
        }
        for each in queryset.all()
    ]
    with override_settings(ALLOWED_HOSTS=["example.com"]):
        assert json.loads(PyForgeJsonResponse(queryset.all(), fields=fields, request=request).content) == expected
        assert json.loads(pyforge_web.dumps([rows(queryset.all(), fields, request=request)])) == [expected]


def test_keys_are_camel_at_every_depth(alias):
    queryset = Ticket.objects.using(alias).order_by("pk")
    fields = ["id", "owner_id", {"watcher_names": Flat("watchers", "name")}, {"owner": [{"first_name": F("name")}]}]
    fields.append({"watchers": [{"last_name": F("name")}, {"all_tickets": Keys("tickets")}]})
    plain = json.loads(pyforge_web.dumps(queryset.all(), fields=fields))

    def camel(value):
        if isinstance(value, list):
            return [camel(each) for each in value]
        if isinstance(value, dict):
            from pyforge_web.fields import to_camel

            return {to_camel(key): camel(each) for key, each in value.items()}
        return value

    body = {"my_count": 1, "results": rows(queryset.all(), fields)}
    ours = json.loads(PyForgeJsonResponse(body, keys="camel").content)
    assert ours == {"my_count": 1, "results": camel(plain)}
    assert json.loads(pyforge_web.dumps(rows(queryset.all(), fields, keys="camel"))) == camel(plain)
    assert json.loads(pyforge_web.dumps(rows(list(queryset.all()), fields, keys="camel", fetch=True))) == camel(plain)
    bare = json.loads(pyforge_web.dumps(rows(queryset.all(), keys=str.upper)))
    assert list(bare[0]) == [field.attname.upper() for field in Ticket._meta.concrete_fields]


class TestAttribute:
    def test_a_column_that_is_not_named_raises_with_its_name(self, alias):
        with pytest.raises(ValueError, match=r"Attribute\('short', reads=\['id'\]\) reads 'title'"):
            pyforge_web.dumps(Ticket.objects.using(alias).all(), fields=[{"x": Attribute("short", reads=["id"])}])

    def test_a_column_of_a_relation_that_is_not_named_raises(self, alias):
        fields = [{"x": Attribute("watcher_names", reads=["title", "watchers__id"])}]
        queryset = Ticket.objects.using(alias).all()
        for data in (queryset.all(), list(queryset.prefetch_related("watchers"))):
            with pytest.raises(ValueError, match="reads 'name', which is not among its columns"):
                pyforge_web.dumps(data, fields=fields)

    def test_a_relation_in_memory_is_not_asked_for_again(self, alias, django_assert_num_queries):
        fields = [{"x": Attribute("watcher_names", reads=["title", "watchers"])}]
        tickets = list(Ticket.objects.using(alias).order_by("pk").prefetch_related("watchers"))
        with django_assert_num_queries(0, using=alias):
            written = json.loads(pyforge_web.dumps(tickets, fields=fields))
        assert written == [{"x": ticket.watcher_names()} for ticket in tickets]
        with pytest.raises(ValueError, match="watchers is not loaded"):
            pyforge_web.dumps(list(Ticket.objects.using(alias).all()), fields=fields)

    def test_a_relation_has_all_of_its_rows_alone(self, alias):
        fields = [{"x": Attribute("first_watcher", reads=["watchers"])}]
        with pytest.raises(ValueError, match="sends a query"):
            pyforge_web.dumps(Ticket.objects.using(alias).all(), fields=fields)

    def test_a_query_raises(self, alias):
        with pytest.raises(ValueError, match="sends a query"):
            pyforge_web.dumps(
                Ticket.objects.using(alias).all(), fields=[{"x": Attribute("first_watcher", reads=["id"])}]
            )

    def test_what_alters_data_is_not_called(self, alias):
        with pytest.raises(ValueError, match=r"erase\(\) changes data"):
            pyforge_web.dumps(Ticket.objects.using(alias).all(), fields=[{"x": Attribute("erase")}])


SECRETS = {
    "F": F("owner__secret_key"),
    "an expression": Concat("title", "owner__secret_key"),
    "Computed": Computed(str, "owner__secret_key"),
    "Attribute": Attribute("short", reads=["owner__secret_key"]),
    "Flat": Flat("watchers", "secret_key"),
    "Attribute, many": Attribute("short", reads=["watchers__secret_key"]),
    "Link": Link("ticket", pk="owner__secret_key"),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_shown_under_its_own_name_alone(alias, name):
    queryset = Ticket.objects.using(alias).order_by("pk")
    for given in (queryset, list(queryset.select_related("owner").prefetch_related("watchers"))):
        with pytest.raises(FieldError, match="would show the secret column 'secret_key' of Person"):
            pyforge_web.dumps(given, fields=[{"x": SECRETS[name]}], fetch=True)
    assert b"the secret" in pyforge_web.dumps(queryset, fields=["owner__secret_key"])
    with override_settings(PYFORGE_WEB={"PUBLIC_FIELDS": ["output.Person.secret_key"]}):
        PyForgeJsonResponse.fields(Ticket, [{"x": SECRETS[name]}])
        if name == "F":
            assert b"the secret" in pyforge_web.dumps(queryset, fields=[{"x": SECRETS[name]}])


WRONG = [
    ([{"headline": "title"}], TypeError, r"F\('title'\)"),
    ([{"x": Display("title")}], ValueError, "not a field with choices"),
    ([{"x": FileUrl("title")}], ValueError, "not a file field"),
    ([{"x": F("titel")}], FieldError, "Did you mean 'title'"),
    ([{"x": Computed(str, "titel")}], FieldError, "Did you mean 'title'"),
    ([{"x": Computed(str, "watchers")}], ValueError, "leads to many rows"),
    ([{"x": Keys("owner")}], ValueError, "relation to many"),
    (["short"], FieldError, r"property, not a column: write {'short': Attribute\('short'"),
    (["with_owner"], FieldError, "method, not a column"),
    (["get_state_display"], FieldError, r"Display\('state'\)"),
    (["STATES"], FieldError, r"constant of the class, not a column: write {'STATES': Value\(Ticket.STATES\)}"),
    ("__all__", TypeError, '"\\*"'),
    (["title", {"title": F("state")}], ValueError, "'title' twice"),
    (["*", {"title": F("state")}], ValueError, "'title' twice"),
]


@pytest.mark.parametrize(("fields", "error", "words"), WRONG)
def test_an_error_says_what_to_write(alias, fields, error, words):
    queryset = Ticket.objects.using(alias).order_by("pk")
    for given in (queryset, list(queryset)):
        with pytest.raises(error, match=words):
            pyforge_web.dumps(given, fields=fields, fetch=True)


def test_star_leaves_columns_out(alias):
    people = Person.objects.using(alias).order_by("pk")
    expected = [{"id": each.pk, "name": each.name} for each in people]
    assert json.loads(pyforge_web.dumps(people.all(), fields="*")) == expected
    assert json.loads(pyforge_web.dumps(rows(people.all(), "*", exclude=["id"]))) == [
        {"name": each["name"]} for each in expected
    ]
    with pytest.raises(FieldError, match="nmae"):
        rows(people.all(), "*", exclude=["nmae"])
    with pytest.raises(ValueError, match='exclude= takes columns out of "\\*"'):
        rows(people.all(), ["id"], exclude=["name"])


def test_expressions_in_memory_need_fetch(alias):
    tickets = list(Ticket.objects.using(alias).order_by("pk"))
    with pytest.raises(ValueError, match="only a query computes"):
        pyforge_web.dumps(tickets, fields=[{"year": ExtractYear("at")}])
    ours = json.loads(pyforge_web.dumps(tickets, fields=[{"year": ExtractYear("at")}], fetch=True))
    assert ours == [{"year": each.at and each.at.year} for each in tickets]


def test_a_list_inside_of_itself_is_refused_when_declared(db):
    circular = ["id"]
    circular.append({"watchers": ["name", {"tickets": circular}]})
    for declare in (lambda: PyForgeJsonResponse.fields(Ticket, circular), lambda: rows([], circular)):
        with pytest.raises(ValueError, match="inside of itself"):
            declare()
    with pytest.raises(BadRequest, match="inside of itself"):
        pyforge_web.dumps(Ticket.objects.all(), fields=circular, allowed=["id", "title"])
