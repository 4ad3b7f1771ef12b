"""Models with relations, inheritance, composite keys, computed columns; some are under the mixin themselves."""

import uuid

from django.core import validators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CompositePrimaryKey, F, GeneratedField, Q
from django.db.models.functions import Now, Upper

from pyforge_web.validators import CompiledModelMixin
from tests.validation import own
from tests.validation.record import called


def adults():
    called("limit_choices_to")
    return {"age__gte": 18}


class Owner(models.Model):
    name = models.CharField(max_length=10)
    age = models.IntegerField(default=20)
    slug = models.SlugField(unique=True)

    class Meta:
        app_label = "validation"

    def __str__(self):
        return self.name


class Key(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    def __str__(self):
        return str(self.id)


class Pet(models.Model):
    """Foreign keys of every sort."""

    owner = models.ForeignKey(Owner, models.CASCADE)
    second = models.ForeignKey(Owner, models.CASCADE, null=True, blank=True, related_name="+")
    nullable = models.ForeignKey(Owner, models.CASCADE, null=True, related_name="+")
    by_slug = models.ForeignKey(Owner, models.CASCADE, to_field="slug", null=True, blank=True, related_name="+")
    adult = models.ForeignKey(
        Owner, models.CASCADE, null=True, blank=True, limit_choices_to=adults, related_name="+", validators=[own.accept]
    )
    young = models.ForeignKey(
        Owner, models.CASCADE, null=True, blank=True, limit_choices_to=Q(age__lt=30), related_name="+", db_column="y"
    )
    key = models.ForeignKey(Key, models.CASCADE, null=True, blank=True, error_messages={"invalid": "no %(value)s"})
    chosen = models.ForeignKey(Owner, models.CASCADE, null=True, blank=True, choices=[(1, "one")], related_name="+")
    hidden = models.ForeignKey(Owner, models.CASCADE, null=True, editable=False, related_name="+")
    tag = models.OneToOneField(Key, models.CASCADE, null=True, blank=True, related_name="+")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True)
    friends = models.ManyToManyField("self")
    name = models.CharField(max_length=5, blank=True)

    def __str__(self):
        return self.name


class Place(models.Model):
    name = models.CharField(max_length=5)
    opened = models.DateField(null=True, blank=True)

    def __str__(self):
        return self.name


class Restaurant(Place):
    stars = models.PositiveSmallIntegerField(validators=[validators.MaxValueValidator(5)], null=True)


class Diner(CompiledModelMixin, Restaurant):
    """Three tables, under the mixin."""

    place = models.OneToOneField(Restaurant, models.CASCADE, parent_link=True, primary_key=True)
    rent = models.DecimalField(max_digits=5, decimal_places=2)


class OldPlace(Place):
    class Meta:
        proxy = True


class Stamped(models.Model):
    created = models.DateTimeField()
    note = models.CharField(max_length=3, blank=True)

    class Meta:
        abstract = True


class Letter(CompiledModelMixin, Stamped):
    subject = models.CharField(max_length=5)
    note = models.CharField(max_length=2, null=True)  # noqa: DJ001

    def __str__(self):
        return self.subject


class Seat(models.Model):
    pk = CompositePrimaryKey("room", "number")
    room = models.CharField(max_length=2)
    number = models.IntegerField(validators=[validators.MinValueValidator(1)])
    taken = models.BooleanField()

    def __str__(self):
        return f"{self.room}/{self.number}"


class Box(models.Model):
    name = models.CharField(max_length=3)
    label = GeneratedField(expression=Upper("name"), output_field=models.CharField(max_length=3), db_persist=True)
    width = models.IntegerField(db_default=5)
    area = GeneratedField(expression=F("width") * F("width"), output_field=models.IntegerField(), db_persist=True)
    made = models.DateTimeField(db_default=Now())
    note = models.CharField(max_length=3, db_default="abcdef", blank=True)

    def __str__(self):
        return self.name


class Film(models.Model):
    """Files, and a path of one."""

    file = models.FileField(validators=[validators.FileExtensionValidator(["txt", "MP4"])])
    poster = models.ImageField(blank=True, max_length=5)
    path = models.FilePathField(path="/", blank=True)
    title = models.CharField(max_length=5)

    def __str__(self):
        return self.title


class Ticket(models.Model):
    """What comes after the fields: `clean`, unique columns, constraints."""

    code = models.CharField(max_length=5, unique=True, error_messages={"unique": "taken", "max_length": "long"})
    row = models.IntegerField(validators=[validators.MinValueValidator(1)])
    seat = models.IntegerField(null=True, blank=True)
    day = models.DateField(unique_for_date="day", null=True, blank=True)
    price = models.DecimalField(max_digits=5, decimal_places=2)
    email = models.EmailField(blank=True)

    class Meta:
        unique_together = (("row", "seat"),)
        constraints = (models.CheckConstraint(condition=Q(price__gt=0), name="validation_price"),)

    def __str__(self):
        return self.code

    def clean(self):
        called("clean", self.row)
        if self.code == "bad":
            raise ValidationError({"row": ValidationError("not with %(code)s", params={"code": self.code})})


class CompiledTicket(CompiledModelMixin, Ticket):
    class Meta:
        proxy = True
