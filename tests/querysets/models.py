"""Models of both databases: every type of column, every sort of relation, every sort of inheritance."""

import uuid

from django.db import models
from django.db.models import CompositePrimaryKey, F, GeneratedField
from django.db.models.functions import Upper

from tests.querysets import fields


class Scalars(models.Model):
    """Every field of Django that is one column and that JSON can carry."""

    big = models.BigIntegerField(null=True)
    boolean = models.BooleanField(null=True)
    char = models.CharField(max_length=80)
    date = models.DateField(null=True)
    decimal = models.DecimalField(max_digits=9, decimal_places=2, null=True)
    duration = models.DurationField(null=True)
    email = models.EmailField(null=True)  # noqa: DJ001
    file = models.FileField(upload_to="files", null=True)
    fine = models.DecimalField(max_digits=14, decimal_places=10, null=True)
    float = models.FloatField(null=True)
    image = models.ImageField(upload_to="images", null=True)
    integer = models.IntegerField(null=True)
    ip = models.GenericIPAddressField(null=True)
    ip4 = models.GenericIPAddressField(protocol="IPv4", null=True)
    json = models.JSONField(null=True)
    moment = models.DateTimeField(null=True)
    path = models.FilePathField(null=True)  # noqa: DJ001
    positive = models.PositiveIntegerField(null=True)
    positive_big = models.PositiveBigIntegerField(null=True)
    positive_small = models.PositiveSmallIntegerField(null=True)
    slug = models.SlugField(null=True)  # noqa: DJ001
    small = models.SmallIntegerField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001
    time = models.TimeField(null=True)
    url = models.URLField(null=True)  # noqa: DJ001
    uuid = models.UUIDField(null=True)
    whole = models.DecimalField(max_digits=12, decimal_places=0, null=True)

    def __str__(self):
        return self.char


class Customs(models.Model):
    """Fields of projects, and the JSONFields that are not read as plain ones."""

    id = models.SmallAutoField(primary_key=True)
    unchanged = fields.Unchanged(max_length=40)
    backwards = fields.Backwards(max_length=40, null=True)
    angry = fields.Angry(max_length=40, default="calm")
    loud = fields.Loud(max_length=40, null=True)
    naked = fields.Naked(null=True)
    borrowed = fields.Borrowed(null=True)
    lent = fields.Lent(null=True)
    cents = fields.Cents(max_digits=9, decimal_places=2, null=True)
    year = fields.Year(null=True)
    weekday = fields.Weekdays(null=True)
    document = fields.Document(null=True)
    wrapped = fields.Wrapped(null=True)
    decoded = models.JSONField(decoder=fields.Shouting, null=True)
    encoded = models.JSONField(encoder=fields.Encoded, null=True)

    def __str__(self):
        return self.unchanged


class Names(models.Model):
    """Names that a careless query or a careless key would trip over."""

    id = models.AutoField(primary_key=True)
    t = models.CharField(max_length=10)
    spaced = models.DateTimeField(db_column="a column", null=True)
    order = models.DecimalField(db_column="order", max_digits=6, decimal_places=2, null=True)
    größe = models.DateField(db_column="gr\u00f6\u00dfe", null=True)
    select = models.TimeField(db_column="select", null=True)

    def __str__(self):
        return self.t


class Country(models.Model):
    code = models.CharField(max_length=2, primary_key=True)

    def __str__(self):
        return self.code


