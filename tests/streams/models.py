"""Models that a fixture could get wrong: keys, many-to-many fields, and classes that are more than their rows."""

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower


class Label(models.Model):
    """No order of its own."""

    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class Topic(models.Model):
    """A UUID for a key, ordered by an expression."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20)

    class Meta:
        ordering = (Lower("name").desc(),)

    def __str__(self):
        return self.name


class Hidden(models.Manager):
    def get_queryset(self):
        return super().get_queryset().exclude(name="hidden")


class Place(models.Model):
    """Its manager leaves rows out; a text for a key."""

    name = models.CharField(max_length=20, primary_key=True)
    objects = Hidden()

    def __str__(self):
        return self.name


class Tagged(models.Model):
    """Many-to-many fields of every sort."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    labels = models.ManyToManyField(Label)
    topics = models.ManyToManyField(Topic, related_name="+")
    places = models.ManyToManyField(Place)
    friends = models.ManyToManyField("self")
    followed = models.ManyToManyField("self", symmetrical=False, related_name="followers")
    linked = models.ManyToManyField(Label, through="Link", related_name="linked")
    unsaved = models.ManyToManyField(Label, related_name="+", serialize=False)

    def __str__(self):
        return str(self.pk)


class Link(models.Model):
    tagged = models.ForeignKey(Tagged, models.CASCADE)
    label = models.ForeignKey(Label, models.CASCADE)
    note = models.CharField(max_length=20)

    def __str__(self):
        return self.note


class Child(Tagged):
    """Inherits the many-to-many fields, and has its own."""

    label_set = models.ManyToManyField(Label, related_name="children")
    extra = models.TextField(null=True)  # noqa: DJ001


class Explicit(Label):
    """Names its parent link itself."""

    parent = models.OneToOneField(Label, models.CASCADE, parent_link=True, related_name="explicit")


class Bare(models.Model):
    """Nothing but a key."""

    def __str__(self):
        return str(self.pk)


class Odd(models.Model):
    """Columns whose text in a fixture is not their JSON."""

    blob = models.BinaryField(null=True)
    file = models.FileField(upload_to="files", null=True)
    image = models.ImageField(upload_to="images", blank=True)
    length = models.DurationField(null=True)
    number = models.FloatField(null=True)
    data = models.JSONField(null=True)
    unserialized = models.IntegerField(default=5, serialize=False)
    days = models.ForeignKey("Days", models.SET_NULL, null=True)

    def __str__(self):
        return str(self.pk)


class Days(models.Model):
    """A length of time for a key."""

    length = models.DurationField(primary_key=True)

    def __str__(self):
        return str(self.length)


class Question(models.Model):
    """An order that is a column nobody names."""

    label = models.ForeignKey(Label, models.CASCADE)
    about_type = models.ForeignKey(ContentType, models.CASCADE, db_constraint=False)
    about_id = models.TextField()
    about = GenericForeignKey("about_type", "about_id")

    class Meta:
        order_with_respect_to = "label"

    def __str__(self):
        return self.about_id


class ByName(models.Manager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Natural(models.Model):
    name = models.CharField(max_length=20, unique=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    others = models.ManyToManyField("self", symmetrical=False)
    objects = ByName()

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


class NaturalChild(Natural):
    more = models.CharField(max_length=20)


class Referrer(models.Model):
    natural = models.ForeignKey(Natural, models.CASCADE)
    naturals = models.ManyToManyField(Natural, related_name="+")

    def __str__(self):
        return str(self.pk)


# ---- Instances that are more than their rows -------------------------------------------------------------------------


class FromDb(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name

    @classmethod
    def from_db(cls, db, field_names, values, **options):  # Django 6.1 gives it a fetch_mode
        instance = super().from_db(db, field_names, values, **options)
        instance.name = instance.name.upper()
        return instance


class Init(models.Model):
    name = models.CharField(max_length=20)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name = f"{self.name}!"

    def __str__(self):
        return self.name


class Listened(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


def shout(instance, **kwargs):
    instance.name = instance.name.upper()


models.signals.post_init.connect(shout, sender=Listened)


class Pinned(models.CharField):
    """`value_to_string` of its own."""

    def value_to_string(self, obj):
        return f"{self.value_from_object(obj)} of {obj.pk}"


class Viewed(models.CharField):
    """`value_from_object` of its own."""

    def value_from_object(self, obj):
        return f"seen: {super().value_from_object(obj)}"


class Describing(models.CharField):
    """A descriptor of its own."""

    class descriptor_class:  # noqa: N801
        def __init__(self, field):
            self.field = field

        def __get__(self, instance, cls=None):
            return self if instance is None else instance.__dict__[self.field.attname].title()

        def __set__(self, instance, value):
            instance.__dict__[self.field.attname] = value


class PinnedModel(models.Model):
    name = Pinned(max_length=20)

    def __str__(self):
        return self.name


class ViewedModel(models.Model):
    name = Viewed(max_length=20)

    def __str__(self):
        return self.name


class DescribingModel(models.Model):
    name = Describing(max_length=20)

    def __str__(self):
        return self.name


class Rewriting(models.QuerySet):
    def iterator(self, *args, **kwargs):
        for row in super().iterator(*args, **kwargs):
            row.name = row.name[::-1]
            yield row


class Iterated(models.Model):
    name = models.CharField(max_length=20)
    objects = Rewriting.as_manager()

    def __str__(self):
        return self.name


class Annotating(models.Manager):
    def get_queryset(self):
        return super().get_queryset().annotate(twice=F("pk") * 2).select_related("label").distinct()


class Managed(models.Model):
    name = models.CharField(max_length=20)
    label = models.ForeignKey(Label, models.CASCADE, db_constraint=False)
    objects = Annotating()

    def __str__(self):
        return self.name


class Prefetching(models.Manager):
    def get_queryset(self):
        return super().get_queryset().prefetch_related("labels")


class Prefetched(models.Model):
    labels = models.ManyToManyField(Label)
    objects = Prefetching()

    def __str__(self):
        return str(self.pk)


class FewerColumns(models.Manager):
    def get_queryset(self):
        return super().get_queryset().defer("name")


class Deferred(models.Model):
    name = models.CharField(max_length=20)
    objects = FewerColumns()

    def __str__(self):
        return self.name
