"""Nothing stays of what clients send: after hundreds of other bodies and names there are as many objects as before."""

import contextlib
import gc
import io
import itertools
import json
import random
import sys

import pytest
from django.core.exceptions import BadRequest, FieldError, ValidationError
from django.http import QueryDict
from rest_framework.exceptions import ParseError

from pyforge_web import PyForgeJsonResponse, as_problem, dumps, rows
from pyforge_web.parsers import BodyError, loads
from pyforge_web.rest_framework import PyForgeJSONParser
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item, Linked

pytestmark = pytest.mark.django_db
ALL = {"fields": "__all__", "unknown": "error"}
ROUNDS = 200
ITEM = ["id", "name", "slug"]


def items():
    return CompiledValidator.for_model(Item)


def values(number):
    """Return a value for each field, of which half are errors."""
    return {
        "name": f"n{number}" * (number % 4),
        "slug": f"a b{number}",
        "count": -number,
        "price": f"{number}.{number}",
        "day": f"2026-01-{number % 40}",
        "moment": f"2026-01-02T00:00+0{number % 9}:{number % 60}",
        "email": f"a{number}@b{number}.org",
        "url": f"http://h{number}.org",
        "data": {f"k{number}": [number]},
    }


def as_response(found):
    return PyForgeJsonResponse(as_problem(found.errors[0])).content


def refused(number):
    """Ask for names that may not be asked for, each in another place."""
    name = f"no{number}"
    for fields in ([name], ["id", name], [{name: ["id"]}], [{"name": [name]}], [f"name__{name}"], [f"{name}" * 2_000]):
        with contextlib.suppress(BadRequest):
            PyForgeJsonResponse(Item.objects.all(), fields=fields, allowed=ITEM)


USES = {
    "keys of an object": lambda n: items().clean_json(json.dumps({f"k{n}": n, f"l{n}" * 40: n}), **ALL),
    "keys of a nested object": lambda n: loads(json.dumps({"a": {f"k{n}": {f"l{n}": n}}})),
    "values of an object": lambda n: items().clean_json(json.dumps(values(n)), **ALL),
    "rows": lambda n: as_response(items().clean_json_rows(json.dumps([values(n), n, {f"k{n}": 1}]), **ALL)),
    "rows of a CSV": lambda n: as_response(items().clean_data_rows([values(n), {f"k{n}": 1}], **ALL)),
    "natural keys": lambda n: as_response(
        CompiledValidator.for_model(Linked).clean_data_rows([{"item": f"i{n}"}], lookup={"item": "name"}, **ALL)
    ),
    "a form": lambda n: items().clean_data(QueryDict(f"name=n{n}&k{n}=1"), **ALL),
    "an unknown field to set": lambda n: items().clean_json("{}", fields=["name", f"k{n}"]),
    "a name for a field": lambda n: items().clean_json(f'{{"k{n}": 1}}', fields=["name"], rename={f"k{n}": "name"}),
    "not JSON": lambda n: items().clean_json(f'{{"k{n}": no{n}}}', **ALL),
    "deep": lambda n: items().clean_json("[" * (n % 300), **ALL),
    "not UTF-8": lambda n: items().clean_json(b'{"k%d": "\xff"}' % n, **ALL),
    "not an object": lambda n: items().clean_json(f"[{n}]", **ALL),
    "Django REST framework": lambda n: PyForgeJSONParser().parse(io.BytesIO(b'{"k%d": no}' % n), None, {}),
    "refused names": refused,
    "unknown names": lambda n: dumps(Item.objects.all(), fields=["id", f"k{n}"]),
    "unknown names of a relation": lambda n: dumps(rows(Item.objects.all(), [{f"k{n}": ["id"]}])),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_nothing_stays_of_what_clients_send(use):
    def run(numbers):
        for number in numbers:
            with contextlib.suppress(ParseError, BodyError, ValidationError, FieldError, ValueError):
                use(number)
        gc.collect()
        return sys.getallocatedblocks()

    for _ in range(20_000):  # the table of the last keys gets full
        loads(f'{{"{random.randbytes(3).hex()}": null}}')
    # What stays of each call is one block at least, in each of these spans. Bounded caches still fill in some of them.
    counts = [run(range(start, start + ROUNDS)) for start in range(1_000, 1_000 + 8 * ROUNDS, ROUNDS)]
    grown = [after - before for before, after in itertools.pairwise(counts)]
    assert min(grown) < ROUNDS // 4, grown
