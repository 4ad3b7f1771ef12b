"""Any tree of output fields: what a QuerySet gives is what its instances give, attribute by attribute."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F
from django.db.models.functions import Upper
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyforge_web import Attribute, Computed, Display, FileUrl, Flat, Keys, Link, dumps, rows
from pyforge_web.fields import to_camel
from tests.output.models import Person, Ticket

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.urls")]

# An output field of a model, and what it stands for on an instance.
TICKET = [
    (F("title"), lambda ticket: ticket.title),
    (F("owner__name"), lambda ticket: ticket.owner and ticket.owner.name),
    (F("price"), lambda ticket: ticket.price),
    (F("at"), lambda ticket: ticket.at),
    (Upper("state"), lambda ticket: ticket.state.upper()),
    (Display("state"), lambda ticket: ticket.get_state_display()),
    (Display("rank"), lambda ticket: ticket.get_rank_display()),
    (FileUrl("cover"), lambda ticket: ticket.cover.url if ticket.cover else None),
    (Link("ticket", pk="id"), lambda ticket: reverse("ticket", kwargs={"pk": ticket.pk})),
    (Link("ticket", "owner__id"), lambda ticket: ticket.owner and reverse("ticket", args=[ticket.owner.pk])),
    (Keys("watchers"), lambda ticket: [each.pk for each in ticket.watchers.all()]),
    (Flat("watchers", "name"), lambda ticket: [each.name for each in ticket.watchers.all()]),
    (Computed(lambda *values: values, "title", "price"), lambda ticket: [ticket.title, ticket.price]),
    (Attribute("short", reads=["title"]), lambda ticket: ticket.short),
    (Attribute("with_owner", reads=["title", "owner__name"]), lambda ticket: ticket.with_owner()),
    (Attribute("watcher_names", reads=["title", "watchers"]), lambda ticket: ticket.watcher_names()),
]
PERSON = [
    (F("name"), lambda person: person.name),
    (Upper("name"), lambda person: person.name.upper()),
    (Link("ticket", pk="id"), lambda person: reverse("ticket", kwargs={"pk": person.pk})),
    (Keys("tickets"), lambda person: [each.pk for each in person.tickets.all()]),
    (Flat("watched", "title"), lambda person: [each.title for each in person.watched.all()]),
    (Computed(str.lower, "name"), lambda person: person.name.lower()),
]
RELATIONS = {Ticket: {"owner": Person, "watchers": Person}, Person: {"tickets": Ticket, "watched": Ticket}}
NAMES = {
    Ticket: ["id", "title", "owner", "owner_id", "owner__name", "watchers", "price", "at"],
    Person: ["id", "name", "watched"],
}
KEYS = st.sampled_from(["aKey", "a_key", "title", "b", "x_1", "ß", 'a"b'])


def trees(model, depth):
    """Lists of output fields, each a pair of what a user writes and of a function of the instance."""
    outputs = st.sampled_from(TICKET if model is Ticket else PERSON)
    items = st.one_of(
        st.sampled_from(NAMES[model]).map(lambda name: (name, name, name)),
        st.tuples(KEYS, outputs).map(lambda pair: (pair[0], {pair[0]: pair[1][0]}, pair[1][1])),
    )
    if depth:
        nested = st.sampled_from(sorted(RELATIONS[model])).flatmap(
            lambda name: trees(RELATIONS[model][name], depth - 1).map(
                lambda inner: (name, {name: [item for _, item, _ in inner]}, (name, inner))
            )
        )
        items = st.one_of(items, nested)
    return st.lists(items, min_size=1, max_size=4, unique_by=lambda item: item[0])


def read_tree(instance, tree, make_key):
    return {make_key(key): read_item(instance, meaning, make_key) for key, _, meaning in tree}


def read_item(instance, meaning, make_key):
    if callable(meaning):
        return meaning(instance)
    if isinstance(meaning, tuple):
        name, inner = meaning
        related = getattr(instance, name)
        if hasattr(related, "all"):
            return [read_tree(each, inner, make_key) for each in related.all()]
        return related and read_tree(related, inner, make_key)
    value = instance
    for part in meaning.split("__"):
        value = value and getattr(value, part)
    return [each.pk for each in value.all()] if hasattr(value, "all") else getattr(value, "pk", value)


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
@given(tree=trees(Ticket, 2), is_camel=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_tree_of_output_fields_means_the_attributes_of_instances(filled_tickets, vendor, tree, is_camel):
    make_key = to_camel if is_camel else str
    fields, queryset = [item for _, item, _ in tree], Ticket.objects.using(filled_tickets[vendor]).order_by("pk")
    if has_clash(tree, make_key):
        with pytest.raises(ValueError, match=r"makes .* of two names"):
            dumps(rows(queryset.all(), fields, keys=make_key))
        return
    expected = [read_tree(ticket, tree, make_key) for ticket in queryset.all()]
    written = dumps(rows(queryset.all(), fields, keys=make_key))
    assert json.loads(written) == json.loads(json.dumps(expected, cls=DjangoJSONEncoder))
    fetched = dumps(rows(list(queryset.all()), fields, keys=make_key, fetch=True))
    assert json.loads(fetched) == json.loads(written)


def has_clash(tree, make_key):
    """Whether two names of one object become one key."""
    names = [make_key(key) for key, _, _ in tree]
    inner = (meaning[1] for _, _, meaning in tree if isinstance(meaning, tuple))
    return len(set(names)) < len(names) or any(has_clash(below, make_key) for below in inner)
