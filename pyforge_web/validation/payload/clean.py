"""How documents are cleaned: as `clean_fields` cleans an instance with their values."""

import sys
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple, Protocol, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Field, ForeignKey, Model
from django.db.models.expressions import DatabaseDefault
from django.utils.translation import gettext_lazy as _

from pyforge_web.parsers import NOT_AN_OBJECT, kind_of_value
from pyforge_web.validation.payload.writable_fields import Columns, columns_of

Unknown = Literal["ignore", "error"]
Values = dict[str, Any]
Errors = dict[str, list[ValidationError]]
# What a value of a wrong type makes Django's fields raise, besides a ValidationError.
CANNOT_TAKE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Whose code may raise them: the project's own faults come out.
_NOT_THE_PROJECTS = {"django", __name__.partition(".")[0], *sys.stdlib_module_names}


class Compiled(Protocol):
    """What is needed of a `CompiledValidator`."""

    model: type[Model]

    def clean_values(self, values: Values) -> Errors: ...


class Policy(NamedTuple):
    """How documents are read: the fields that they may set, whether fields may be missing, what other keys are, and
    whether foreign keys are looked up."""

    fields: tuple[str, ...] | None = None
    partial: bool = False
    unknown: Unknown = "ignore"
    foreign_keys: bool = True

    def check(self) -> "Policy":
        """Itself; raises `ValueError` for an `unknown` that does not exist."""
        if self.unknown not in ("ignore", "error"):
            raise ValueError(f'unknown must be "ignore" or "error", not {self.unknown!r}')
        return self

    def unlooked(self, columns: Columns) -> tuple[str, ...]:
        """The foreign keys whose targets are not looked up."""
        return () if self.foreign_keys else columns.unlooked


def clean_one(validator: Compiled, document: Mapping[str, Any], policy: Policy) -> Values:
    """The cleaned values of a document by attname, so that `Model(**values)` takes them.

    Raises what `clean_fields` of an instance with these values raises.
    """
    if not isinstance(document, Mapping):
        raise TypeError(f"a mapping of field names to values is needed, not {type(document).__name__}")
    columns = columns_of(validator.model, policy.fields)
    values, errors = _arrange(columns, document, policy)
    found = _clean(validator, columns, values, policy.unlooked(columns))
    if found or errors:
        raise ValidationError(cast(Any, found | errors))
    return values


def clean_foreign(validator: Compiled, document: object, policy: Policy) -> Values:
    """The same for a document of somebody else, who may send any type for any field.

    What makes Django's own code raise something else than a `ValidationError` (a number for a date) is an error of its
    field. An exception in which code of the project had a part comes out.
    """
    columns = columns_of(validator.model, policy.fields)
    values, errors = judge_foreign(validator, columns, document, policy, policy.unlooked(columns))
    if errors:
        raise ValidationError(cast(Any, errors))
    return values


def judge_foreign(
    validator: Compiled, columns: Columns, document: object, policy: Policy, unlooked: Collection[str]
) -> tuple[Values, Errors]:
    """The values and the errors of such a document; the targets of the foreign keys in `unlooked` are not looked up."""
    if type(document) is not dict and not isinstance(document, Mapping):
        return {}, {NON_FIELD_ERRORS: [not_an_object(document)]}
    values, errors = _arrange(columns, document, policy)
    raw = dict(values)
    try:
        found = _clean(validator, columns, values, unlooked)
    except CANNOT_TAKE as error:
        raise_the_projects(error)
        values, found = clean_by_field(validator, columns, raw, unlooked)
    return values, found | errors


def clean_fields(validator: Compiled, values: Values) -> Errors:
    """Cleans values by attname in place, whatever their fields; the errors by field name."""
    return _clean(validator, columns_of(validator.model, tuple(values)), values)


def not_an_object(value: object) -> ValidationError:
    """The error of a value that stands where an object should."""
    return ValidationError(NOT_AN_OBJECT, code="not_an_object", params={"found": kind_of_value(value)})


def _arrange(columns: Columns, document: Mapping[str, Any], policy: Policy) -> tuple[Values, Errors]:
    """The values by attname, with defaults for the missing ones; and errors of keys."""
    keys, errors = columns.keys, {}
    if document.keys() <= columns.fields.keys():
        # The items of others than dicts: a QueryDict has others inside.
        values = document.copy() if type(document) is dict else dict(document.items())
    else:
        values = {keys[key]: value for key, value in document.items() if key in keys}
        for name in columns.related:
            if isinstance(document.get(name), Model):
                values[keys[name]] = _key_of(columns, name, document[name])
        if len(values) < len(document):
            errors = _key_errors(columns, document, policy)
    if len(values) < len(columns.fields) and not policy.partial:
        for attname, field in columns.fields.items():
            if attname not in values:
                values[attname] = field.get_default()
    for name in errors:
        if name in columns.related:
            del values[keys[name]]
    return values, errors


