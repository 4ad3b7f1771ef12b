"""Draws from the whole product: QuerySets, ways in, envelopes, ways out, fields, options. Every draw can be made again.

A drawn QuerySet is a list of steps with names, so that it can be made anew as often as it is needed, and shown.
"""

import json
from dataclasses import dataclass, field

from asgiref.sync import async_to_sync
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Case, Count, F, Prefetch, Value, When
from django.template import Context, Engine
from django.test import override_settings

from pyforge_web import (
    CompiledSerializer,
    Computed,
    Flat,
    Keys,
    PyForgeJsonResponse,
    PyForgeStreamingResponse,
    adumps,
    dumps,
    rows,
)
from pyforge_web.output.model_names import find_column, find_relation
from tests.output.attribute_reader import Reader
from tests.relations.models import Article, Author, Comment, OldPlace, Place, Restaurant

ENGINE = Engine(libraries={"pyforge": "pyforge_web.templatetags.pyforge"})
TAG = ENGINE.from_string("{% load pyforge %}{% pyforge_json data %}")


@dataclass
class Kind:
    """What is drawn of a model: names of its columns, of relations to one and to many, and of their columns."""

    model: type
    columns: list
    to_one: dict
    to_many: dict
    bare: bool = True
    deepest: tuple = ("country", ["name"])


PERSON = Kind(Author, ["name", "born", "mentor", "country_id"], {"country": ["code", "name"], "profile": ["about"]},
              {"friends": ["name"], "articles": ["title"]}, bare=False)  # fmt: skip
KINDS = [
    Kind(Article, ["title", "body", "price", "published", "data", "key", "author", "editor_id"],
         {"author": ["name", "country"], "editor": ["name", "born"]},
         {"tags": ["name", "parent"], "comments": ["text", "score"], "contributors": ["name"], "notes": ["text"]},
         deepest=("author", ["name", {"country": ["code"]}, {"friends": ["pk", {"articles": ["title"]}]}])),
    Kind(Comment, ["text", "score", "at", "article", "hidden"], {"writer": ["name"], "article": ["title", "price"]},
         {"answers": ["text"]}, deepest=("article", ["title", "tags", {"comments": ["text", {"writer": ["name"]}]}])),
    Kind(Restaurant, ["name", "stars", "country"], {"country": ["name"], "place_ptr": ["name"]},
         {"dishes": ["name"], "near": ["name"], "favourites": ["name"]}),
    Kind(OldPlace, ["name", "country_id"], {"country": ["code"], "restaurant": ["stars"], "pet": ["name"]},
         {"near": ["name"]}),
    Kind(Place, ["name", "country"], {"country": ["code"]}, {"favourites": ["name"]}),
    PERSON,
]  # fmt: skip


@dataclass
class Drawn:
    """One draw: how its QuerySet is made, and what is asked of it."""

    kind: Kind
    alias: str
    steps: list = field(default_factory=list)
    added: list = field(default_factory=list)
    to_attrs: dict = field(default_factory=dict)
    fields: object = None
    way_in: str = "queryset"
    way_out: str = "dumps"
    options: dict = field(default_factory=dict)

    def make(self):
        queryset = self.kind.model._default_manager.using(self.alias).order_by("pk")
        for _, step in self.steps:
            queryset = step(queryset)
        return queryset

    def __str__(self):
        steps = "".join(f".{name}" for name, _ in self.steps)
        return f"{self.kind.model.__name__}{steps} fields={self.fields} {self.way_in} > {self.way_out} {self.options}"


def draw(chance, alias):
    """Return one draw of the product."""
    drawn = Drawn(chance.choice(KINDS), alias)
    size = chance.choice([0, 1, 2, 25])
    drawn.steps.append((f"first({size})", lambda queryset: queryset.filter(pk__in=first_keys(drawn, size))))
    for _ in range(chance.randrange(4)):
        drawn.steps.append(draw_step(chance, drawn))
    draw_end(chance, drawn)
    drawn.fields = draw_fields(chance, drawn) if chance.random() < 0.75 or not drawn.kind.bare else None
    drawn.way_in = chance.choice([*WAYS_IN, "raw"] if len(drawn.steps) == 1 and not drawn.added else list(WAYS_IN))
    drawn.way_out = chance.choice(list(WAYS_OUT))
    drawn.options = {"keys": chance.choice([None, None, "camel"]), "dates": chance.choice([None, None, "iso"])}
    return drawn


