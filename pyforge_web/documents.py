"""Documents: mappings of field names to values, one or many of them, cleaned by the rules of a model."""

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, cast

from django.core.exceptions import NON_FIELD_ERRORS, FieldError, ValidationError
from django.db.models import NOT_PROVIDED, AutoField, BigAutoField, FileField, ForeignKey, Model, SmallAutoField
from django.db.models.expressions import DatabaseDefault
from django.utils.translation import gettext_lazy as _

from .bodies import NOT_AN_OBJECT, kind_of_value
from .fields import find_field

Unknown = Literal["ignore", "error"]
Values = dict[str, Any]
Errors = dict[str, list[ValidationError]]
# What a value of a wrong type makes Django's fields raise, besides a ValidationError.
_CANNOT_TAKE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_AUTO = (AutoField, BigAutoField, SmallAutoField)


class Compiled(Protocol):
    """What is needed of a `CompiledValidator`."""

    model: type[Model]

    def clean_values(self, values: Values) -> Errors: ...


class Policy(NamedTuple):
    """How documents are read: the fields that they may set, whether fields may be missing, what other keys are."""

    fields: tuple[str, ...] | None = None
    partial: bool = False
    unknown: Unknown = "ignore"

    def check(self) -> "Policy":
        """Itself; raises `ValueError` for an `unknown` that does not exist."""
        if self.unknown not in ("ignore", "error"):
            raise ValueError(f'unknown must be "ignore" or "error", not {self.unknown!r}')
        return self


class CleanedRows:
    """What became of many documents: the cleaned values of each row, and the errors of those that have some."""

    __slots__ = ("errors", "rows")

    def __init__(self, rows: list[Values | None], errors: dict[int, ValidationError]) -> None:
        self.rows = rows
        self.errors: Mapping[int, ValidationError] = MappingProxyType(errors)

    @property
    def ok(self) -> bool:
        """Whether every row is valid."""
        return not self.errors

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def raise_(self) -> None:
        """Raises a `ValidationError` with all errors, if there are any; `errors` has them by row."""
        if self.errors:
            raise ValidationError(list(self.errors.values()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.errors)} of {self.total} rows are not valid>"


class Columns(NamedTuple):
    """The fields of a model that documents may set."""

    fields: dict[str, Any]  # by attname, in the order of the model
    keys: dict[str, str]  # name or attname → attname
    related: tuple[str, ...]  # the names of foreign keys
    computed: tuple[str, ...]  # attnames of those with a default of the database
    as_instance: bool  # they can only be cleaned in an instance


def clean_one(validator: Compiled, document: Mapping[str, Any], policy: Policy) -> Values:
    """The cleaned values of a document by attname, so that `Model(**values)` takes them.

    Raises what `clean_fields` of an instance with these values raises.
    """
    columns = columns_of(validator.model, policy.fields)
    values, errors = _arrange(columns, document, policy)
    found = _clean(validator, columns, values)
    if found or errors:
        raise ValidationError(cast(Any, found | errors))
    return values


def clean_foreign(validator: Compiled, document: object, policy: Policy) -> Values:
    """The same for a document of somebody else, who may send any type for any field.

    What makes Django's own code raise something else than a `ValidationError` (a number for a date) is an error of its
    field. An exception in which code of the project had a part comes out.
    """
    if not isinstance(document, Mapping):
        raise ValidationError({NON_FIELD_ERRORS: [not_an_object(document)]})
    columns = columns_of(validator.model, policy.fields)
    values, errors = _arrange(columns, document, policy)
    raw = dict(values)
    try:
        found = _clean(validator, columns, values)
    except _CANNOT_TAKE as error:
        _raise_the_projects(error)
        values, found = _clean_by_field(validator, columns, raw)
    if found or errors:
        raise ValidationError(cast(Any, found | errors))
    return values


def clean_many(validator: Compiled, documents: Iterable[object], policy: Policy) -> CleanedRows:
    """The same for many, never stopping at the first error."""
    rows: list[Values | None] = []
    errors: dict[int, ValidationError] = {}
    for row, document in enumerate(documents):
        try:
            rows.append(clean_foreign(validator, document, policy))
        except ValidationError as error:
            rows.append(None)
            errors[row] = error
    return CleanedRows(rows, errors)