class Town(models.Model):
    """A UUID for its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40)
    country = models.ForeignKey(Country, models.CASCADE)

    def __str__(self):
        return self.name


class Street(models.Model):
    """Has a key, but is named by its slug."""

    slug = models.SlugField(unique=True)
    town = models.ForeignKey(Town, models.CASCADE, null=True, related_name="streets")

    def __str__(self):
        return self.slug


class House(models.Model):
    """Its key is the key of another table; it names its street by `to_field`."""

    town = models.OneToOneField(Town, models.CASCADE, primary_key=True)
    street = models.ForeignKey(Street, models.CASCADE, to_field="slug", null=True)

    def __str__(self):
        return str(self.pk)


class Instant(models.Model):
    at = models.DateTimeField(primary_key=True)

    def __str__(self):
        return str(self.at)


class Amount(models.Model):
    value = models.DecimalField(primary_key=True, max_digits=8, decimal_places=3)

    def __str__(self):
        return str(self.value)


class Deed(models.Model):
    """Foreign keys whose columns are of all types; that of `house` is a UUID, two tables away."""

    house = models.ForeignKey(House, models.CASCADE, null=True)
    instant = models.ForeignKey(Instant, models.CASCADE, null=True)
    amount = models.ForeignKey(Amount, models.CASCADE, null=True)
    towns = models.ManyToManyField(Town)

    def __str__(self):
        return str(self.pk)


class Place(models.Model):
    name = models.CharField(max_length=40)
    opened = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self):
        return self.name


class Restaurant(Place):
    """Multi-table inheritance."""

    serves = models.JSONField(default=list)


class Diner(Restaurant):
    """Three tables."""

    rent = models.DecimalField(max_digits=7, decimal_places=2)


class OldPlace(Place):
    class Meta:
        proxy = True


class Stamped(models.Model):
    created = models.DateTimeField()

    class Meta:
        abstract = True


class Letter(Stamped):
    subject = models.CharField(max_length=40)

    def __str__(self):
        return self.subject


class Box(models.Model):
    """Columns that the database computes."""

    name = models.CharField(max_length=20)
    width = models.IntegerField()
    price = models.DecimalField(max_digits=7, decimal_places=2)
    packed = models.DateTimeField(null=True)
    area = GeneratedField(expression=F("width") * F("width"), output_field=models.IntegerField(), db_persist=True)
    double = GeneratedField(
        expression=F("price") * 2,
        output_field=models.DecimalField(max_digits=8, decimal_places=2),
        db_persist=True,
    )
    label = GeneratedField(expression=Upper("name"), output_field=models.CharField(max_length=20), db_persist=True)
    again = GeneratedField(expression=F("packed"), output_field=models.DateTimeField(), db_persist=True)

    def __str__(self):
        return self.name


class Seat(models.Model):
    pk = CompositePrimaryKey("room", "number")
    room = models.IntegerField()
    number = models.IntegerField()
    taken = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.room}/{self.number}"


class EventQuerySet(models.QuerySet):
    def dear(self):
        return self.filter(price__gt=2)


class Event(models.Model):
    """What queries are made of: groups, prices, moments, and indexes for their plans."""

    kind = models.CharField(max_length=10, db_index=True)
    price = models.DecimalField(max_digits=9, decimal_places=2, null=True, db_index=True)
    score = models.FloatField(default=0.5)
    number = models.IntegerField(default=1)
    live = models.BooleanField(default=True)
    at = models.DateTimeField(db_index=True)
    day = models.DateField(db_index=True)
    clock = models.TimeField(db_index=True)
    length = models.DurationField(null=True)
    data = models.JSONField(default=dict)
    key = models.UUIDField(default=uuid.uuid4, db_index=True)
    before = models.ForeignKey("self", models.SET_NULL, null=True, related_name="after")

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["kind", "at"], name="querysets_event_kind_at"),)

    def __str__(self):
        return self.kind


class Stored(models.Model):
    """Columns without a CHECK, filled with raw SQL by other programs; see `test_stored.py`."""

    boolean = models.BooleanField(null=True)
    date = models.DateField(null=True)
    decimal = models.DecimalField(max_digits=9, decimal_places=2, null=True)
    fine = models.DecimalField(max_digits=14, decimal_places=10, null=True)
    duration = models.DurationField(null=True)
    float = models.FloatField(null=True)
    integer = models.IntegerField(null=True)
    json = models.JSONField(null=True)
    moment = models.DateTimeField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001
    time = models.TimeField(null=True)
    uuid = models.UUIDField(null=True)
    ip = models.GenericIPAddressField(null=True)

    class Meta:
        managed = False

    def __str__(self):
        return str(self.pk)
