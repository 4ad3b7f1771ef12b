"""What `full_clean` looks at: relations, unique sets, constraints, and models that do things in their own way."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Lower, Upper
from django.utils.translation import gettext_lazy as _

from pyforge_web.validators import CompiledModelMixin
from tests.bulk import fields


class Country(models.Model):
    code = models.CharField(max_length=5, unique=True)

    def __str__(self):
        return self.code


class Maker(models.Model):
    name = models.CharField(max_length=20)
    live = models.BooleanField(default=True)
    country = models.ForeignKey(Country, models.CASCADE, null=True, blank=True, to_field="code")

    class Meta:
        verbose_name = _("user")

    def __str__(self):
        return self.name


class Token(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    def __str__(self):
        return str(self.id)


class Word(models.Model):
    """A text as primary key, in a column that does not tell "A" from "a"."""

    text = fields.Folded(max_length=20, primary_key=True)

    def __str__(self):
        return self.text


class CollatedWord(models.Model):
    """The same by a collation; of SQLite alone: PostgreSQL needs ICU for it."""

    text = models.CharField(max_length=20, primary_key=True, db_collation="NOCASE")

    def __str__(self):
        return self.text


class Collated(models.Model):
    """Unique texts with a collation; of SQLite alone."""

    word = models.ForeignKey(CollatedWord, models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=20, unique=True, null=True, blank=True, db_collation="NOCASE")
    trimmed = models.CharField(max_length=20, unique=True, null=True, blank=True, db_collation="RTRIM")
    number = models.IntegerField(null=True, blank=True)

    class Meta:
        unique_together = (("word", "number"),)
        constraints = (
            UniqueConstraint(fields=["name", "number"], name="collated", condition=Q(number__gt=0)),
            UniqueConstraint("name", "trimmed", name="collated_columns"),
        )

    def __str__(self):
        return str(self.name)


class Shelf(models.Model):
    code = fields.Code(max_length=10, primary_key=True)

    def __str__(self):
        return self.code


class Base(models.Model):
    """A model whose rows have children in another table."""

    plate = models.CharField(max_length=10, unique=True)
    owner = models.ForeignKey(Maker, models.CASCADE)

    def __str__(self):
        return self.plate


class Child(Base):
    seats = models.IntegerField(unique=True)
    spare = models.ForeignKey(Base, models.CASCADE, null=True, blank=True, related_name="+")


class Grandchild(models.Model):
    """Its target's primary key is a relation itself."""

    child = models.ForeignKey(Child, models.CASCADE)

    def __str__(self):
        return str(self.child_id)


class Proxy(Maker):
    class Meta:
        proxy = True


limits = []


def limited():
    limits.append(1)
    return Q(name__startswith="m", country__code="de")


class Relations(models.Model):
    """Every sort of foreign key."""

    title = models.CharField(max_length=5, verbose_name=_("first name"))
    maker = models.ForeignKey(Maker, models.CASCADE, limit_choices_to={"live": True})
    german = models.ForeignKey(Maker, models.CASCADE, null=True, blank=True, limit_choices_to=limited, related_name="+")
    country = models.ForeignKey(Country, models.CASCADE, null=True, blank=True, to_field="code", related_name="+")
    token = models.ForeignKey(Token, models.CASCADE, null=True, blank=True)
    word = models.ForeignKey(Word, models.CASCADE, null=True, blank=True)
    shelf = models.ForeignKey(Shelf, models.CASCADE, null=True, blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True)
    must = models.ForeignKey(Maker, models.CASCADE, null=True, related_name="+")
    proxy = models.ForeignKey(Proxy, models.CASCADE, null=True, blank=True, related_name="+")
    hidden = models.ForeignKey(Maker, models.CASCADE, null=True, editable=False, related_name="+")
    chosen = models.ForeignKey(
        Maker, models.CASCADE, null=True, blank=True, related_name="+", choices=[(1, "one"), (2, "two"), (99, "far")]
    )
    judged = models.ForeignKey(
        Maker, models.CASCADE, null=True, blank=True, related_name="+", validators=[fields.even, fields.not_four]
    )
    strict = fields.StrictKey(Maker, models.CASCADE, null=True, blank=True, related_name="+")
    named = fields.NamedKey(
        Maker, models.CASCADE, null=True, blank=True, related_name="+", error_messages={"invalid": "No such %(model)s."}
    )
    number = models.IntegerField(default=1)

    def __str__(self):
        return self.title


class Ordered(models.Model):
    """A field that sees its row, between two foreign keys."""

    before = models.ForeignKey(Maker, models.CASCADE, related_name="+")
    witness = fields.Witness(max_length=10)
    after = models.ForeignKey(Maker, models.CASCADE, related_name="+")
    number = models.IntegerField(default=1)

    def __str__(self):
        return self.witness


