"""What the QuerySet suites read: a narrow table, one of fourteen mixed columns, one of JSON."""

from django.db import models


class Author(models.Model):
    """Whom `Wide.author` points to."""

    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class Narrow(models.Model):
    """Three columns."""

    name = models.CharField(max_length=20)
    views = models.IntegerField()

    def __str__(self) -> str:
        return self.name


class Wide(models.Model):
    """Fourteen columns, of all types that are common."""

    uuid = models.UUIDField()
    title = models.CharField(max_length=80)
    slug = models.SlugField()
    body = models.TextField()
    author = models.ForeignKey(Author, models.CASCADE)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    rating = models.FloatField()
    live = models.BooleanField()
    created = models.DateTimeField()
    day = models.DateField()
    opens = models.TimeField()
    length = models.DurationField()
    views = models.IntegerField()

    def __str__(self) -> str:
        return self.title


class Document(models.Model):
    """Five columns, three of them JSON: 1.2 KB together."""

    title = models.CharField(max_length=80)
    attributes = models.JSONField()
    tags = models.JSONField()
    history = models.JSONField()

    def __str__(self) -> str:
        return self.title
