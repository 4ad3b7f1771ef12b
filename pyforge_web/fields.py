"""What is known of the columns of a model: their kinds and their names."""

import re
from typing import Any, TypedDict, cast

from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Field, Model

from pyforge_web.conf import with_docs

# The kind of each field class, by the class itself and never by a name alone; a class that is not here is written by
# the type of its values. To add one: its row here, its kind in native/src/kinds/, its row in the tests' table.
KINDS: dict[type[Any], str] = {
    models.AutoField: "integer",
    models.BigAutoField: "integer",
    models.BigIntegerField: "integer",
    models.BinaryField: "refused",
    models.BooleanField: "boolean",
    models.CharField: "text",
    models.DateField: "date",
    models.DateTimeField: "datetime",
    models.DecimalField: "decimal",
    models.DurationField: "duration",
    models.EmailField: "text",
    models.FileField: "file",
    models.FilePathField: "text",
    models.FloatField: "float",
    models.GenericIPAddressField: "ip",
    models.IPAddressField: "ip",
    models.ImageField: "file",
    models.IntegerField: "integer",
    models.JSONField: "json",
    models.PositiveBigIntegerField: "integer",
    models.PositiveIntegerField: "integer",
    models.PositiveSmallIntegerField: "integer",
    models.SlugField: "text",
    models.SmallAutoField: "integer",
    models.SmallIntegerField: "integer",
    models.TextField: "text",
    models.TimeField: "time",
    models.URLField: "text",
    models.UUIDField: "uuid",
}
# Those of django.contrib.postgres, which cannot be imported without psycopg.
POSTGRES_KINDS = {
    "array.ArrayField": "array",
    "citext.CICharField": "text",
    "citext.CIEmailField": "text",
    "citext.CITextField": "text",
    "hstore.HStoreField": "hstore",
    "ranges.BigIntegerRangeField": "refused",
    "ranges.DateRangeField": "refused",
    "ranges.DateTimeRangeField": "refused",
    "ranges.DecimalRangeField": "refused",
    "ranges.IntegerRangeField": "refused",
}
_POSTGRES = "django.contrib.postgres.fields."
# What a field may have of its own that decides what is made of a stored value.
CONVERTER_METHODS = ("from_db_value", "get_db_converters")


class Descriptor(TypedDict):
    """What is known of one model field, of the model with the label `model`.

    `kind` is None for a class that is not known, "refused" for none in JSON.
    """

    model: str
    name: str
    attname: str
    kind: str | None
    null: bool
    primary_key: bool
    max_length: int | None
    max_digits: int | None
    decimal_places: int | None


def extract_model_fields(model: type[Model]) -> list[Descriptor]:
    """Return the descriptors of the concrete fields of a model, in the order of its columns."""
    return [describe_field(field, model) for field in model._meta.concrete_fields]


def describe_field(field: "Field[Any, Any]", model: type[Model]) -> Descriptor:
    """The descriptor of a field of a model, which may have it from another."""
    return {
        "model": model._meta.label,
        "name": field.name,
        "attname": field.attname,
        "kind": kind_of(field),
        "null": field.null,
        "primary_key": field.primary_key,
        "max_length": field.max_length,
        "max_digits": getattr(field, "max_digits", None),
        "decimal_places": getattr(field, "decimal_places", None),
    }


def kind_of(field: "Field[Any, Any]") -> str | None:
    """The kind of a field; a foreign key has that of its target, a generated column that of its expression."""
    # A loop, because a key may point to a key. `target_field` follows one step only.
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.GeneratedField):
        field = cast("Field[Any, Any]", field.output_field)
    return kind_of_class(type(field))


def kind_of_class(field_class: type[Any] | None) -> str | None:
    """The kind of a field class itself; None for a class that is not in the tables, a subclass of one of them too."""
    if field_class is None:
        return None
    # By their path: to compare classes, they would have to be imported.
    path = f"{field_class.__module__}.{field_class.__qualname__}"
    return KINDS.get(field_class) or POSTGRES_KINDS.get(path.removeprefix(_POSTGRES))


def check_names(fields: object) -> tuple[str, ...]:
    """The names in a `fields=` argument, each once, in their order.

    Raises `TypeError` for anything but a list or tuple of strings, `ValueError` for an empty one: to `.values()` it
    would mean all columns, the secret ones included.
    """
    if not isinstance(fields, list | tuple) or not all(isinstance(name, str) for name in fields):
        raise with_docs(
            TypeError(f'fields must be a list of field names like ["id", "title"], not {fields!r}'), "fields"
        )
    if not fields:
        raise with_docs(ValueError("fields is empty: name the columns to write, or leave it out"), "fields")
    return tuple(dict.fromkeys(fields))


def find_field(model: type[Model], name: str) -> "Field[Any, Any]":
    """The concrete field behind `name`, `attname` or `pk`; `FieldError` lists what there is."""
    if name == "pk":
        return model._meta.pk
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname):
            return field
    # Django's words for it, with the names of columns alone. Source:
    # `django.db.models.sql.query.Query.names_to_path`.
    names = sorted({name for field in model._meta.concrete_fields for name in (field.name, field.attname)})
    raise with_docs(
        FieldError(f"Cannot resolve keyword {name!r} into field of {model.__name__}. Choices are: {', '.join(names)}"),
        "field",
    )


_CAMEL_BREAK = re.compile(r"(?<=[0-9A-Za-z])_(?=[0-9A-Z])")


def to_camel(name: str) -> str:
    """Return a name in camelCase: `first_name` → `firstName`. Gives what pydantic's `to_camel` gives."""
    if re.fullmatch(r"[a-z]+[A-Za-z0-9]*", name) and not re.search(r"\d[a-z]", name):
        return name
    # The steps of pydantic's `to_pascal`, on which its `to_camel` is built.
    pascal = _CAMEL_BREAK.sub("", name.title())
    word = pascal.lstrip("_")
    first = word[:1].lower() if "A" <= word[:1] <= "Z" else word[:1]
    return "_" * (len(pascal) - len(word)) + first + word[1:]


def find_attribute(owner: type[Any], name: str) -> Any:
    """Return what a class has under a name, without calling any descriptor; None if there is nothing.

    Does what `inspect.getattr_static` does for a class, in a tenth of the time.
    """
    return next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)
