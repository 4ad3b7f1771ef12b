"""The product of the oracle: ways in, ways out, features of a QuerySet, forms of fields.

Each cell is compared with `expected()`: instances, read attribute by attribute.
"""

import json

from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Count, Manager, Model, QuerySet, Value
from django.db.models.fields.files import FieldFile
from django.db.models.functions import Lower, Upper
from django.template import Context, Engine

import pyforge_web
from pyforge_web import CompiledSerializer, PyForgeJsonResponse, PyForgeStreamingResponse
from pyforge_web.description.rows import rows as output_rows
from tests.oracle import outcome
from tests.relations.models import Article, Author


def from_the_other_side(queryset):
    """The articles of an author, by the related manager, which knows the author of each."""
    author = Author.objects.using(queryset.db).filter(articles__isnull=False).order_by("pk").first()
    return author.articles.filter(pk__in=queryset.values("pk")).order_by("pk")


# What a QuerySet may be: the name, and the QuerySet made of one of all articles in the order of their keys.
FEATURES = {
    "plain": lambda q: q,
    "annotated": lambda q: q.annotate(score=Value(7), up=Upper("title")),
    "counted": lambda q: q.annotate(likes=Count("tags")),
    "extra": lambda q: q.extra(select={"twice": "price * 2"}),
    "distinct": lambda q: q.filter(tags__isnull=False).distinct(),
    "distinct, annotated": lambda q: q.filter(tags__isnull=False).annotate(low=Lower("title")).distinct(),
    "union": lambda q: q.order_by().union(q.order_by().filter(title__contains="0")).order_by("id"),
    "difference": lambda q: q.order_by().difference(q.order_by().filter(title__contains="0")).order_by("id"),
    "deferred": lambda q: q.defer("body", "data"),
    "only": lambda q: q.only("title", "author"),
    "sliced": lambda q: q[1:3],
    "select_related": lambda q: q.select_related("author__country"),
    "prefetch_related": lambda q: q.prefetch_related("tags"),
    "known from the other side": lambda q: from_the_other_side(q).only("title"),
}
# From Django 6.1 on instances may load what they lack for all their peers, or refuse to.
if hasattr(QuerySet, "fetch_mode"):
    FEATURES["peers are fetched"] = lambda q: q.fetch_mode(models.FETCH_PEERS)
    FEATURES["nothing is fetched"] = lambda q: q.fetch_mode(models.FETCH_RAISE).only("title", "author")
# How the rows come in; "none" is a list of none of them.
WAYS_IN = {
    "queryset": lambda q: q,
    "evaluated": lambda q: (len(q), q)[1],
    "page": lambda q: Paginator(q, 1000).page(1),
    "page, evaluated": lambda q: (page := Paginator(q, 1000).page(1), len(page.object_list))[0],
    "list": list,
    "tuple": tuple,
}
# What is asked for; a name that instances in memory lack is loaded where `fetch` allows it.
FIELDS = {
    "bare": None,
    "flat": ["title", "id", "author"],
    "pk": ["pk", "author_id"],
    "file-free star": "*",
    "a path": ["id", "author__name", "author__country__code", "editor__name"],
    "keys": ["id", "tags", "contributors"],
    "nested": ["title", {"author": ["name", {"country": ["code"]}]}],
    "nested, many": [{"tags": ["name", "parent"]}, "title", {"comments": ["text", {"writer": ["name"]}]}],
    "keys below": ["id", {"author": ["name", "friends"]}, {"tags": ["*"]}],
}


def respond(data, **options):
    return json.loads(PyForgeJsonResponse(data, **options).content)


def through_tag(data, fields=None, fetch=False):
    context = Context({"data": output_rows(data, fields, fetch=fetch)})
    engine = Engine(libraries={"pyforge": "pyforge_web.templatetags.pyforge"})
    return json.loads(engine.from_string("{% load pyforge %}{% pyforge_json data %}").render(context))