def first_keys(drawn, size):
    return list(drawn.kind.model._default_manager.using(drawn.alias).order_by("pk").values_list("pk", flat=True)[:size])


def draw_step(chance, drawn):
    """Return a step that an unsliced QuerySet takes: its name, and the function."""
    kind, name = drawn.kind, f"a{len(drawn.added)}"
    column, many = chance.choice(kind.columns), chance.choice([*kind.to_many])
    what = chance.choice([*ANNOTATIONS, *STEPS, "prefetch", "to_attr"])
    if what in ANNOTATIONS:
        drawn.added.append(name)
        expression = ANNOTATIONS[what](column, query_name(many))
        return f"annotate({name}={expression})", lambda queryset: queryset.annotate(**{name: expression})
    if what == "prefetch":
        return f"prefetch_related({many})", lambda queryset: queryset.prefetch_related(many)
    if what == "to_attr":
        part = (
            chance.choice([None, slice(0, 2), slice(1, None)]) if many != "notes" else None
        )  # Django slices no generic ones
        to_attr = f"to{len(drawn.to_attrs)}_{many}"
        drawn.to_attrs[to_attr] = kind.to_many[many]
        model = find_relation(kind.model, many).model

        def prefetch(queryset):
            inner = model._default_manager.using(drawn.alias).order_by("-pk")
            return queryset.prefetch_related(Prefetch(many, inner if part is None else inner[part], to_attr))

        return f"Prefetch({many}, [{part}], {to_attr})", prefetch
    argument = {"join": query_name(chance.choice([*kind.to_one])), "through": query_name(many)}.get(what, column)
    return f"{what}({argument})", lambda queryset: STEPS[what](queryset, argument)


def query_name(name):
    """Return the name of a relation in a query."""
    return {"profile": "bio"}.get(name, name)


ANNOTATIONS = {
    "value": lambda column, many: Value(7),
    "copy": lambda column, many: F(column),
    "isnull": lambda column, many: Case(When(**{f"{column}__isnull": True}, then=Value("none")), default=Value("some")),
    "count": lambda column, many: Count(many, distinct=True),
}
STEPS = {
    "defer": lambda queryset, column: queryset if queryset.query.select_related else queryset.defer(column),
    "only": lambda queryset, column: queryset if queryset.query.select_related else queryset.only(column),
    "distinct": lambda queryset, _: queryset.distinct(),
    # Django refuses to defer a key that is joined.
    "join": lambda queryset, one: queryset if queryset.query.deferred_loading[0] else queryset.select_related(one),
    "exclude": lambda queryset, column: queryset.exclude(**{f"{column}__isnull": True}),
    "through": lambda queryset, many: queryset.filter(**{f"{many}__isnull": False}),
    "extra": lambda queryset, _: queryset.extra(where=["1 = 1"]),
    "reverse": lambda queryset, _: queryset.reverse(),
}


def draw_end(chance, drawn):
    """Add a slice, or a combination: no other step may follow them."""
    end = chance.choice([None, None, None, "slice", "union", "none"])
    if end == "slice":
        start, stop = chance.randrange(3), chance.choice([None, 3, 5])
        drawn.steps.append((f"[{start}:{stop}]", lambda queryset: queryset[start:stop]))
    elif end == "none":
        drawn.steps.append(("none()", lambda queryset: queryset.none()))
    elif end == "union" and len(drawn.steps) == 1:
        order = "place_ptr" if drawn.kind.model is Restaurant else "id"
        drawn.steps.append(
            ("union", lambda queryset: queryset.order_by().union(queryset.order_by(), all=False).order_by(order))
        )


def draw_fields(chance, drawn):
    """Return a list of output fields, each key of it once."""
    kind, found = drawn.kind, {}
    many, one, column = chance.choice([*kind.to_many]), chance.choice([*kind.to_one]), chance.choice(kind.columns)
    items = [
        *(chance.choice(kind.columns) for _ in range(2)),
        "pk",
        f"{one}__{chance.choice(kind.to_one[one])}",
        chance.choice([*kind.to_many]),
        {one: kind.to_one[one]},
        {many: kind.to_many[many]},
        {"renamed": F(column)},
        {"flat": Flat(many, kind.to_many[many][0])},
        {"list_of_keys": Keys(many)},
        {"made": Computed(repr, kind.columns[0])},
        *drawn.added,
        *({name: columns} for name, columns in drawn.to_attrs.items()),
        {kind.deepest[0]: kind.deepest[1]},
    ]
    for item in chance.sample(items, chance.randrange(1, 6)):
        found[item if isinstance(item, str) else next(iter(item))] = item
    if chance.random() < 0.15 and kind.bare and not any(find_column(kind.model, name) for name in found):
        found["*"] = "*"
    return [*found.values()]


