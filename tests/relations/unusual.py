"""Relations that few projects have, and Django allows: keys of every type, keys that are relations, proxies, through
models with fields of their own choosing, generic relations of all sorts, managers that do more than they should."""

import json
import uuid

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Slot(models.Model):
    """A key of two columns."""

    pk = models.CompositePrimaryKey("tenant", "number")
    tenant = models.IntegerField()
    number = models.IntegerField()
    author = models.ForeignKey("relations.Author", models.CASCADE, null=True, related_name="slots")
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text


class Employee(models.Model):
    """Its key is a relation."""

    person = models.OneToOneField("relations.Author", models.CASCADE, primary_key=True, related_name="employee")
    boss = models.ForeignKey("self", models.SET_NULL, null=True, related_name="staff")
    salary = models.DecimalField(max_digits=8, decimal_places=2, null=True)

    def __str__(self):
        return str(self.pk)


class Badge(models.Model):
    """Points to a key that is a relation; its own key is one, too."""

    employee = models.OneToOneField(Employee, models.CASCADE, primary_key=True)
    colleagues = models.ManyToManyField(Employee, related_name="badges")
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text


class Level(models.Model):
    """The grandparent, whose key has a name of its own."""

    level_key = models.AutoField(primary_key=True)
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class MiddleLevel(Level):
    up = models.OneToOneField(Level, models.CASCADE, parent_link=True, related_name="middle")
    friends = models.ManyToManyField(Level, related_name="liked_by")

    def __str__(self):
        return self.name


class LowLevel(MiddleLevel):
    """Two parents above."""

    best = models.ForeignKey(MiddleLevel, models.CASCADE, null=True, related_name="best_of")
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class LevelNote(models.Model):
    level = models.ForeignKey(LowLevel, models.CASCADE, related_name="level_notes")
    at_middle = models.ForeignKey(MiddleLevel, models.CASCADE, null=True)
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text


class Member(models.Model):
    """Through this, clubs are found by their slug and people by their name, and there are two keys to people."""

    club = models.ForeignKey("Club", models.CASCADE, to_field="slug", null=True)
    person = models.ForeignKey("Person", models.CASCADE, to_field="name", related_name="memberships")
    inviter = models.ForeignKey("Person", models.CASCADE, null=True, related_name="invitations")
    since = models.DateTimeField(null=True)

    def __str__(self):
        return str(self.pk)


class Person(models.Model):
    name = models.CharField(max_length=20, unique=True, null=True)  # noqa: DJ001
    knows = models.ManyToManyField(
        "self", through="Acquaintance", through_fields=("one", "other"), symmetrical=False, related_name="known_by"
    )

    def __str__(self):
        return str(self.name)


class Acquaintance(models.Model):
    one = models.ForeignKey(Person, models.CASCADE, related_name="+")
    other = models.ForeignKey(Person, models.CASCADE, related_name="+")
    witness = models.ForeignKey(Person, models.CASCADE, null=True, related_name="witnessed")

    def __str__(self):
        return str(self.pk)


class Club(models.Model):
    slug = models.SlugField(unique=True)
    people = models.ManyToManyField(Person, through=Member, through_fields=("club", "person"), related_name="clubs")

    class Meta:
        ordering = ("slug",)

    def __str__(self):
        return self.slug


class FewPeople(Person):
    """A proxy that others point to."""

    class Meta:
        proxy = True


class Fan(models.Model):
    idol = models.ForeignKey(FewPeople, models.CASCADE, related_name="fans")
    others = models.ManyToManyField(FewPeople, related_name="+")
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text


class Amount(models.Model):
    """Keys that are stored otherwise than they are read."""

    value = models.DecimalField(max_digits=6, decimal_places=2, unique=True)
    at = models.DateTimeField(unique=True)
    length = models.DurationField(unique=True)
    ratio = models.FloatField(unique=True)
    flag = models.BooleanField(unique=True, null=True)

    def __str__(self):
        return str(self.value)


class Bill(models.Model):
    amount = models.ForeignKey(Amount, models.CASCADE, to_field="value", null=True, related_name="bills")
    moment = models.ForeignKey(Amount, models.CASCADE, to_field="at", null=True, related_name="bills_at")
    length = models.ForeignKey(Amount, models.CASCADE, to_field="length", null=True, related_name="bills_of_length")
    ratio = models.ForeignKey(Amount, models.CASCADE, to_field="ratio", null=True, related_name="bills_of_ratio")
    flag = models.ForeignKey(Amount, models.CASCADE, to_field="flag", null=True, related_name="flagged")
    prices = models.ManyToManyField("Price", related_name="bills")
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text


class Price(models.Model):
    """A decimal as the key of a many-to-many relation."""

    value = models.DecimalField(max_digits=6, decimal_places=2, primary_key=True)

    def __str__(self):
        return str(self.value)


class Sticker(models.Model):
    """Belongs to a model's own class, proxies told apart, by a text."""

    text = models.CharField(max_length=40)
    kind = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    key = models.CharField(max_length=40, null=True)  # noqa: DJ001
    target = GenericForeignKey("kind", "key", for_concrete_model=False)

    class Meta:
        ordering = ("text", "pk")

    def __str__(self):
        return self.text


class Box(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20)
    stickers = GenericRelation(Sticker, "key", "kind", for_concrete_model=False)
    double = models.GeneratedField(
        expression=models.functions.Concat("name", "name"), output_field=models.TextField(), db_persist=True
    )

    def __str__(self):
        return self.name


class ProxyBox(Box):
    class Meta:
        proxy = True


class Decoded(json.JSONDecoder):
    def decode(self, s):
        return {"decoded": super().decode(s)}


class LoudManager(models.Manager):
    """Joins, prefetches, orders, leaves out columns, and adds some."""

    def get_queryset(self):
        return (
            super()
            .get_queryset()
            .select_related("box")
            .prefetch_related("box__stickers")
            .defer("data")
            .annotate(name_2=models.F("box__name"), box_id_2=models.F("box_id"))
            .order_by("-pk")
        )


class Item(models.Model):
    """What a table may have besides: odd columns, a name that is a word of SQL, another table's name."""

    box = models.ForeignKey(Box, models.CASCADE, db_column="the box", related_name="items")
    data = models.JSONField(decoder=Decoded, null=True)
    select = models.CharField(max_length=20, db_column="order by")
    flag = models.BooleanField(null=True)
    address = models.GenericIPAddressField(null=True)
    length = models.DurationField(null=True)
    time = models.TimeField(null=True)
    other_boxes = models.ManyToManyField(Box, db_table="the many boxes", related_name="other_items")

    objects = LoudManager()

    class Meta:
        db_table = "an item"

    def __str__(self):
        return self.select


class ListIterable(models.query.ModelIterable):
    """Rows of its own making: every other one."""

    def __iter__(self):
        for number, row in enumerate(super().__iter__()):
            if number % 2 == 0:
                yield row


class HalfQuerySet(models.QuerySet):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._iterable_class = ListIterable


class Half(models.Model):
    """Its QuerySet has an iterable of its own: Django's path."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="halves")
    text = models.CharField(max_length=20)

    objects = HalfQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)

    def __str__(self):
        return self.text
