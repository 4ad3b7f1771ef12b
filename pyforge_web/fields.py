"""What is known of the columns of a model."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import Field, Model

from .conf import get_settings


def secret_columns(model: type[Model]) -> list[str]:
    """The columns that leave the server only when they are named: a user's password, and `SENSITIVE_FIELDS`."""
    from django.contrib.auth.base_user import AbstractBaseUser  # a model: importable once the apps are loaded

    secrets = get_settings()["SENSITIVE_FIELDS"]
    user = issubclass(model, AbstractBaseUser)
    return [
        field.attname
        for field in model._meta.concrete_fields
        if field.name in secrets or field.attname in secrets or (user and field.name == "password")
    ]


def public_columns(model: type[Model]) -> list[str]:
    """The names to write into `fields=` for all columns that are not secret."""
    secrets = secret_columns(model)
    return [field.attname for field in model._meta.concrete_fields if field.attname not in secrets]


def check_names(fields: object) -> Sequence[str]:
    """The names in a `fields=` argument; `TypeError` where it is anything but a list or tuple of strings."""
    if not isinstance(fields, list | tuple) or not all(isinstance(name, str) for name in fields):
        raise TypeError(f'fields must be a list of field names like ["id", "title"], not {fields!r}')
    return fields


def find_field(model: type[Model], name: str) -> "Field[Any, Any]":
    """The concrete field behind `name`, `attname` or `pk`; `FieldError` lists what there is."""
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname) or (name == "pk" and field.primary_key):
            return field
    names = sorted({name for field in model._meta.concrete_fields for name in (field.name, field.attname)})
    raise FieldError(f"Cannot resolve keyword {name!r} into field of {model.__name__}. Choices are: {', '.join(names)}")