WAYS_IN = {
    "queryset": lambda drawn: drawn.make(),
    "evaluated": lambda drawn: (queryset := drawn.make(), len(queryset))[0],
    "list": lambda drawn: list(drawn.make()),
    "tuple": lambda drawn: tuple(drawn.make()),
    "page": lambda drawn: Paginator(drawn.make(), 100).page(1),
    "page of a list": lambda drawn: Paginator(list(drawn.make()), 100).page(1),
    "page, read": lambda drawn: (page := Paginator(drawn.make(), 100).page(1), list(page))[0],
}  # fmt: skip
IN_MEMORY = {"list", "tuple", "page of a list"}  # without the query, which knows what it has added


def make_data(drawn):
    if drawn.way_in == "raw":
        return drawn.kind.model.objects.using(drawn.alias).raw(*drawn.make().query.sql_with_params())
    return WAYS_IN[drawn.way_in](drawn)


class OwnEncoder(DjangoJSONEncoder):
    """Of a project."""


async def read_response(*args, **options):
    return (await PyForgeJsonResponse.afrom(*args, **options)).content


def with_rows(data, fields, fetch, options):
    return rows(data, fields, fetch=fetch, **options)


WAYS_OUT = {
    "dumps": lambda data, fields, fetch, options: dumps(
        data, fields=fields, fetch=fetch, **{key: value for key, value in options.items() if value}
    ),
    "django_bytes": lambda data, *rest: dumps(with_rows(data, *rest), django_bytes=True),
    "adumps": lambda data, *rest: async_to_sync(adumps)(with_rows(data, *rest)),
    "response": lambda data, fields, fetch, options: (
        PyForgeJsonResponse(data, fields=fields, fetch=fetch, **options).content
    ),
    "afrom": lambda data, fields, fetch, options: async_to_sync(read_response)(
        data, fields=fields, fetch=fetch, **options
    ),
    "envelope": lambda data, *rest: PyForgeJsonResponse({"n": [1, {"rows": with_rows(data, *rest)}]}).content,
    "encoder=": lambda data, *rest: PyForgeJsonResponse(with_rows(data, *rest), encoder=OwnEncoder).content,
    "indent": lambda data, *rest: PyForgeJsonResponse(with_rows(data, *rest), json_dumps_params={"indent": 2}).content,
    "latin-1": lambda data, *rest: PyForgeJsonResponse(with_rows(data, *rest), charset="iso-8859-1").content,
    "stream": lambda data, fields, fetch, options: b"".join(
        PyForgeStreamingResponse(data, "array", fields=fields, fetch=fetch, chunk_size=2, **options)
    ),
    "stream of rows()": lambda data, *rest: b"".join(PyForgeStreamingResponse(with_rows(data, *rest), "array")),
    "tag": lambda data, *rest: TAG.render(Context({"data": with_rows(data, *rest)})),
    "tolist()": lambda data, *rest: json.dumps(with_rows(data, *rest).tolist(), cls=DjangoJSONEncoder),
    "NATIVE off": override_settings(PYFORGE_WEB={"NATIVE": False})(lambda data, *rest: dumps(with_rows(data, *rest))),
}


def write(drawn):
    """Return what the product gives for a draw."""
    data = make_data(drawn)
    written = json.loads(WAYS_OUT[drawn.way_out](data, drawn.fields, True, drawn.options))
    return written["n"][1]["rows"] if drawn.way_out == "envelope" else written


def write_compiled(drawn):
    """Return what a compiled serializer gives for the QuerySet of a draw."""
    return json.loads(CompiledSerializer.for_model(drawn.kind.model, drawn.fields).dump_queryset(drawn.make()))


def expected(drawn):
    """Return what the instances have, attribute by attribute."""
    query = drawn.make().query
    added = () if drawn.way_in in {*IN_MEMORY, "raw"} else (*query.extra_select, *query.annotation_select)
    instances = list(make_data(drawn)) if drawn.way_in == "raw" else list(drawn.make())
    reader = Reader(**drawn.options)
    found = [
        reader.read_bare(each, added) if drawn.fields is None else reader.read(each, drawn.fields) for each in instances
    ]
    return json.loads(json.dumps(found, cls=DjangoJSONEncoder))
