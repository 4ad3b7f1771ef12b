"""Models of the tests: a plain one with relations, one with every scalar field, and those that hold secrets."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=60)
    born = models.DateField(null=True)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=30)

    def __str__(self):
        return self.name


class Article(models.Model):
    title = models.CharField(max_length=120)
    live = models.BooleanField(default=True)
    published = models.DateTimeField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default="1.50")
    author = models.ForeignKey(Author, models.CASCADE, related_name="articles")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="+")
    tags = models.ManyToManyField(Tag, related_name="articles")

    class Meta:
        ordering = ("pk",)

    def __str__(self):
        return self.title


class Everything(models.Model):
    """Every scalar field of Django that JSON can carry."""

    big = models.BigIntegerField(default=2**62)
    boolean = models.BooleanField(null=True)
    char = models.CharField(max_length=50, default="caf\u00e9 \U0001f600")
    date = models.DateField(null=True)
    moment = models.DateTimeField(null=True)
    decimal = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    duration = models.DurationField(null=True)
    email = models.EmailField(blank=True)
    file = models.FileField(upload_to="files", blank=True)
    path = models.FilePathField(blank=True)
    float = models.FloatField(default=0.1)
    ip = models.GenericIPAddressField(null=True)
    integer = models.IntegerField(default=-5)
    json = models.JSONField(default=dict)
    positive_big = models.PositiveBigIntegerField(default=1)
    positive = models.PositiveIntegerField(default=2)
    positive_small = models.PositiveSmallIntegerField(default=3)
    slug = models.SlugField(blank=True)
    small = models.SmallIntegerField(default=4)
    text = models.TextField(default='a "quoted"\nline')
    time = models.TimeField(null=True)
    url = models.URLField(blank=True)
    uuid = models.UUIDField(default=uuid.uuid4)

    def __str__(self):
        return f"Everything {self.pk}"


class Blob(models.Model):
    """Bytes, which JSON cannot carry."""

    content = models.BinaryField()

    def __str__(self):
        return f"Blob {self.pk}"


class Member(AbstractBaseUser):
    """A user whose password column came with AbstractBaseUser, and is called what its author liked."""

    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"


class Door(models.Model):
    """A secret known by its column's name alone."""

    room = models.CharField(max_length=20)
    pin_code = models.CharField(max_length=8)

    def __str__(self):
        return self.room


class Shelf(models.Model):
    """What is shared by tokens: the keys of two relations are secrets."""

    room = models.CharField(max_length=20)

    def __str__(self):
        return self.room


class ShelfToken(models.Model):
    """As DRF's `Token`, whose key is its secret."""

    key = models.CharField(max_length=40, primary_key=True)
    shelf = models.ForeignKey(Shelf, models.CASCADE, related_name="shares")
    only = models.OneToOneField(Shelf, models.CASCADE, related_name="share")

    def __str__(self):
        return "a token"