def not_an_object(value: object) -> ValidationError:
    """The error of a value that stands where an object should."""
    return ValidationError(NOT_AN_OBJECT, code="not_an_object", params={"found": kind_of_value(value)})


def columns_of(model: type[Model], fields: Sequence[str] | None) -> Columns:
    """The fields that documents may set: those in `fields`, or those that a ModelForm has and JSON can carry.

    Raises `FieldError` for a name that the model does not have, and for a generated column.
    """
    return _columns_of(cast(Any, model), None if fields is None else tuple(fields))


@lru_cache(maxsize=1024)
def _columns_of(model: Any, names: tuple[str, ...] | None) -> Columns:
    if names is None:
        chosen = [field for field in model._meta.concrete_fields if _is_open(field)]
    else:
        named = {find_field(model, name) for name in names}
        chosen = [field for field in model._meta.concrete_fields if field in named]
        if generated := [field.name for field in chosen if field.generated]:
            raise FieldError(f"{', '.join(generated)} cannot be set: the database computes it")
    fields = {field.attname: field for field in chosen}
    keys = {key: field.attname for field in chosen for key in (field.name, field.attname)}
    related = tuple(field.name for field in chosen if isinstance(field, ForeignKey))
    computed = tuple(field.attname for field in chosen if field.db_default is not NOT_PROVIDED)
    return Columns(fields, keys, related, computed, _needs_instance(model, chosen))


def _is_open(field: Any) -> bool:
    """Whether documents may set a field without naming it: as in a ModelForm, which leaves these out too.

    A file is no part of a document, and its path in the storage is not for others to choose.
    """
    parent_link = field.remote_field is not None and getattr(field.remote_field, "parent_link", False)
    return field.editable and not parent_link and not isinstance(field, (*_AUTO, FileField))


def _needs_instance(model: type[Model], fields: Iterable[Any]) -> bool:
    """Whether values can only be cleaned in an instance: some code of the project's may look at it, or change them."""
    methods = ("__init__", "__setattr__", "__getattribute__", "clean_fields")
    owners = [owner for owner in model.__mro__ if any(name in vars(owner) for name in methods)]
    for field in fields:
        owners += [type(field), type(inspect.getattr_static(model, field.attname, None))]
    return not all(map(_is_known, owners)) or any(isinstance(field, FileField) for field in fields)


def _is_known(owner: type) -> bool:
    return owner is object or owner.__module__.partition(".")[0] in ("django", __package__)


def _arrange(columns: Columns, document: Mapping[str, Any], policy: Policy) -> tuple[Values, Errors]:
    """The values by attname, with defaults for the missing ones; and errors of keys."""
    keys, errors = columns.keys, {}
    if document.keys() <= columns.fields.keys():
        values = dict(document)
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


def _clean(validator: Compiled, columns: Columns, values: Values) -> Errors:
    """Cleans the values in place, as `Model.clean_fields` would those of an instance; the errors by field name."""
    if not columns.as_instance:
        found = validator.clean_values(values)
    else:
        instance = validator.model(**values)
        others = {field.name for field in validator.model._meta.fields if field.attname not in values}
        found = {}
        try:
            instance.clean_fields(exclude=others)
        except ValidationError as error:
            found = error.error_dict
        values.update((attname, getattr(instance, attname)) for attname in tuple(values))
    for attname in columns.computed:
        if isinstance(values.get(attname), DatabaseDefault):
            del values[attname]
    return found


def _clean_by_field(validator: Compiled, columns: Columns, values: Values) -> tuple[Values, Errors]:
    """The same field by field, to find the one whose value Django's own code cannot take."""
    cleaned: Values = {}
    errors: Errors = {}
    for attname, raw in values.items():
        one = {attname: raw}
        try:
            errors |= _clean(validator, columns, one)
        except _CANNOT_TAKE as error:
            _raise_the_projects(error)
            field = columns.fields[attname]
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


def _raise_the_projects(error: Exception) -> None:
    """Raises the exception again, unless all code below this module was Django's or Python's own."""
    traceback = error.__traceback__
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if module not in ("django", __package__) and module not in sys.stdlib_module_names:
            raise error
        traceback = traceback.tb_next
