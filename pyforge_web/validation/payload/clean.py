"""Cleaning of one payload: what `clean_fields` does with an instance that has its values."""

import sys
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, Protocol, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError
from django.db.models import Field, ForeignKey, Model
from django.db.models.expressions import DatabaseDefault
from django.utils.translation import gettext_lazy as _

from pyforge_web.conf import with_docs
from pyforge_web.parsers import NOT_AN_OBJECT, kind_of_value
from pyforge_web.querysets.django_path import why_receivers
from pyforge_web.validation.errors import RejectedValue, RowErrorParts, build_errors
from pyforge_web.validation.payload.natural_keys import NaturalKeys
from pyforge_web.validation.payload.options import MAX_ERRORS, PayloadOptions
from pyforge_web.validation.payload.writable_fields import WritableFields, rename_keys

CleanedValues = dict[str, Any]
# What Django's fields raise, besides a ValidationError, for a value of a wrong type; and drivers, for one that they
# cannot send: psycopg raises a DataError for U+0000 in the text of a foreign key.
CONVERSION_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, DataError)
# Packages whose code may raise them. An exception in which other code had a part is a fault of the project.
_DATABASE_DRIVERS = {"MySQLdb", "oracledb", "psycopg", "psycopg2", "psycopg_binary", "psycopg_c"}
_TRUSTED_PACKAGES = {"django", __name__.partition(".")[0], *_DATABASE_DRIVERS, *sys.stdlib_module_names}


class ValueCleaner(Protocol):
    """The part of a `CompiledValidator` that cleans payloads."""

    model: type[Model]

    def clean_values(self, values: CleanedValues, unbuilt: bool = False) -> RowErrorParts: ...

    def find_writable_fields(self, names: tuple[str, ...] | None) -> WritableFields: ...


