"""A converter that makes a value of null is not asked about a row that is missing: `getattr` finds no row, so null."""

import json

import pytest
from django.db.models import F, Manager
from django.urls import reverse
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from pyforge_web import Attribute, CompiledSerializer, Computed, Display, Flat, Keys, Link
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, explain
from tests.output.models import Answer, Saying
from tests.output.ways import WAYS_IN, WAYS_OUT

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls("tests.output.odd_urls")]


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def sayings(request, all_vendors, db):
    alias = all_vendors[request.param]
    first = Saying.objects.using(alias).create(text="one")
    empty = Saying.objects.using(alias).create(before=first)
    last = Saying.objects.using(alias).create(before=empty, text="three", rank=3)
    Saying.objects.using(alias).create(before=last, text="four")
    Answer.objects.using(alias).create(of=first, text="yes")
    Answer.objects.using(alias).create(of=empty)
    return Saying.objects.using(alias).order_by("pk")


def follow(instance, name):
    """Return what `getattr` finds behind a path; None where a relation to one leads nowhere."""
    for part in name.split("__"):
        instance = getattr(instance, part, None)
    return instance


def read(instance, fields):
    row = {}
    for item in fields:
        for name, inner in item.items() if isinstance(item, dict) else [(item, None)]:
            found = follow(instance, name)
            if isinstance(found, Manager):
                row[name] = [read(each, inner) for each in found.all()]
            else:
                row[name] = read(found, inner) if inner and found else found
    return row


FIELDS = {
    "a path": ["id", "before__text", "text"],
    "deep paths": ["before__before__text", "before__text"],
    "backwards": ["answer__text", "answer__of__before__text"],
    "nested": ["text", {"before": ["text", "before__text", {"before": ["text"]}]}, {"answer": ["text"]}],
    "many": ["id", {"after": ["text", "answer__text", "before__before__text"]}],
}


@pytest.mark.parametrize("fields", FIELDS)
def test_fields_are_those_of_the_instances(sayings, fields):
    expected = [read(each, FIELDS[fields]) for each in sayings.all()]
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(sayings.all()), fields=FIELDS[fields], fetch=True) == expected


def behind(text):
    return text and reverse("str", kwargs={"name": text})


MADE = {
    "F": (F("before__text"), lambda each: follow(each, "before__text")),
    "Computed": (
        Computed(lambda *texts: list(texts), "before__text", "text", "answer__text"),
        lambda each: [follow(each, "before__text"), each.text, follow(each, "answer__text")],
    ),
    "Computed of one": (Computed(lambda text: [text], "before__text"), lambda each: [follow(each, "before__text")]),
    "Attribute": (Attribute("text_before", reads=["before__text"]), lambda each: each.text_before()),
    "Flat": (
        Flat("after", "answer__text"),
        lambda each: [follow(after, "answer__text") for after in each.after.all()],
    ),
    "Keys": (Keys("after"), lambda each: [after.pk for after in each.after.all()]),
    "Link": (Link("str", name="before__text"), lambda each: behind(follow(each, "before__text"))),
    "a link of its own": (Link("str", name="text"), lambda each: behind(each.text)),
    "Display": (Display("before__text"), lambda each: each.before and each.before.get_text_display()),
    "a label of its own": (Display("text"), lambda each: each.get_text_display()),
}


@pytest.mark.parametrize("name", MADE)
def test_made_values_are_those_of_the_instances(sayings, name):
    output, value_of = MADE[name]
    for fields in ([{"x": output}], [{"x": output}, {"before": [{"x": output}]}]):
        expected = [{"x": value_of(each)} for each in sayings.all()]
        if len(fields) > 1:
            for row, each in zip(expected, sayings.all(), strict=True):
                row["before"] = each.before and {"x": value_of(each.before)}
        for way_in in WAYS_IN.values():
            for way_out in WAYS_OUT.values():
                assert way_out(way_in(sayings.all()), fields=fields, fetch=True) == expected


class TextSerializer(serializers.ModelSerializer):
    class Meta:
        model = Saying
        fields = ("id", "text")


class AnswerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Answer
        fields = ("id", "text")


class SayingSerializer(serializers.ModelSerializer):
    dotted = serializers.CharField(source="before.text", allow_null=True)
    left_out = serializers.CharField(source="before.text", read_only=True)
    deep = serializers.CharField(source="before.before.text", read_only=True)
    backwards = serializers.CharField(source="answer.text", read_only=True)
    anything = serializers.ReadOnlyField(source="before.text", allow_null=True)
    slug = serializers.SlugRelatedField("text", source="before", read_only=True)
    answer_key = serializers.PrimaryKeyRelatedField(source="answer", read_only=True)
    label = serializers.CharField(source="before.get_text_display", read_only=True)
    before = TextSerializer()
    after = TextSerializer(many=True)
    answer = AnswerSerializer()

    class Meta:
        model = Saying
        fields = (
            *("id", "text", "dotted", "left_out", "deep", "backwards", "anything", "slug", "answer_key", "label"),
            *("before", "after", "answer"),
        )


class CompiledSayingSerializer(CompiledSerializerMixin, SayingSerializer):
    pass


def test_a_serializer_gives_what_rest_framework_gives(sayings):
    assert explain(CompiledSayingSerializer).mode.startswith("rows")
    expected = SayingSerializer(sayings.all(), many=True).data
    assert CompiledSayingSerializer(sayings.all(), many=True).data == expected
    rows = CompiledSayingSerializer(sayings.all(), many=True).rows
    assert PyForgeJSONRenderer().render(rows) == JSONRenderer().render(expected)


def test_a_converter_that_comes_later_is_seen(sayings, monkeypatch):
    names = ["id", "before__rank"]
    serializer = CompiledSerializer.for_model(Saying, [*names, {"url": Link("int", pk="rank")}])
    for converter in (None, lambda value, *_: 77 if value is None else value * 2):
        if converter:
            monkeypatch.setattr(Saying._meta.get_field("rank"), "from_db_value", converter, raising=False)
        expected = [
            {**read(each, names), "url": None if each.rank is None else reverse("int", kwargs={"pk": each.rank})}
            for each in sayings.all()
        ]
        assert json.loads(serializer.dump_queryset(sayings.all())) == expected
