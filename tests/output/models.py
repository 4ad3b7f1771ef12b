"""Models whose output is displayed, linked and computed."""

from django.db import models
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
