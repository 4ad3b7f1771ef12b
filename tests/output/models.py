"""Models whose output is displayed, linked and computed."""

from datetime import date, timedelta
from decimal import Decimal

from django.core.files.storage import FileSystemStorage, Storage
from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext_lazy


class Person(models.Model):
    name = models.CharField(max_length=40)
    secret_key = models.CharField(max_length=40, default="the secret")

    def __str__(self):
        return self.name


class Ticket(models.Model):
    STATES = (("o", gettext_lazy("Monday")), ("c", gettext_lazy("Tuesday")), ("More", [("x", "A group's")]))

    title = models.CharField(max_length=40)
    state = models.CharField(max_length=1, choices=STATES, default="o")
    rank = models.IntegerField(choices=[(1, "first"), (2, gettext_lazy("No"))], null=True)
    cover = models.FileField(upload_to="covers", null=True)
    price = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    at = models.DateTimeField(null=True)
    owner = models.ForeignKey(Person, models.CASCADE, null=True, related_name="tickets")
    watchers = models.ManyToManyField(Person, related_name="watched")

    class Meta:
        ordering = ("pk",)

    def __str__(self):
        return self.title

    @property
    def short(self):
        return self.title[:3]

    def with_owner(self):
        return f"{self.title} of {self.owner.name if self.owner else 'nobody'}"

    def watcher_names(self):
        return [self.title, sorted(each.name for each in self.watchers.all())]

    def first_watcher(self):
        return str(self.watchers.first())

    def erase(self):
        return "never"

    erase.alters_data = True


class Level(models.IntegerChoices):
    LOW = 1, gettext_lazy("No")
    HIGH = 2, gettext_lazy("Yes")


def make_moods():
    group = [("g", gettext_lazy("Yes")), ("b", "no & never")]
    return [(None, gettext_lazy("Unknown")), ("", "empty"), ("Group", group)]


class PlainStorage(Storage):
    """A storage of a project's own: any name gets any URL."""

    def url(self, name):
        return f"https://files.example/{len(name)}?name={name}"


class SignedStorage(FileSystemStorage):
    """A subclass that changes what is given."""

    def url(self, name):
        return f"{super().url(name)}?signature=7"


class LoudFile(FieldFile):
    @property
    def url(self):
        return f"/loud/{self.name}/{self.instance.pk}"


class LoudField(models.FileField):
    attr_class = LoudFile


class Exhibit(models.Model):
    """Choices, files and keys that are odd."""

    key = models.UUIDField(unique=True)
    slug = models.SlugField(allow_unicode=True)
    name = models.CharField(max_length=60)
    number = models.IntegerField(choices=Level.choices)
    mood = models.CharField(max_length=1, null=True, choices=make_moods)  # noqa: DJ001
    amount = models.DecimalField(max_digits=6, decimal_places=2, choices=[(Decimal("1.50"), "one and a half")])
    on = models.DateField(choices=[(date(2026, 1, 2), "the second")])
    length = models.DurationField(choices=[(timedelta(1), "a day")])
    flag = models.BooleanField(choices=[(True, gettext_lazy("Yes")), (False, gettext_lazy("No"))])
    own = models.CharField(max_length=5, choices=[("a", "A")])
    usual = models.FileField(upload_to="x")
    elsewhere = models.FileField(upload_to="x", storage=FileSystemStorage(base_url="https://cdn.example/m/"))
    dotted = models.FileField(upload_to="x", storage=FileSystemStorage(base_url="/a/../b/"))
    asked = models.FileField(upload_to="x", storage=FileSystemStorage(base_url="/a/?file="))
    signed = models.FileField(upload_to="x", storage=SignedStorage(base_url="/s/"))
    plain = models.FileField(upload_to="x", storage=PlainStorage())
    loud = LoudField(upload_to="x")
    before = models.ForeignKey("self", models.CASCADE, null=True, related_name="after")

    def __str__(self):
        return self.name

    def get_own_display(self):
        return f"own {self.own}"


class Region(models.Model):
    code = models.IntegerField(unique=True)
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class Visit(models.Model):
    """Its region is a relation without a constraint: `select_related` loses the visits that have none."""

    name = models.CharField(max_length=20)
    region_code = models.IntegerField()
    region = models.ForeignObject(
        Region, models.CASCADE, from_fields=["region_code"], to_fields=["code"], related_name="visits"
    )

    def __str__(self):
        return self.name


class Quoted(models.CharField):
    """Its converter makes a value of null, too."""

    def from_db_value(self, value, expression, connection):
        return "nothing" if value is None else f"<{value}>"


class Saying(models.Model):
    text = Quoted(max_length=20, null=True, choices=[("<one>", "first"), ("nothing", "silence")])
    rank = models.IntegerField(null=True)
    before = models.ForeignKey("self", models.CASCADE, null=True, related_name="after")

    def __str__(self):
        return self.text

    def text_before(self):
        return self.before and self.before.text


class Answer(models.Model):
    of = models.OneToOneField(Saying, models.CASCADE, related_name="answer")
    text = Quoted(max_length=20, null=True)

    def __str__(self):
        return self.text


class Shown(models.CharField):
    """It says another value than the attribute has, for forms, and stores yet another one."""

    def value_from_object(self, obj):
        return f"shown {super().value_from_object(obj)}"

    def value_to_string(self, obj):
        return f"text {super().value_from_object(obj)}"

    def get_prep_value(self, value):
        return value and str(value).removeprefix("read ")


class Guarded(models.Model):
    """Each of its attributes is read by code of its own."""

    text = Shown(max_length=20)
    number = models.IntegerField(null=True)
    cover = models.FileField(upload_to="covers", null=True)
    loud = LoudField(upload_to="x", default="l.txt")
    kind = models.CharField(max_length=9, choices=[("a", "A")], default="a")
    before = models.ForeignKey("self", models.CASCADE, null=True, related_name="after")

    def __str__(self):
        return self.text

    def __getattribute__(self, name):
        value = super().__getattribute__(name)
        if name in ("text", "kind"):
            return f"read {value}"
        return value and str(value) if name == "number" else value

    def get_kind_display(self):
        return f"kind {self.kind}"

    def both(self):
        return [self.text, self.number, self.before and self.before.text, [each.text for each in self.after.all()]]


class LiveManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted=False)


class Maker(models.Model):
    """Its base manager hides rows: an attribute does not find them, and a join would."""

    name = models.CharField(max_length=20)
    mood = models.CharField(max_length=1, choices=[("g", "good"), ("b", "bad")], default="g")
    logo = models.FileField(upload_to="logos", null=True)
    deleted = models.BooleanField(default=False)
    owner = models.ForeignKey("self", models.CASCADE, null=True, related_name="owned")

    everything = models.Manager()
    live = LiveManager()

    class Meta:
        base_manager_name = "live"

    def __str__(self):
        return self.name


class Address(models.Model):
    """One to one with its maker, and hidden in the same way."""

    maker = models.OneToOneField(Maker, models.CASCADE, related_name="address")
    town = models.CharField(max_length=20)
    deleted = models.BooleanField(default=False)

    everything = models.Manager()
    live = LiveManager()

    class Meta:
        base_manager_name = "live"

    def __str__(self):
        return self.town


class Product(models.Model):
    name = models.CharField(max_length=20)
    maker = models.ForeignKey(Maker, models.CASCADE, related_name="products")
    seller = models.ForeignKey(Maker, models.CASCADE, null=True, related_name="sold")

    def __str__(self):
        return self.name
