"""Models of PostgreSQL alone; the router of `tests.querysets.routers` keeps their tables away from SQLite."""

from django.contrib.postgres import fields as postgres
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tests.querysets import fields


class CIText(models.TextField):
    """A text of the extension citext, as projects declare it since Django left its own field out."""

    def db_type(self, connection):
        return "citext"


class Arrays(models.Model):
    """Arrays of every kind, beside scalars of the same kinds."""

    integers = postgres.ArrayField(models.IntegerField(), null=True)
    floats = postgres.ArrayField(models.FloatField(), null=True)
    texts = postgres.ArrayField(models.TextField(), null=True)
    matrix = postgres.ArrayField(postgres.ArrayField(models.IntegerField()), null=True)
    moments = postgres.ArrayField(models.DateTimeField(), null=True)
    days = postgres.ArrayField(models.DateField(), null=True)
    times = postgres.ArrayField(models.TimeField(), null=True)
    prices = postgres.ArrayField(models.DecimalField(max_digits=9, decimal_places=2), null=True)
    uuids = postgres.ArrayField(models.UUIDField(), null=True)
    flags = postgres.ArrayField(models.BooleanField(), null=True)
    durations = postgres.ArrayField(models.DurationField(), null=True)
    addresses = postgres.ArrayField(models.GenericIPAddressField(), null=True)
    documents = postgres.ArrayField(models.JSONField(), null=True)
    backwards = postgres.ArrayField(fields.Backwards(max_length=20), null=True)
    moment = models.DateTimeField(null=True)
    price = models.DecimalField(max_digits=9, decimal_places=2, null=True)
    day = models.DateField(null=True)

    def __str__(self):
        return str(self.pk)


class Extras(models.Model):
    """The other types of django.contrib.postgres that JSON can carry."""

    pairs = postgres.HStoreField(null=True)
    list_of_pairs = postgres.ArrayField(postgres.HStoreField(), null=True)
    name = CIText(null=True)
    search = SearchVectorField(null=True)

    def __str__(self):
        return str(self.pk)


class Ranges(models.Model):
    """Ranges, which JSON cannot carry."""

    integers = postgres.IntegerRangeField(null=True)
    bigs = postgres.BigIntegerRangeField(null=True)
    decimals = postgres.DecimalRangeField(null=True)
    moments = postgres.DateTimeRangeField(null=True)
    days = postgres.DateRangeField(null=True)
    moment = models.DateTimeField(null=True)

    def __str__(self):
        return str(self.pk)