class PayloadCleaner:
    """Cleans payloads of one model with the same options."""

    def __init__(self, validator: ValueCleaner, options: PayloadOptions, unbuilt: bool = False) -> None:
        """With `unbuilt`, native code leaves the errors that it is sure of to be built when they are read."""
        self.validator = validator
        self.options = options
        self.unbuilt = unbuilt
        self.fields = validator.find_writable_fields(options.fields)
        self.keys = self.fields.keys
        if options.spell or options.rename:
            self.keys = rename_keys(validator.model, self.fields, options.spell, options.rename)
        # Foreign keys whose targets are not looked up here: the caller does it for all rows, or nobody.
        self.not_looked_up: tuple[str, ...] = () if options.foreign_keys else self.fields.find_plain_keys()
        # Asked at each call: a receiver of the signals of new instances comes and goes.
        self.needs_instance = self.fields.needs_instance or why_receivers(validator.model) is not None
        self.natural = NaturalKeys(validator.model, self.fields, options.lookup)

    def clean_trusted(self, payload: Mapping[str, Any]) -> CleanedValues:
        """Return the cleaned values by attname, so that `Model(**values)` takes them.

        Raises what `clean_fields` of an instance with these values raises.
        """
        if not isinstance(payload, Mapping):
            raise with_docs(
                TypeError(f"a mapping of field names to values is needed, not {type(payload).__name__}"), "payload"
            )
        values, key_errors = self._arrange(payload)
        waiting = self.natural.take(values, payload, self.keys.attnames)
        errors = self._clean(values)
        self.natural.resolve_one(waiting, values, errors)
        self._raise(errors, key_errors)
        return values

    def clean_untrusted(self, payload: object) -> CleanedValues:
        """Return the same for the payload of a client, who may send any type for any field.

        Where Django's own code raises something else than a `ValidationError` (a number for a date), that is an error
        of the field. An exception in which code of the project had a part is raised.
        """
        values, errors, key_errors, waiting = self.check(payload)
        self.natural.resolve_one(waiting, values, errors)
        self._raise(errors, key_errors)
        return values

    def check(self, payload: object) -> tuple[CleanedValues, RowErrorParts, RowErrorParts, dict[str, Any]]:
        """Return the values of a client's payload, the errors by field name, and those by key.

        The last part are the natural keys by attname, which are still to be looked up.
        """
        if type(payload) is not dict and not isinstance(payload, Mapping):
            return {}, {}, {NON_FIELD_ERRORS: [_not_an_object(payload)]}, {}
        values, key_errors = self._arrange(payload)
        waiting = self.natural.take(values, payload, self.keys.attnames)
        # Cleaning changes the values in place. If it raises, they are cleaned again, field by field.
        raw = dict(values)
        try:
            errors = self._clean(values)
        except CONVERSION_ERRORS as error:
            raise_project_errors(error)
            values, errors = self.clean_by_field(raw)
        return values, errors, key_errors, waiting

    def _raise(self, errors: RowErrorParts, key_errors: RowErrorParts) -> None:
        if errors or key_errors:
            # Errors of unknown keys come last: they are of no field.
            raise build_errors(self.keys.show(self.fields.in_order(errors)) | key_errors)

    def _arrange(self, payload: Mapping[str, Any]) -> tuple[CleanedValues, RowErrorParts]:
        """Return the values by attname, with defaults for missing ones, and the errors of keys."""
        fields, attnames = self.fields.fields, self.keys.attnames
        key_errors: RowErrorParts = {}
        conflicts: set[str] = set()
        if self.keys is self.fields.keys and payload.keys() <= fields.keys():
            # By `items()`, if this is not a dict: `dict(querydict)` has the lists of values.
            values = payload.copy() if type(payload) is dict else dict(payload.items())
        else:
            values = {attnames[key]: value for key, value in payload.items() if key in attnames}
            for key, name in self.keys.relations.items():
                if isinstance(payload.get(key), Model):
                    values[attnames[key]] = self._key_of_instance(attnames[key], name, payload[key])
            # Fewer values than keys: two keys were of one field, or a key of none.
            if len(values) < len(payload):
                conflicts, key_errors = self._find_key_errors(payload)
        if len(values) < len(fields) and not self.options.partial:
            for attname, field in fields.items():
                if attname not in values:
                    # As `Model.__init__` does for a field without an argument.
                    values[attname] = field.get_default()
        for attname in conflicts:
            del values[attname]
        return values, key_errors

    def _find_key_errors(self, payload: Mapping[str, Any]) -> tuple[set[str], RowErrorParts]:
        """Return the attnames that were sent under two keys, and the errors of keys."""
        sent: dict[str, list[str]] = {}
        conflicts: set[str] = set()
        key_errors: RowErrorParts = {}
        # In the order of the table and not of the payload: the name of a field comes before its attname.
        for key, attname in self.keys.attnames.items():
            if key in payload:
                sent.setdefault(attname, []).append(key)
        for attname, keys in sent.items():
            if len(keys) > 1:
                text = _("Give either “%(name)s” or “%(attname)s”, not both.")
                params = {"name": keys[0], "attname": keys[1]}
                name = self.fields.fields[attname].name
                key_errors[self.keys.shown.get(name, name)] = [ValidationError(text, code="conflict", params=params)]
                conflicts.add(attname)
        if self.options.unknown == "error":
            text = _("This field is not expected.")
            # A key takes a client three bytes and its error a kilobyte: not all of them are told.
            unknown_keys = islice((key for key in payload if key not in self.keys.attnames), MAX_ERRORS)
            key_errors |= {
                str(key): [ValidationError(text, code="unknown_field", params={"name": key})] for key in unknown_keys
            }
        return conflicts, key_errors

    def _key_of_instance(self, attname: str, name: str, related: Model) -> Any:
        """Return the value of a foreign key to an instance. Raises `ValueError` for another model, as Django does."""
        return getattr(self.fields.fields[attname].model(**{name: related}), attname)

    def _clean(self, values: CleanedValues) -> RowErrorParts:
        """Clean the values in place, as `Model.clean_fields` does. Return the errors by field name."""
        # Taken out, since native code would hand them to `ForeignKey.clean`, which looks them up.
        keys = {
            attname: values.pop(attname)
            for attname in self.not_looked_up
            if attname in values and not _is_database_default(values[attname])
        }
        errors: Any
        # Where the project's own code could tell the difference, it gets the instance that it expects.
        if self.needs_instance:
            errors = _clean_instance(self.validator.model, values)
        else:
            errors = self.validator.clean_values(values, self.unbuilt)
        for attname in self.fields.database_defaults:
            if _is_database_default(values.get(attname)):
                del values[attname]
        for attname, raw in keys.items():
            field = self.fields.fields[attname]
            try:
                values[attname] = clean_key(field, raw)
            except ValidationError as error:
                values[attname] = raw
                # The error of None needs nothing but the field, so it can be built when it is read.
                empty = self.unbuilt and raw is None and not field.validators
                errors[field.name] = [RejectedValue(field, None, cast(Any, None))] if empty else error.error_list
        return self.fields.in_order(errors) if keys else cast(RowErrorParts, errors)

    def clean_by_field(self, values: CleanedValues) -> tuple[CleanedValues, RowErrorParts]:
        """Clean the values one by one, to find those that Django's own code cannot convert."""
        cleaned: CleanedValues = {}
        errors: RowErrorParts = {}
        for attname, field in self.fields.fields.items():
            if attname not in values:
                continue
            # A new dict for each field: what cleaning changes before it raises does not count.
            one = {attname: values[attname]}
            try:
                errors |= self._clean(one)
            except CONVERSION_ERRORS as error:
                raise_project_errors(error)
                errors[field.name] = [_conversion_error(field, values[attname])]
            cleaned |= one
        return cleaned, errors


