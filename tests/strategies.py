"""Values for hypothesis: every kind of leaf, key and container that DjangoJSONEncoder takes, recursively."""

import collections
import enum
import typing
import zoneinfo
from datetime import timedelta, timezone

from django.db import models
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils.datastructures import ImmutableList, MultiValueDict
from django.utils.functional import lazystr
from django.utils.safestring import SafeString
from hypothesis import strategies as st

from tests.oracle import Listed, Mapped


class Suit(models.TextChoices):
    HEARTS = "h"
    QUOTED = '"\u2660"'


class Level(enum.IntEnum):
    LOW = -1
    HIGH = 2**70


class Right(enum.IntFlag):
    READ = 1
    WRITE = 2


class Pair(typing.NamedTuple):
    left: object
    right: object


text = st.text(st.characters()) | st.text(st.sampled_from('a"\\\0\n\x7f\u00e9\u0107\u2028\u65e5\U0001f600\ud83d\ude00'))
integers = st.integers() | st.integers(-(2**70), 2**70) | st.sampled_from([2**63, -(2**63), 2**64, 10**400])
floats = st.floats(allow_nan=False, allow_infinity=False)
enums = st.sampled_from([*Suit, *Level, *Right, Right.READ | Right.WRITE])
offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone) | st.integers(-1439, 1439).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
zones = st.none() | offsets | st.timezones() | st.just(zoneinfo.ZoneInfo("UTC"))

leaves = st.one_of(
    st.none(),
    st.booleans(),
    integers,
    floats,
    text,
    text.map(SafeString),
    text.map(lazystr),
    enums,
    st.decimals(),
    st.uuids(),
    st.datetimes(timezones=zones, allow_imaginary=True),
    st.dates(),
    st.times(timezones=st.none() | st.just(zoneinfo.ZoneInfo("Europe/Paris"))),
    st.timedeltas(),
)

keys = st.one_of(
    text,
    text.map(SafeString),
    integers,
    st.floats(),
    st.booleans(),
    st.none(),
    enums,
)


def containers(inside):
    lists = st.lists(inside, max_size=8)
    dicts = st.dictionaries(keys, inside, max_size=8)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(Listed),
        lists.map(ImmutableList),
        lists.map(ErrorList),
        st.builds(Pair, inside, inside),
        dicts,
        dicts.map(Mapped),
        dicts.map(collections.OrderedDict),
        dicts.map(first_to_the_end),
        dicts.map(ErrorDict),
        st.dictionaries(keys, lists, max_size=4).map(MultiValueDict),
        st.dictionaries(text, st.lists(text), max_size=4).map(query_dict),
    )


def first_to_the_end(items):
    ordered = collections.OrderedDict(items)
    if ordered:
        ordered.move_to_end(next(iter(ordered)))
    return ordered


def query_dict(lists):
    query = QueryDict(mutable=True)
    for key, values in lists.items():
        query.setlist(key, values)
    return query


values = st.recursive(leaves, containers, max_leaves=25)

# What Django refuses, to be put somewhere into a value.
refused = st.sampled_from([{1}, b"x", 1j, object(), ..., int, iter(()), memoryview(b""), {(1, 2): 3}, {b"k": 3}])
