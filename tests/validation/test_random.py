"""Random rows: fields, options and values drawn together."""

import datetime
import zoneinfo

from django.core import validators as v
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.validation import oracle, own, tables
from tests.validation.fields import FIELDS
from tests.validation.sweep import THOROUGH
from tests.validation.values import MADE, NUMBERS, OTHERS, TEXTS, TIMES, UUIDS, WHEN

EXAMPLES = 3000 if THOROUGH else 150

# Texts of the alphabet of each family, so that near misses are as frequent as hits.
words = st.text(st.sampled_from("ab1-_ .@/:\n\0\u00e9\u0661\U0001f600\ud800"), max_size=12)
numerals = st.text(st.sampled_from("0123456789+-_.eE \n\u0661"), max_size=8)
hosts = st.text(st.sampled_from("aZ0-.x:@[]/?#\u00df"), min_size=1, max_size=20)
moments = st.datetimes(timezones=st.none() | st.timezones() | st.just(zoneinfo.ZoneInfo("Europe/Paris")))
decimals = st.decimals(-10_000, 10_000, places=3) | st.decimals()
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    decimals,
    st.text(max_size=15),
    words,
    numerals,
    hosts.map("http://{}".format),
    hosts.map("a@{}".format),
    st.emails(),
    st.ip_addresses().map(str),
    moments,
    moments.map(str),
    moments.map(datetime.datetime.isoformat),
    st.dates(),
    st.dates().map(str),
    st.times(),
    st.times().map(str),
    st.timedeltas(),
    st.timedeltas().map(str),
    st.uuids(),
    st.uuids().map(str),
    st.binary(max_size=5),
    decimals.map(str),
    st.recursive(st.none() | st.integers() | st.text(max_size=3) | st.floats(),
        lambda inner: st.lists(inner, max_size=3)
                 | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6),
    st.sampled_from([*TEXTS, *WHEN, *UUIDS, *NUMBERS, *TIMES, *OTHERS]),
).map(lambda value: lambda: value)  # fmt: skip
made = st.sampled_from([make for name, make in MADE.items() if name != "deep"])
rules = st.lists(
    st.one_of(
        st.builds(v.MinLengthValidator, st.integers(0, 5)),
        st.builds(v.MaxLengthValidator, st.integers(0, 5)),
        st.builds(v.MinValueValidator, st.integers() | st.floats() | decimals | st.integers().map(own.limit)),
        st.builds(v.MaxValueValidator, st.integers() | st.floats() | decimals | st.integers().map(own.limit)),
        st.builds(v.StepValueValidator, st.integers(-5, 5) | st.floats(0.1, 5), offset=st.none() | st.integers(0, 3)),
        st.builds(v.DecimalValidator, st.integers(0, 6) | st.none(), st.integers(0, 6) | st.none()),
        st.builds(v.RegexValidator, st.sampled_from(["^a", "1", r"\w$", r"^\s*$", ""]), inverse_match=st.booleans()),
        st.sampled_from(
            [v.validate_slug, v.validate_email, v.validate_ipv46_address, v.ProhibitNullCharactersValidator()]
        ),
        st.sampled_from([own.accept, own.refuse, own.refuse_with_a_list, own.Even(), own.refuse_as("blank")]),
    ),
    max_size=4,
)
choices = st.none() | st.lists(
    st.tuples(st.one_of(words, st.integers(-5, 5), numerals, st.none()), st.text(max_size=2)), max_size=4
)
kinds = st.sampled_from([models.CharField, models.TextField, models.IntegerField, models.FloatField, models.SlugField,
                         models.BooleanField, models.DateTimeField, models.GenericIPAddressField,
                         models.JSONField])  # fmt: skip
again = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def assert_same(make_fields, row):
    """Two equal models of all fields at once, with a row of values: alone, and twice in a batch."""
    pair = [tables.model_of(**{f"field_{n}": make() for n, make in enumerate(make_fields)}) for _ in range(2)]

    def instance(model):
        made = model.__new__(model)
        vars(made).update(_state=models.base.ModelState(), id=None)
        for n, make in enumerate(row):
            setattr(made, model._meta.get_field(f"field_{n}").attname, make())
        return made

    makes = [lambda model=model: instance(model) for model in pair]
    oracle.assert_same(*makes)
    found = list(oracle.rows_differences(*([make] * 2 for make in makes)))
    assert not found, "\n".join(found)


ROWS = [name for name in FIELDS if "key" not in name.lower() and "auto" not in name.lower()]


@again
@given(st.lists(st.tuples(st.sampled_from(ROWS), values | made), min_size=1, max_size=6))
def test_clean_random_values(drawn):
    assert_same([FIELDS[name] for name, _ in drawn], [make for _, make in drawn])


@again
@given(
    kinds, rules, choices, st.booleans(), st.booleans(), st.booleans(), st.lists(values | made, min_size=1, max_size=4)
)
def test_clean_random_options(kind, listed, pairs, null, blank, editable, drawn):
    def make():
        return kind(validators=listed, choices=pairs, null=null, blank=blank, editable=editable)

    for value in drawn:
        assert_same([make], [value])


@again
@given(
    st.integers(1, 8),
    st.integers(0, 8),
    st.lists(decimals | numerals | st.floats() | st.integers(), min_size=1, max_size=5),
)
def test_clean_random_decimals(digits, places, drawn):
    def make():
        return models.DecimalField(max_digits=digits, decimal_places=places)

    for value in drawn:
        assert_same([make], [lambda value=value: value])
        assert_same([make], [lambda value=value: str(value)])
