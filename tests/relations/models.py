"""Models of every sort of relation: what a blog has, and what Django allows besides."""

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Country(models.Model):
    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=40)

    def __str__(self):
        return self.code


class Author(models.Model):
    """Has a secret column, a country that may be missing, and a mentor of its own kind."""

    name = models.CharField(max_length=40)
    password = models.CharField(max_length=40, default="hash")
    country = models.ForeignKey(Country, models.SET_NULL, null=True, related_name="authors")
    mentor = models.ForeignKey("self", models.SET_NULL, null=True, related_name="pupils")
    friends = models.ManyToManyField("self")
    born = models.DateField(null=True)

    def __str__(self):
        return self.name


class Profile(models.Model):
    """One to one; not every author has one."""

    author = models.OneToOneField(Author, models.CASCADE, related_query_name="bio")
    about = models.TextField()
    picture = models.FileField(upload_to="pictures", null=True)

    def __str__(self):
        return self.about


class Tag(models.Model):
    name = models.CharField(max_length=40)
    parent = models.ForeignKey("self", models.SET_NULL, null=True)

    class Meta:
        ordering = ("-name", "pk")

    def __str__(self):
        return self.name


class Article(models.Model):
    """The parent of most tests: columns of many types, each sort of relation."""

    title = models.CharField(max_length=80)
    body = models.TextField(default="long")
    price = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    published = models.DateTimeField(null=True)
    data = models.JSONField(default=dict)
    key = models.UUIDField(default=uuid.uuid4)
    author = models.ForeignKey(Author, models.CASCADE, related_name="articles")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    tags = models.ManyToManyField(Tag)
    contributors = models.ManyToManyField(Author, through="Contribution", related_name="contributed")
    see_also = models.ManyToManyField("self", symmetrical=False, related_name="seen_from")
    notes = GenericRelation("Note", related_query_name="article")
    labels = GenericRelation("Label")

    def __str__(self):
        return self.title


class Contribution(models.Model):
    """A through model with columns of its own, where a pair may stand twice."""

    article = models.ForeignKey(Article, models.CASCADE)
    author = models.ForeignKey(Author, models.CASCADE)
    role = models.CharField(max_length=20)

    def __str__(self):
        return self.role


class VisibleManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(hidden=False).annotate(twice=models.F("score") * 2)


class Comment(models.Model):
    """Ordered by default; its default manager leaves rows out and adds a value."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    writer = models.ForeignKey(Author, models.SET_NULL, null=True)
    answered = models.ForeignKey("self", models.SET_NULL, null=True, related_name="answers")
    text = models.CharField(max_length=80)
    score = models.IntegerField(default=0)
    hidden = models.BooleanField(default=False)
    at = models.DateTimeField(null=True)

    objects = VisibleManager()
    everything = models.Manager()  # noqa: DJ012

    class Meta:
        ordering = ("-score", "pk")
        base_manager_name = "everything"

    def __str__(self):
        return self.text


class Note(models.Model):
    """Belongs to anything."""

    text = models.CharField(max_length=40)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    subject = GenericForeignKey()

    def __str__(self):
        return self.text


class Label(models.Model):
    """The same with a text for the key."""

    text = models.CharField(max_length=40)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=40)
    subject = GenericForeignKey()

    class Meta:
        ordering = ("text",)

    def __str__(self):
        return self.text


class Place(models.Model):
    name = models.CharField(max_length=40)
    country = models.ForeignKey(Country, models.CASCADE)
    near = models.ManyToManyField("self")

    def __str__(self):
        return self.name


class Restaurant(Place):
    """Multi-table inheritance: its key is that of the place."""

    stars = models.IntegerField(default=0)
    notes = GenericRelation(Note)

    def __str__(self):
        return self.name


class Dish(models.Model):
    name = models.CharField(max_length=40)
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="dishes")
    favourite_of = models.ForeignKey(Place, models.CASCADE, null=True, related_name="favourites")

    def __str__(self):
        return self.name


class OldPlace(Place):
    class Meta:
        proxy = True


class Shelf(models.Model):
    """Named by its code, also by those that point to it."""

    code = models.SlugField(unique=True, null=True)  # noqa: DJ001

    def __str__(self):
        return str(self.code)


class Book(models.Model):
    shelf = models.ForeignKey(Shelf, models.CASCADE, to_field="code", null=True, related_name="books")
    title = models.CharField(max_length=40)
    readers = models.ManyToManyField("Owner", through="Loan", related_name="read")

    def __str__(self):
        return self.title


class Owner(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40)

    def __str__(self):
        return self.name


class Loan(models.Model):
    """Its own keys point to columns that are not the primary ones."""

    book = models.ForeignKey(Book, models.CASCADE)
    owner = models.ForeignKey(Owner, models.CASCADE)
    since = models.DateField(null=True)

    def __str__(self):
        return str(self.pk)


class Pet(models.Model):
    name = models.CharField(max_length=40)
    owner = models.ForeignKey(Owner, models.CASCADE, null=True, related_name="pets")
    home = models.OneToOneField(Place, models.CASCADE, null=True)

    def __str__(self):
        return self.name


class Day(models.Model):
    """A date for its key."""

    date = models.DateField(primary_key=True)

    def __str__(self):
        return str(self.date)


class Entry(models.Model):
    day = models.ForeignKey(Day, models.CASCADE, null=True, related_name="entries")
    others = models.ManyToManyField(Day, related_name="mentions")
    text = models.CharField(max_length=40)

    def __str__(self):
        return self.text


class Prefixed(models.CharField):
    """Stored with a prefix."""

    def from_db_value(self, value, expression, connection):
        return value and value.removeprefix("key:")

    def get_prep_value(self, value):
        return value and f"key:{str(value).removeprefix('key:')}"


class Word(models.Model):
    """A key that a converter of a project reads."""

    text = Prefixed(max_length=40, primary_key=True)

    def __str__(self):
        return self.text


class Meaning(models.Model):
    word = models.ForeignKey(Word, models.CASCADE, related_name="meanings")
    words = models.ManyToManyField(Word, related_name="shared")
    text = models.CharField(max_length=40)

    class Meta:
        ordering = ("pk",)

    def __str__(self):
        return self.text


class Loose(models.Model):
    """Points to rows that need not be there."""

    author = models.ForeignKey(Author, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    certain = models.ForeignKey(Author, models.DO_NOTHING, db_constraint=False, related_name="loose")

    def __str__(self):
        return str(self.pk)


class OwnWayQuerySet(models.QuerySet):
    def _fetch_all(self):
        super()._fetch_all()


class Peculiar(models.Model):
    """Its QuerySet fetches in its own way: Django's path."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="peculiar")
    text = models.CharField(max_length=40)

    objects = OwnWayQuerySet.as_manager()

    def __str__(self):
        return self.text


from tests.relations.unusual import *  # noqa: E402, F403 - the models of this app are in two files