def _key_errors(columns: Columns, document: Mapping[str, Any], policy: Policy) -> Errors:
    """Two keys of one field; and keys of no field, if that is an error. Both are filed under names."""
    errors: Errors = {}
    for name in columns.related:
        attname = columns.keys[name]
        if name in document and attname in document:
            text = _("Give either “%(name)s” or “%(attname)s”, not both.")
            errors[name] = [ValidationError(text, code="conflict", params={"name": name, "attname": attname})]
    if policy.unknown == "error":
        for key in document:
            if key not in columns.keys:
                text = _("This field is not expected.")
                errors[str(key)] = [ValidationError(text, code="unknown_field", params={"name": key})]
    return errors


def _key_of(columns: Columns, name: str, related: Model) -> Any:
    """The value of a foreign key to an instance; raises `ValueError` for one of another model, as Django does."""
    attname = columns.keys[name]
    return getattr(columns.fields[attname].model(**{name: related}), attname)


def _clean(validator: Compiled, columns: Columns, values: Values, unlooked: Collection[str] = ()) -> Errors:
    """Cleans the values in place, as `Model.clean_fields` would those of an instance; the errors by field name."""
    keys = {name: values.pop(name) for name in unlooked if name in values and not _is_left(values[name])}
    found = _clean_instance(validator.model, values) if columns.as_instance else validator.clean_values(values)
    for attname in columns.computed:
        if _is_left(values.get(attname)):
            del values[attname]
    for attname, raw in keys.items():
        field = columns.fields[attname]
        try:
            values[attname] = _clean_key(field, raw)
        except ValidationError as error:
            values[attname] = raw
            found[field.name] = error.error_list
    return columns.in_order(found) if keys else found


def _is_left(value: Any) -> bool:
    """Whether a value is left to the database."""
    return isinstance(value, DatabaseDefault)


def _clean_instance(model: type[Model], values: Values) -> Errors:
    instance = model(**values)
    others = {field.name for field in model._meta.fields if field.attname not in values}
    found: Errors = {}
    try:
        instance.clean_fields(exclude=others)
    except ValidationError as error:
        found = error.error_dict
    values.update((attname, getattr(instance, attname)) for attname in tuple(values))
    return found


def is_blank(field: Any, value: Any) -> bool:
    """Whether `clean_fields` skips a value."""
    return bool(field.blank and value in field.empty_values)


def _clean_key(field: Any, raw: Any) -> Any:
    """What `ForeignKey.clean` does but for the query; `raw` as it is where `clean_fields` would skip it."""
    if is_blank(field, raw):
        return raw
    value = field.to_python(raw)
    Field.validate(field, value, None)
    field.run_validators(value)
    return value


def clean_by_field(
    validator: Compiled, columns: Columns, values: Values, unlooked: Collection[str] = ()
) -> tuple[Values, Errors]:
    """The same field by field, to find the one whose value Django's own code cannot take."""
    cleaned: Values = {}
    errors: Errors = {}
    for attname, field in columns.fields.items():
        if attname not in values:
            continue
        raw = values[attname]
        one = {attname: raw}
        try:
            errors |= _clean(validator, columns, one, unlooked)
        except CANNOT_TAKE as error:
            raise_the_projects(error)
            errors[field.name] = [_cannot_take(field, raw)]
        cleaned |= one
    return cleaned, errors


def _cannot_take(field: Any, value: Any) -> ValidationError:
    """What a field says of values that it cannot convert, a foreign key of those that are not there."""
    params = {"value": value}
    if isinstance(field, ForeignKey):
        remote = field.remote_field
        params |= {"model": remote.model._meta.verbose_name, "pk": value, "field": remote.field_name}
    text = field.error_messages.get("invalid", _("Enter a valid value."))
    return ValidationError(text, code="invalid", params=params)


def raise_the_projects(error: Exception) -> None:
    """Raises the exception again, unless all code below this module was Django's or Python's own."""
    traceback = error.__traceback__
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if module not in _NOT_THE_PROJECTS:
            raise error
        traceback = traceback.tb_next
