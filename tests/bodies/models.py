"""Models for documents: every sort of field that may be set, must not be set, or needs the instance."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now, Upper


def not_admin(value):
    """A validator of the project."""
    if value == "admin":
        raise ValidationError("Reserved: %(value)s.", code="reserved", params={"value": value})


def broken(value):
    """A validator of the project with a fault of its own."""
    return value["no such key"]


class Even(models.IntegerField):
    """A field of the project that looks at the instance."""

    def clean(self, value, model_instance):
        value = super().clean(value, model_instance)
        if value is not None and value % 2 and not model_instance.note:
            raise ValidationError("Odd numbers need a note.", code="odd")
        return value


class Shelf(models.Model):
    code = models.CharField(max_length=4, primary_key=True)

    def __str__(self):
        return self.code


class Item(models.Model):
    """Every field that Rust may judge, with rules, choices, defaults; and those that documents may not set."""

    name = models.CharField("the name", max_length=10, validators=[not_admin])
    slug = models.SlugField(blank=True)
    size = models.CharField(max_length=2, choices={"s": "small", "l": "large"}, default="s")
    code = models.CharField(max_length=6, blank=True, validators=[RegexValidator(r"\A[A-Z]+\Z", "Capitals.", "caps")])
    count = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1)])
    big = models.BigIntegerField(null=True, blank=True)
    ratio = models.FloatField(null=True, blank=True)
    price = models.DecimalField(max_digits=6, decimal_places=2)
    live = models.BooleanField(default=True)
    maybe = models.BooleanField(null=True)
    day = models.DateField(null=True, blank=True)
    moment = models.DateTimeField(null=True, blank=True)
    hour = models.TimeField(null=True, blank=True)
    span = models.DurationField(null=True, blank=True)
    uid = models.UUIDField(default=uuid.UUID(int=7))
    email = models.EmailField(blank=True)
    url = models.URLField(blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    note = models.TextField(null=True, blank=True)  # noqa: DJ001
    shelf = models.ForeignKey(Shelf, models.CASCADE, null=True, blank=True)
    # Not to be set by a document that does not name them.
    made = models.DateTimeField(auto_now_add=True)
    secret = models.CharField(max_length=5, editable=False, default="hush")
    raw = models.BinaryField(null=True, blank=True)
    file = models.FileField(upload_to="files", blank=True)
    loud = models.GeneratedField(
        expression=Upper("name"), output_field=models.CharField(max_length=10), db_persist=True
    )

    def __str__(self):
        return self.name


class Crate(Item):
    """A child of a table of its own."""

    weight = models.FloatField()


class Stamped(models.Model):
    """A default that the database computes."""

    title = models.CharField(max_length=10, unique=True)
    at = models.DateTimeField(db_default=Now())
    level = models.IntegerField(db_default=5)

    def __str__(self):
        return self.title


class Pair(models.Model):
    """A field that looks at the others."""

    note = models.CharField(max_length=10, blank=True)
    number = Even()

    def __str__(self):
        return str(self.number)


class Faulty(models.Model):
    """A validator that fails by itself."""

    name = models.CharField(max_length=10, validators=[broken])

    def __str__(self):
        return self.name


class Stripped(models.Model):
    """Values change as they are assigned."""

    name = models.CharField(max_length=5)
    second = models.CharField(max_length=5, default=" two ")

    def __setattr__(self, name, value):
        super().__setattr__(name, value.strip() if isinstance(value, str) else value)

    def __str__(self):
        return self.name


class Judged(models.Model):
    """A `clean_fields` of its own, which Django would call."""

    name = models.CharField(max_length=5)
    second = models.IntegerField(default=1)

    def __str__(self):
        return self.name

    def clean_fields(self, exclude=None):
        super().clean_fields(exclude)
        if self.name == "never":
            raise ValidationError({"name": ValidationError("Never.", code="never")})
        self.name = self.name.upper()


class Named(models.Model):
    """A primary key of the project's own, and a foreign key to a unique column."""

    id = models.UUIDField(primary_key=True, default=uuid.UUID(int=1))
    stamp = models.ForeignKey(Stamped, models.CASCADE, to_field="title", related_name="+")
    other = models.OneToOneField(Shelf, models.CASCADE, null=True, blank=True, limit_choices_to={"code__lt": "m"})

    def __str__(self):
        return str(self.id)


def called_limit():
    return {"code__gt": "b"}


def not_seven(value):
    """A validator of a key."""
    if value == 7:
        raise ValidationError("Not seven.", code="seven")


class Linked(models.Model):
    """Foreign keys of every sort."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="+")
    optional = models.ForeignKey(Item, models.CASCADE, null=True, blank=True, related_name="+")
    shelf = models.ForeignKey(Shelf, models.CASCADE, blank=True, default="", related_name="+")
    by_call = models.ForeignKey(
        Shelf, models.CASCADE, null=True, blank=True, limit_choices_to=called_limit, related_name="+"
    )
    checked = models.ForeignKey(Item, models.CASCADE, null=True, blank=True, validators=[not_seven], related_name="+")
    preset = models.ForeignKey(Shelf, models.CASCADE, db_default="zz", related_name="+")
    number = models.IntegerField(default=1)
    named = models.ForeignKey(
        Named, models.CASCADE, null=True, blank=True, related_name="+", error_messages={"invalid": "No %(pk)s here."}
    )

    def __str__(self):
        return str(self.number)


class LinkedPair(Pair):
    """A foreign key beside a field that looks at the instance."""

    shelf = models.ForeignKey(Shelf, models.CASCADE)

    def __str__(self):
        return str(self.shelf_id)


class StrictKey(models.ForeignKey):
    """A foreign key of the project that looks at its row."""

    def validate(self, value, model_instance):
        super().validate(value, model_instance)
        if self.remote_field.model.objects.get(pk=value).name == "two":
            raise ValidationError("Not two in %(row)s", code="two", params={"row": model_instance.title})


class Strict(models.Model):
    """Foreign keys whose own code validates them."""

    title = models.CharField(max_length=3)
    item = StrictKey(Item, models.CASCADE, related_name="+")
    other = StrictKey(Item, models.CASCADE, related_name="+", null=True, blank=True)

    def __str__(self):
        return self.title