class Uniques(models.Model):
    """Unique fields of every plain type, and sets of them."""

    sku = models.CharField(max_length=20, unique=True, verbose_name=_("last name"))
    number = models.IntegerField(unique=True, null=True, blank=True)
    key = models.UUIDField(unique=True, null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    moment = models.DateTimeField(unique=True, null=True, blank=True)
    flag = models.BooleanField(null=True, blank=True)
    maker = models.ForeignKey(Maker, models.CASCADE, null=True, blank=True)
    only = models.OneToOneField(Maker, models.CASCADE, null=True, blank=True, related_name="+")
    email = models.EmailField(blank=True, unique=True, null=True)
    kind = models.CharField(max_length=1, choices=[("a", "A"), ("b", "B")], default="a")
    hidden = models.CharField(max_length=9, unique=True, editable=False, null=True)  # noqa: DJ001

    class Meta:
        verbose_name = _("permission")
        unique_together = (("maker", "kind", "day"), ("flag", "kind"))

    def __str__(self):
        return self.sku


class Odd(models.Model):
    """Unique columns whose equality is not Python's."""

    folded = fields.Folded(max_length=20, unique=True, null=True, blank=True)
    code = fields.Code(max_length=20, unique=True, null=True, blank=True)
    price = models.DecimalField(max_digits=20, decimal_places=2, unique=True, null=True, blank=True)
    ratio = models.FloatField(unique=True, null=True, blank=True)
    length = models.DurationField(unique=True, null=True, blank=True)
    ip = models.GenericIPAddressField(unique=True, null=True, blank=True)
    opens = models.TimeField(unique=True, null=True, blank=True)
    document = models.JSONField(unique=True, null=True, blank=True)
    word = models.ForeignKey(Word, models.CASCADE, null=True, blank=True)
    place = models.CharField(max_length=9, null=True, blank=True)  # noqa: DJ001

    class Meta:
        unique_together = (("word", "place"),)

    def __str__(self):
        return str(self.pk)


class Dated(models.Model):
    title = models.CharField(max_length=20, unique_for_date="published", null=True, blank=True)  # noqa: DJ001
    slug = models.SlugField(unique_for_month="published", verbose_name=_("content type"))
    maker = models.ForeignKey(Maker, models.CASCADE, unique_for_year="published")
    published = models.DateField(null=True, blank=True)
    room = models.IntegerField(unique_for_date="moment", default=0)
    moment = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return self.slug


class Constrained(models.Model):
    name = models.CharField(max_length=20)
    other = models.CharField(max_length=20, blank=True)
    number = models.IntegerField(null=True, blank=True)
    live = models.BooleanField(null=True, blank=True)
    maker = models.ForeignKey(Maker, models.CASCADE, null=True, blank=True)
    loud = models.GeneratedField(
        expression=Upper("other"), output_field=models.CharField(max_length=20), db_persist=True
    )
    width = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("group")
        constraints = (
            UniqueConstraint(fields=["name"], name="one_name"),
            UniqueConstraint(fields=["maker", "number"], name="maker_number", include=["width"]),
            UniqueConstraint(
                fields=["other", "number"],
                name="worded",
                violation_error_message="Taken: %(name)s",
                violation_error_code="t",
            ),
            UniqueConstraint(
                fields=["number"],
                name="filed",
                condition=Q(live=True),
                violation_error_message=_("Not again"),
                violation_error_code="unique",
            ),
            UniqueConstraint(fields=["width"], name="live_width", condition=Q(live=True) & ~Q(width=0)),
            UniqueConstraint(Lower("name"), F("maker"), name="lower_name", violation_error_code="lower"),
            UniqueConstraint(fields=["other", "live"], name="nulls", nulls_distinct=False),
            UniqueConstraint(fields=["loud", "width"], name="loud_width"),
            UniqueConstraint(Lower("other"), name="lower_if", condition=Q(number__gt=5)),
            CheckConstraint(condition=Q(width__gte=0), name="not_negative", violation_error_code="negative"),
        )

    def __str__(self):
        return self.name


class MakesExpressions(Constrained):
    """Its name is an expression in the end."""

    class Meta:
        proxy = True

    def clean(self):
        self.name = self.made


class Room(models.Model):
    """Several columns as primary key."""

    pk = models.CompositePrimaryKey("maker", "number")
    maker = models.ForeignKey(Maker, models.CASCADE)
    number = models.IntegerField()
    title = models.CharField(max_length=9, unique=True)

    def __str__(self):
        return self.title


class Alive(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(gone=False)


class Soft(models.Model):
    """Its default manager does not show every row."""

    name = models.CharField(max_length=9, unique=True)
    gone = models.BooleanField(default=False)

    objects = Alive()

    def __str__(self):
        return self.name


class Defaulted(models.Model):
    """Values that the database gives."""

    name = models.CharField(max_length=9, unique=True, db_default="none")
    number = models.IntegerField(db_default=7)
    maker = models.ForeignKey(Maker, models.CASCADE, db_default=1)

    class Meta:
        unique_together = (("name", "number"),)

    def __str__(self):
        return str(self.name)


class Named(models.Model):
    """What the models below share."""

    name = models.CharField(max_length=9, unique=True)
    maker = models.ForeignKey(Maker, models.CASCADE)
    number = models.IntegerField(default=1)

    class Meta:
        abstract = True
        constraints = (
            UniqueConstraint(fields=["number"], name="%(class)s_number"),
            CheckConstraint(condition=Q(number__lt=100), name="%(class)s_small"),
        )

    def __str__(self):
        return self.name


class OwnFullClean(Named):
    def full_clean(self, *args, **kwargs):
        if self.name == "bad":
            raise ValidationError({"name": "Bad name."})
        super().full_clean(*args, **kwargs)


class OwnCleanFields(Named):
    def clean_fields(self, exclude=None):
        super().clean_fields(exclude=exclude)
        if self.name == "skip" and exclude is not None:
            exclude.add("number")


class OwnUnique(Named):
    def validate_unique(self, exclude=None):
        if self.name == "bad":
            raise ValidationError("Not at all.", code="own")
        super().validate_unique(exclude=exclude)


class OwnChecks(Named):
    def _get_unique_checks(self, exclude=None, include_meta_constraints=False):
        checks, dates = super()._get_unique_checks(exclude, include_meta_constraints)
        return [check for check in checks if check[1] != ("name",)], dates


class OwnConstraints(Named):
    def validate_constraints(self, exclude=None):
        if self.name == "bad":
            raise ValidationError({"number": ValidationError("Never.", code="own")})
        super().validate_constraints(exclude=exclude)


RAISED = {
    "text": "Plain.",
    "list": ["One.", "Two."],
    "field": {"name": ["Own."]},
    "two": {"number": "Both.", "maker": ValidationError("Coded.", code="c", params={"a": 1})},
    "other": {"no such field": "Other."},
    "empty": {},
    "none": [],
}


class OwnClean(Named):
    """`clean` that changes its row, and raises in every form."""

    def clean(self):
        if self.name in RAISED:
            raise ValidationError(RAISED[self.name])
        self.name = self.name.strip()


class SavesItself(Named):
    """Saves its row in `clean`, where it is to be seen by the checks after it."""

    def clean(self):
        self.save()


class OwnMessage(Named):
    def unique_error_message(self, model_class, unique_check):
        return ValidationError("Mine: %(check)s", code="unique", params={"check": unique_check})


class Mixed(CompiledModelMixin, OwnMessage):
    class Meta:
        proxy = True


class MixedCleanFields(CompiledModelMixin, OwnCleanFields):
    class Meta:
        proxy = True


class OwnSet(Named):
    """Notes what is written to it."""

    def __setattr__(self, name, value):
        if name != "_state":
            self.__dict__["written"] = (*self.__dict__.get("written", ()), (name, value))
        super().__setattr__(name, value)


class Blankable(models.Model):
    """Unique columns that may be blank, and then have a text that they cannot hold."""

    when = models.DateField(null=True, blank=True, unique=True)
    token = models.OneToOneField(Token, models.CASCADE, null=True, blank=True)
    key = models.UUIDField(null=True, blank=True)
    amount = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    name = models.CharField(max_length=20, null=True, blank=True, unique=True)
    number = models.IntegerField(null=True, blank=True)
    note = models.CharField(max_length=20, blank=True, unique_for_date="day")
    day = models.DateField(null=True, blank=True)

    class Meta:
        unique_together = (("key", "number"), ("token_id", "number"))
        constraints = (
            UniqueConstraint(fields=["amount", "name"], name="blank_amount"),
            UniqueConstraint(fields=["key", "name"], condition=Q(number__gt=1), name="blank_key"),
        )

    def __str__(self):
        return str(self.name)


class Article(models.Model):
    """A table with real unique indexes, for conflicts."""

    code = models.CharField(max_length=10, unique=True)
    slug = models.CharField(max_length=10, null=True, blank=True, unique=True)
    first = models.IntegerField(null=True, blank=True)
    second = models.IntegerField(null=True, blank=True)
    size = models.IntegerField(default=0)

    class Meta:
        unique_together = (("first", "second"),)
        constraints = (
            CheckConstraint(condition=Q(size__gte=0), name="article_size"),
            UniqueConstraint(Lower("slug"), name="article_lower_slug"),
        )

    def __str__(self):
        return self.code


class LoudArticle(Article):
    """A proxy with a method of its own."""

    class Meta:
        proxy = True

    def clean(self):
        if self.size == 13:
            raise ValidationError({"size": "Unlucky."})
