"""What the QuerySet suites read: a narrow table, one of fourteen mixed columns, one of JSON. And what the validation
suite validates: twelve fields as most models have them, twenty-eight of all kinds, and the smallest cases.
"""

from django.core import validators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from pyforge_web.validators import CompiledModelMixin


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


class Imported(models.Model):
    """A row of an import: a key of twenty, a unique code, and what else an import has."""

    author = models.ForeignKey(Author, models.CASCADE)
    code = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self) -> str:
        return self.code


class Grouped(models.Model):
    """Sets of unique columns, one of them an expression."""

    author = models.ForeignKey(Author, models.CASCADE)
    name = models.CharField(max_length=80)
    year = models.IntegerField()

    class Meta:
        unique_together = (("author", "name", "year"),)
        constraints = (models.UniqueConstraint(Lower("name"), "year", name="benchmarks_name_of_year"),)

    def __str__(self) -> str:
        return self.name


class Checked(models.Model):
    """Twelve fields to validate, as an article has them."""

    uuid = models.UUIDField()
    title = models.CharField(max_length=120)
    slug = models.SlugField()
    email = models.EmailField()
    website = models.URLField(blank=True)
    status = models.CharField(max_length=10, choices=[("draft", "Draft"), ("live", "Live"), ("gone", "Gone")])
    price = models.DecimalField(max_digits=8, decimal_places=2)
    rating = models.FloatField(validators=[validators.MinValueValidator(0), validators.MaxValueValidator(5)])
    views = models.PositiveIntegerField(default=0)
    live = models.BooleanField(default=True)
    created = models.DateTimeField()
    day = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title


def no_shouting(value: str) -> None:
    """A validator of a project's own."""
    if value.isupper():
        raise ValidationError("Do not shout.", code="shouting")


class Thorough(models.Model):
    """Twenty-eight fields: every kind, with every sort of constraint."""

    big = models.BigIntegerField()
    binary = models.BinaryField(max_length=64, editable=True)
    boolean = models.BooleanField()
    char = models.CharField(max_length=80)
    code = models.CharField(max_length=12, validators=[validators.RegexValidator(r"^[A-Z]{2}-[0-9]+$")])
    color = models.CharField(max_length=10, choices=[("Warm", [("r", "Red"), ("o", "Orange")]), ("b", "Blue")])
    date = models.DateField()
    datetime = models.DateTimeField()
    decimal = models.DecimalField(max_digits=10, decimal_places=3, validators=[validators.MinValueValidator(0)])
    domain = models.CharField(max_length=100, validators=[validators.validate_domain_name])
    duration = models.DurationField()
    email = models.EmailField()
    file = models.FileField(validators=[validators.FileExtensionValidator(["pdf", "txt"])])
    float = models.FloatField(validators=[validators.MaxValueValidator(1000)])
    integer = models.IntegerField(validators=[validators.MinValueValidator(1), validators.MaxValueValidator(10**6)])
    ip = models.GenericIPAddressField()
    json = models.JSONField()
    level = models.SmallIntegerField(choices=[(number, str(number)) for number in range(20)])
    nickname = models.CharField(max_length=30, validators=[no_shouting])
    numbers = models.CharField(max_length=40, validators=[validators.validate_comma_separated_integer_list])
    positive = models.PositiveIntegerField()
    slug = models.SlugField(allow_unicode=True)
    small = models.PositiveSmallIntegerField(validators=[validators.StepValueValidator(5)])
    summary = models.CharField(max_length=200, validators=[validators.MinLengthValidator(3)])
    text = models.TextField(validators=[validators.ProhibitNullCharactersValidator()])
    time = models.TimeField()
    url = models.URLField()
    uuid = models.UUIDField()

    def __str__(self) -> str:
        return self.char


class Single(CompiledModelMixin, models.Model):  # type: ignore[misc]
    """One field, through the mixin."""

    name = models.CharField(max_length=20, primary_key=True)

    def __str__(self) -> str:
        return self.name


class Shout(models.CharField):
    """A field of a project's own: Django's code validates it."""

    def to_python(self, value: object) -> str:
        return str(value).upper()


class Foreign(CompiledModelMixin, models.Model):  # type: ignore[misc]
    """No field that native code knows but the key, through the mixin."""

    name = Shout(max_length=20)
    city = Shout(max_length=20)

    def __str__(self) -> str:
        return self.name


class Alien(CompiledModelMixin, models.Model):  # type: ignore[misc]
    """Not even the key."""

    name = Shout(max_length=20, primary_key=True)
    city = Shout(max_length=20)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """What articles share."""

    name = models.CharField(max_length=30)
    slug = models.SlugField()

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """One author, three tags, four comments."""

    uuid = models.UUIDField()
    title = models.CharField(max_length=80)
    body = models.TextField()
    author = models.ForeignKey(Author, models.CASCADE)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    created = models.DateTimeField()
    live = models.BooleanField()
    views = models.IntegerField()
    tags = models.ManyToManyField(Tag)

    def __str__(self) -> str:
        return self.title


class Listing(models.Model):
    """What an endpoint makes of a row: labels, links, files, computed values."""

    STATES = (("draft", "Draft"), ("live", "Live"), ("gone", "Gone"))

    uuid = models.UUIDField()
    title = models.CharField(max_length=80)
    slug = models.SlugField()
    state = models.CharField(max_length=10, choices=STATES)
    cover = models.FileField(upload_to="covers", blank=True)
    author = models.ForeignKey(Author, models.CASCADE)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    rating = models.FloatField()
    created = models.DateTimeField()
    live = models.BooleanField()
    views = models.IntegerField()
    tags = models.ManyToManyField(Tag)

    def __str__(self) -> str:
        return self.title

    @property
    def short(self) -> str:
        return f"{self.title[:20]} ({self.views})"


class Comment(models.Model):
    """Belongs to an article."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    name = models.CharField(max_length=60)
    text = models.TextField()
    score = models.IntegerField()
    created = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.text
