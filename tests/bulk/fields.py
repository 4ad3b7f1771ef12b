"""Fields as projects write them."""

from django.core.exceptions import ValidationError
from django.db import models


class Code(models.CharField):
    """A key of a project's own, stored in capitals: its database takes "a1" and "A1" for one."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return value.upper() if isinstance(value, str) else value


class Folded(models.CharField):
    """A text in a column that takes "A" and "a" for one, and that does not say so by a collation of Django's."""

    def db_type(self, connection):
        collation = "utf8mb4_general_ci" if connection.vendor == "mysql" else "NOCASE"
        return "citext" if connection.vendor == "postgresql" else f"varchar({self.max_length}) COLLATE {collation}"


class StrictKey(models.ForeignKey):
    """A foreign key that judges for itself."""

    def validate(self, value, model_instance):
        super().validate(value, model_instance)
        if value == 2:
            raise ValidationError("Two is not for us.", code="two")


class NamedKey(models.ForeignKey):
    """A foreign key of a project's own that validates as Django does."""

    def formfield(self, **kwargs):
        return super().formfield(**{"label": "Named", **kwargs})


class Witness(models.CharField):
    """Writes down what the other fields of its row are when it is judged."""

    def validate(self, value, model_instance):
        super().validate(value, model_instance)
        model_instance.seen = [
            (name, model_instance.__dict__.get(name)) for name in ("before_id", "after_id", "number")
        ]


def even(value):
    if int(value) % 2:
        raise ValidationError("%(value)s is odd.", code="odd", params={"value": value})


def not_four(value):
    if value == 4:
        raise ValidationError("Four is unlucky.", code="invalid")
