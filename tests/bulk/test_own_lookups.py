"""What decides which stored rows Django meets: managers, QuerySets, lookups and checks of a project."""

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import Count, UniqueConstraint
from django.utils.functional import SimpleLazyObject

from pyforge_web import bulk_create_validated, validate_many
from tests.bulk.models import Maker, Uniques
from tests.bulk.oracle import assert_like_django, clean_by_django, state

pytestmark = pytest.mark.django_db(databases="__all__")


class OwnAll(models.Manager):
    def all(self):
        return super().all().filter(gone=False)


class OwnFilter(models.Manager):
    def filter(self, *args, **kwargs):
        return super().filter(*args, **kwargs).filter(gone=False)


class Rewriting(models.QuerySet):
    def filter(self, *args, **kwargs):
        if "name" in kwargs:
            kwargs["name__iexact"] = kwargs.pop("name")
        return super().filter(*args, **kwargs)


class Counting(models.Manager):
    def get_queryset(self):
        return super().get_queryset().annotate(held=Count("held_by"))


class Kept(models.Model):
    """What the models below share."""

    name = models.CharField(max_length=9, unique=True)
    number = models.IntegerField(default=0)
    gone = models.BooleanField(default=False)

    class Meta:
        abstract = True
        app_label = "bulk"
        constraints = (
            UniqueConstraint(fields=["number"], name="%(class)s_number"),
            UniqueConstraint(fields=["name", "number"], name="%(class)s_both"),
        )

    def __str__(self):
        return self.name


class KeptByAll(Kept):
    objects = OwnAll()


class KeptByFilter(Kept):
    objects = OwnFilter()


class KeptByQuerySet(Kept):
    objects = Rewriting.as_manager()


class KeptByClass(Kept):
    objects = models.manager.BaseManager.from_queryset(models.QuerySet)()


class Counted(Kept):
    objects = Counting()

    class Meta(Kept.Meta):
        base_manager_name = "objects"


class Holder(models.Model):
    counted = models.ForeignKey(Counted, models.CASCADE, related_name="held_by", db_constraint=False)

    class Meta:
        app_label = "bulk"

    def __str__(self):
        return str(self.counted_id)


class Draft(Kept):
    """A draft may repeat what is there."""

    day = models.IntegerField(default=0, unique_for_date="published")
    published = models.DateField(null=True)

    def _get_unique_checks(self, exclude=None, include_meta_constraints=False):
        checks = super()._get_unique_checks(exclude, include_meta_constraints)
        return ([], []) if self.gone else checks

    def get_constraints(self):
        return [] if self.gone else super().get_constraints()


class Folding(models.Lookup):
    """An `exact` of a project."""

    lookup_name = "exact"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        (left, left_params), (right, right_params) = (
            self.process_lhs(compiler, connection),
            self.process_rhs(compiler, connection),
        )
        return f"UPPER({left}) = UPPER({right})", (*left_params, *right_params)


class FoldedName(models.Model):
    name = models.CharField(max_length=9, unique=True)

    class Meta:
        app_label = "bulk"

    def __str__(self):
        return self.name


FoldedName._meta.get_field("name").register_lookup(Folding)


class ToFolded(models.Model):
    name = models.ForeignKey(FoldedName, models.CASCADE, to_field="name", db_constraint=False)

    class Meta:
        app_label = "bulk"

    def __str__(self):
        return self.name_id


class Judging(models.Field):
    def validate(self, value, model_instance):
        super().validate(value, model_instance)
        if value == 2:
            raise ValidationError("Not two.", code="judged")


class JudgedKey(models.ForeignKey, Judging):
    """What judges stands behind Django's class, whose `super()` calls it."""


class Judged(models.Model):
    maker = JudgedKey(Maker, models.CASCADE, db_constraint=False)

    class Meta:
        app_label = "bulk"

    def __str__(self):
        return str(self.maker_id)


@pytest.mark.parametrize("model", [KeptByAll, KeptByFilter, KeptByQuerySet, KeptByClass, Counted])
def test_managers_and_querysets(alias, model):
    model._base_manager.create(name="gone", number=1, gone=True)
    model._base_manager.create(name="here", number=2)
    pairs = [("gone", 5), ("Gone", 6), ("here", 7), ("HERE", 8), ("x", 1), ("y", 2), ("here", 2), ("new", 9)]
    assert_like_django(lambda: [model(name=name, number=number) for name, number in pairs], alias)


def test_target_that_is_counted(alias):
    """Its base manager groups its rows."""
    one, two = (Counted.objects.create(name=name, number=n) for n, name in enumerate("ab"))
    Holder.objects.bulk_create([Holder(counted=two), Holder(counted=two)])
    assert_like_django(lambda: [Holder(counted_id=key) for key in (one.pk, two.pk, 9_999)], alias)


@pytest.mark.parametrize("step", [1, -1])
def test_checks_that_only_some_rows_have(alias, step):
    Draft.objects.create(name="here", number=1)
    values = [("a", 5, 1), ("a", 5, 1), ("a", 6, 0), ("b", 5, 0), ("b", 5, 0), ("here", 1, 1), ("here", 1, 0)]

    def make():
        rows = [
            Draft(name=name, number=number, gone=gone, day=1, published="2026-01-02") for name, number, gone in values
        ]
        return [*rows, Draft(name="far too long", number=5)][::step]

    assert_like_django(make, alias)


def test_exact_of_the_project(alias):
    FoldedName.objects.create(name="Abc")
    assert_like_django(lambda: [FoldedName(name=name) for name in ("abc", "y")], alias)
    for keys in (("abc", "Abc", "x"), ("abc", "x")):
        assert_like_django(lambda keys=keys: [ToFolded(name_id=key) for key in keys], alias)


def test_a_field_behind_the_foreign_key(alias):
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 4))
    assert_like_django(lambda: [Judged(maker_id=key) for key in (1, 2, "2", 3, 99, None)], alias)


def test_instances_behind_a_lazy_object(alias):
    """As `request.user` is one."""

    def make():
        return [Uniques(sku="a", number="4"), Uniques(sku="a"), Uniques(sku="a" * 40)]

    theirs, expected = clean_by_django(make, alias)
    rows = make()
    result = validate_many(SimpleLazyObject(lambda row=row: row) for row in rows)
    assert {row: error.messages for row, error in result.errors.items()} == {
        row: error.messages for row, error in expected.items()
    }
    assert [*map(state, rows)] == [*map(state, theirs)]


def test_exclude_that_can_be_read_once(alias):
    def make():
        return [Uniques(sku="a" * 50), Uniques(sku="b" * 50, kind="x")]

    _, expected = clean_by_django(make, alias, exclude=["sku"])
    result = validate_many(make(), exclude=iter(["sku"]))
    assert {row: error.messages for row, error in result.errors.items()} == {
        row: error.messages for row, error in expected.items()
    }
    with pytest.raises(FieldError, match="exclude has 'sku_no'"):
        validate_many(make(), exclude=iter(["sku_no"]))


@pytest.mark.parametrize("name", ["uniqe", "conflicts"])
def test_options_that_there_are_not(alias, name):
    with pytest.raises(TypeError, match=rf"^bulk_create_validated\(\) got an unexpected keyword argument '{name}'"):
        bulk_create_validated(Uniques.objects, [Uniques(sku="a")], **{name: True})
