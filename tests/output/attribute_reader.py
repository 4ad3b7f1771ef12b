"""Reads instances by `getattr`, as a project would by hand: what output fields are compared with."""

from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, FileField, Manager, Model

from pyforge_web import Computed, Flat
from pyforge_web.fields import to_camel


@dataclass
class Reader:
    """Reads instances by `getattr`, with the options of keys and of dates."""

    keys: object = None
    dates: object = None

    def key(self, name):
        return name if self.keys is None else to_camel(name)

    def value(self, value):
        if isinstance(value, Manager):
            return [each.pk for each in value.all()]
        if isinstance(value, Model):
            return self.value(value.pk)
        return value.isoformat() if self.dates and type(value).__name__ in ("datetime", "time") else value

    def read_bare(self, instance, added, deferred=None):
        deferred = instance.get_deferred_fields() if deferred is None else deferred
        columns = [each for each in instance._meta.concrete_fields if each.attname not in deferred]
        row = {self.key(each.attname): self.column(instance, each) for each in columns}
        return row | {self.key(name): self.value(getattr(instance, name)) for name in added}

    def column(self, instance, column):
        value = getattr(instance, column.attname)
        return value.name if isinstance(column, FileField) else self.value(value)

    def read(self, instance, fields):
        row = {}
        deferred = instance.get_deferred_fields()  # before another field of the list loads one of them
        for item in fields:
            if item == "*":
                row |= self.read_bare(instance, (), deferred)
            elif isinstance(item, str):
                row[self.key(item)] = self.value(follow(instance, *item.split("__")))
            else:
                [(name, inner)] = item.items()
                row[self.key(name)] = self.read_keyed(instance, name, inner)
        return row

    def read_keyed(self, instance, name, inner):
        if isinstance(inner, F):
            return self.value(follow(instance, *inner.name.split("__")))
        if isinstance(inner, Computed):
            return repr(getattr(instance, inner.names[0]))
        if isinstance(inner, Flat):  # Keys is one
            return [self.value(getattr(each, inner.name)) for each in getattr(instance, inner.relation).all()]
        related = follow(instance, name)
        if isinstance(related, Manager | list):
            related = related.all() if isinstance(related, Manager) else related
            return [self.read(each, inner) for each in related]
        return None if related is None else self.read(related, inner)


def follow(instance, *names):
    """Return what attributes lead to; None where one of them finds nothing."""
    try:
        for name in names:
            instance = None if instance is None else getattr(instance, name)
    except ObjectDoesNotExist:
        return None
    return instance