def through_stream(data, fields=None, fetch=False):
    response = PyForgeStreamingResponse(output_rows(data, fields, fetch=fetch), "array")
    return json.loads(b"".join(response.streaming_content))


def through_encoder(data, fields=None, fetch=False):
    class OwnEncoder(DjangoJSONEncoder):
        pass

    value = {"rows": output_rows(data, fields, fetch=fetch)}
    return json.loads(PyForgeJsonResponse(value, encoder=OwnEncoder).content)["rows"]


WAYS_OUT = {
    "dumps": lambda data, **options: json.loads(pyforge_web.dumps(data, **options)),
    "response": respond,
    "rows() in a dict": lambda data, fields=None, fetch=False: json.loads(
        pyforge_web.dumps({"rows": output_rows(data, fields, fetch=fetch)})
    )["rows"],
    "stream": through_stream,
    "tag": through_tag,
    "encoder=": through_encoder,
    "tolist()": lambda data, fields=None, fetch=False: json.loads(
        json.dumps(output_rows(data, fields, fetch=fetch).tolist(), cls=DjangoJSONEncoder)
    ),
}


def dump_with_serializer(data, fields=None, fetch=False):
    return json.loads(CompiledSerializer.for_model(Article, fields).dump_queryset(data))


def allow_fetching(queryset):
    """The same rows, whose instances load what they lack: our statements ask for all columns, so none is refused."""
    if hasattr(queryset, "fetch_mode") and not queryset.query.combinator:
        return queryset.fetch_mode(models.FETCH_ONE)
    return queryset


def expected(queryset, fields):
    """The rows of a QuerySet, of the attributes of its instances."""
    queryset = allow_fetching(queryset)
    query = queryset.query
    before, added = tuple(query.extra_select), tuple(query.annotation_select)
    instances = list(queryset)
    if fields is None:
        found = [read_bare(each, before, added) for each in instances]
    else:
        found = [read_fields(each, fields) for each in instances]
    return json.loads(json.dumps(found, cls=DjangoJSONEncoder))


def read_bare(instance, before=(), added=()):
    deferred = instance.get_deferred_fields()
    names = [field.attname for field in instance._meta.concrete_fields if field.attname not in deferred]
    return {name: plain(getattr(instance, name)) for name in (*before, *names, *added)}


def read_fields(instance, fields):
    row = {}
    for item in fields:
        if item == "*":
            deferred = instance.get_deferred_fields()
            for field in instance._meta.concrete_fields:
                if field.attname not in deferred and field.name != "password":
                    row[field.attname] = plain(getattr(instance, field.attname))
        elif isinstance(item, dict):
            for name, inner in item.items():
                related = getattr(instance, name)
                if isinstance(related, Manager):
                    row[name] = [read_fields(each, inner) for each in related.all()]
                else:
                    row[name] = related and read_fields(related, inner)
        else:
            row[item] = read_path(instance, item.split("__"))
    return row


def read_path(instance, parts):
    value = instance
    for part in parts:
        value = None if value is None else getattr(value, part)
    if isinstance(value, Manager):
        return [each.pk for each in value.all()]
    return value.pk if isinstance(value, Model) else plain(value)


def plain(value):
    return value.name if isinstance(value, FieldFile) else value


# Fields of tickets, of each kind.
TICKET_FIELDS = {
    "bare": None,
    "flat": ["title"],
    "path": ["id", "owner__name"],
    "keys": ["watchers"],
    "nested": ["title", {"watchers": ["name"]}, {"owner": ["name"]}],
}


def require_as_iterated(make_queryset, fields):
    """Each way out raises what iterating raises, or writes as many rows; returns what iterating gives."""
    expected = outcome(lambda: list(make_queryset()))
    for way_in in (WAYS_IN["queryset"], WAYS_IN["page"]):
        for name, way_out in WAYS_OUT.items():
            if name == "stream":
                continue  # it has begun, and ends there
            found = outcome(lambda: way_out(way_in(make_queryset()), fields=fields))  # noqa: B023
            assert found == expected if type(expected) is tuple else len(found) == len(expected), name
    return expected
