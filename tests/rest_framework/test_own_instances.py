"""Models that make their instances in their own way: DRF serializes them, and `explain()` says why."""

from unittest import mock

import pytest
from django.db import models
from django.utils.functional import cached_property
from rest_framework import fields, relations

from pyforge_web.rest_framework import explain, reads
from tests.relations import models as m
from tests.rest_framework.test_reasons import MIXINS, assert_as_drf, field, make

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


class NotAnn(models.Manager):
    def get_queryset(self):
        return super().get_queryset().exclude(name__startswith="A")


def hiding_manager():
    manager = NotAnn()
    manager.model = m.Author
    return manager


def shout(cls, db, names, values):
    made = models.Model.from_db.__func__(cls, db, names, values)
    made.name = made.name.upper()
    return made


CHANGES = {
    "from_db": (m.Author, "from_db", lambda: classmethod(shout), "Author"),
    "init": (
        m.Author,
        "__init__",
        lambda: lambda self, *args, **kwargs: models.Model.__init__(self, *args, **kwargs),
        "Author",
    ),
    "getattr": (m.Author, "__getattr__", lambda: lambda self, name: f"no {name}", "Author.__getattr__ is its own"),
    "pk": (m.Author, "pk", lambda: cached_property(lambda self: f"key {self.id}"), "Author.pk is its own"),
    "metaclass": (
        models.base.ModelBase,
        "__call__",
        lambda: lambda cls, *args, **kwargs: type.__call__(cls, *args, **kwargs),
        "",
    ),
    "base manager": (m.Author._meta, "base_manager", hiding_manager, "Author has a base manager of its own"),
}


@pytest.mark.parametrize("shape", ["itself", "nested", "dotted", "keys", "list"])
@pytest.mark.parametrize("change", CHANGES)
def test_model_that_makes_instances_in_its_own_way(change, shape):
    model, attributes = {
        "itself": (m.Author, lambda: field(fields.CharField(source="name"))),
        "nested": (m.Article, lambda: field(make((), m.Author, ["pk", "name"])(source="author"))),
        "dotted": (m.Article, lambda: field(fields.CharField(source="author.name"))),
        "keys": (m.Country, lambda: field(relations.StringRelatedField(source="authors", many=True))),
        "list": (m.Country, lambda: field(make((), m.Author, ["name"])(source="authors", many=True, read_only=True))),
    }[shape]

    def make_kind(mixins):
        return make(mixins, model, ["pk", "found"], **attributes())

    before = assert_as_drf(make_kind, model.objects.order_by("pk"))
    owner, name, value, reason = CHANGES[change]
    with mock.patch.object(owner, name, value(), create=True):
        found = explain(make_kind(MIXINS), model.objects.all()).reason
        if change != "base manager" or shape in ("nested", "dotted"):
            assert reason in found
        after = assert_as_drf(make_kind, model.objects.order_by("pk"))
    assert change not in ("from_db", "base manager") or shape in ("itself", "keys", "list") or before != after


@pytest.mark.parametrize("name", ["code", "name"])
def test_text_that_is_a_column_that_may_be_null(name):
    def make_kind(mixins):
        return make(mixins, m.Book, ["pk", "shelf"], shelf=relations.StringRelatedField())

    with mock.patch.object(m.Shelf, "__str__", lambda self: self.code):
        assert "__str__ may return None" in explain(make_kind(MIXINS)).reason
        assert_as_drf(make_kind, m.Book.objects.order_by("pk"))
    with mock.patch.object(m.Shelf, "__str__", reads("code")(lambda self: f"shelf {self.code}")):
        assert explain(make_kind(MIXINS)).reason == ""
        assert_as_drf(make_kind, m.Book.objects.order_by("pk"))


class Hiding(models.QuerySet):
    def _fetch_all(self):
        super()._fetch_all()
        self._result_cache = [row for row in self._result_cache if row.pk % 2]


def test_manager_that_gives_another_queryset_later():
    def make_kind(mixins):
        comments = make(mixins, m.Comment, ["text"])(many=True, read_only=True)
        return make(mixins, m.Article, ["id", "comments"], comments=comments)

    kinds = {bool(mixins): make_kind(mixins) for mixins in ((), MIXINS)}
    before = assert_as_drf(lambda mixins: kinds[bool(mixins)], m.Article.objects.order_by("pk"))
    with mock.patch.object(m.VisibleManager, "get_queryset", lambda self: Hiding(self.model, using=self._db)):
        after = assert_as_drf(lambda mixins: kinds[bool(mixins)], m.Article.objects.order_by("pk"))
    assert after != before


@pytest.mark.parametrize("is_list", [True, False])
def test_relation_that_leads_back_through_a_generic_one(is_list):
    def make_kind(mixins):
        article = make(mixins, m.Article, ["title"])(many=is_list, read_only=True)
        return make(mixins, m.Note, ["text", "article"], article=article)

    assert "read backwards" in explain(make_kind(MIXINS)).reason or not is_list
    assert_as_drf(make_kind, m.Note.objects.order_by("pk"))