def clean_values_by_attname(validator: ValueCleaner, values: CleanedValues) -> RowErrorParts:
    """Clean values by attname in place, whichever fields they are of. Return the errors by field name."""
    return PayloadCleaner(validator, PayloadOptions(tuple(values)))._clean(values)


def clean_key(field: Any, raw: Any) -> Any:
    """Return what `ForeignKey.clean` returns without its query; `raw` itself where `clean_fields` would skip it."""
    if is_blank(field, raw):
        return raw
    value = field.to_python(raw)
    # `Field.validate` and not `ForeignKey.validate`, which would query. Source:
    # `django.db.models.fields.related.ForeignKey.validate`.
    Field.validate(field, value, None)
    field.run_validators(value)
    return value


def is_blank(field: Any, value: Any) -> bool:
    """Return whether `clean_fields` skips a value."""
    return bool(field.blank and value in field.empty_values)


def raise_project_errors(error: BaseException) -> None:
    """Raise an exception again, unless all code that it passed through is Django's, Python's or ours.

    The field types of Django raise `TypeError` and its like for a value of a wrong type. The same exception from a
    validator of the project is a fault that must not be hidden.
    """
    traceback = error.__traceback__
    while traceback is not None:
        # By the package of each frame: the exception itself does not say whose code was wrong.
        module = traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if module not in _TRUSTED_PACKAGES:
            raise error
        traceback = traceback.tb_next


def _not_an_object(value: object) -> ValidationError:
    return ValidationError(NOT_AN_OBJECT, code="not_an_object", params={"found": kind_of_value(value)})


def _conversion_error(field: Any, value: Any) -> ValidationError:
    """Return what a field says of values that it cannot convert; a foreign key, of keys that do not exist."""
    params = {"value": value}
    if isinstance(field, ForeignKey):
        remote = field.remote_field
        params |= {"model": remote.model._meta.verbose_name, "pk": value, "field": remote.field_name}
    # Not every field has a text for it: `CharField` accepts any text.
    text = field.error_messages.get("invalid", _("Enter a valid value."))
    return ValidationError(text, code="invalid", params=params)


def _is_database_default(value: Any) -> bool:
    """Return whether the database fills a value in, because the field has a `db_default`."""
    return isinstance(value, DatabaseDefault)


def _clean_instance(model: type[Model], values: CleanedValues) -> RowErrorParts:
    instance = model(**values)
    # Only what was sent is cleaned: with `partial=True` the others are not there.
    others: Collection[str] = {field.name for field in model._meta.fields if field.attname not in values}
    errors: Any = {}
    try:
        instance.clean_fields(exclude=others)
    except ValidationError as error:
        errors = error.error_dict
    # What the instance has now: `clean_fields` writes what it converted, `__setattr__` of the project may change it.
    values.update((attname, getattr(instance, attname)) for attname in tuple(values))
    return cast(RowErrorParts, errors)
