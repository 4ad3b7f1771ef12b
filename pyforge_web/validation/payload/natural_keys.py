"""Natural keys: rows of a CSV name an author by username, and not by primary key."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import DataError, connections, router
from django.db.models import Field, ForeignKey, Model

from pyforge_web.conf import with_docs
from pyforge_web.fields import find_field
from pyforge_web.validation.database.bulk_queries import find_stored, keep_transaction
from pyforge_web.validation.database.comparable_columns import exact_type, integer_range
from pyforge_web.validation.database.foreign_keys import is_django_key
from pyforge_web.validation.database.stock_drivers import not_stock_reason
from pyforge_web.validation.errors import RowErrorParts, UnknownNaturalKey
from pyforge_web.validation.payload.writable_fields import WritableFields


class NaturalKeys:
    """The foreign keys that come as the value of another field of their target: `lookup={"author": "username"}`."""

    def __init__(self, model: type[Model], fields: WritableFields, lookup: Mapping[str, str]) -> None:
        """Raises `FieldError` for a name that is not a foreign key of the payload, or not a field of its target."""
        self.model = model
        self.fields: dict[str, tuple[Any, Any]] = {}
        for name, natural_name in lookup.items():
            field: Any = find_field(model, name)
            if not isinstance(field, ForeignKey) or field.attname not in fields.fields:
                raise with_docs(
                    FieldError(f"lookup has {name!r}, which is not a foreign key that the payload may set"), "payload"
                )
            natural = find_field(field.remote_field.model, natural_name)
            # Its value would be a key again, which a client who writes natural keys does not have.
            if natural.is_relation:
                raise with_docs(
                    FieldError(f"lookup has {natural_name!r} for {name!r}: give a field that is not a relation"),
                    "payload",
                )
            self.fields[field.attname] = (field, natural)
        # Foreign keys whose own code validates them, and may look at the row: they are looked up row by row.
        self.alone = {attname for attname, (field, _) in self.fields.items() if not is_django_key(field)}

    def take(self, values: dict[str, Any], payload: Mapping[str, Any], attnames: Mapping[str, str]) -> dict[str, Any]:
        """Take the natural keys out of the values of a payload, by attname.

        An empty text is no key, as an empty cell of a CSV file. It is cleaned as None, with Django's errors for it.
        A default of the field, and an instance, are keys of the database and stay.
        """
        if not self.fields:
            return {}
        taken: dict[str, Any] = {}
        sent = {attnames[key] for key, value in payload.items() if key in attnames and not isinstance(value, Model)}
        for attname in self.fields:
            if attname not in values or attname not in sent:
                continue
            if values[attname] is None or values[attname] == "":
                values[attname] = None
            else:
                taken[attname] = values.pop(attname)
        return taken

    def resolve_one(self, waiting: dict[str, Any], values: dict[str, Any], errors: RowErrorParts) -> None:
        """Look up the natural keys of one payload. Puts the keys into its values, or errors into its errors."""
        for attname, value in waiting.items():
            field = self.fields[attname][0]
            for _row, key, error in self.resolve(attname, {0: value}, values):
                if error is None:
                    values[attname] = key
                else:
                    errors[field.name] = [error] if isinstance(error, UnknownNaturalKey) else error

    def resolve(
        self, attname: str, waiting: Mapping[int, Any], values: Mapping[str, Any] = MappingProxyType({})
    ) -> Iterator[tuple[int, Any, Any]]:
        """Yield for each row its foreign key, or its error: a list of `ValidationError`, or an unbuilt one.

        One query looks up all rows, through the manager and the `limit_choices_to` that `ForeignKey.validate` takes.
        `values` are the other values of the row: a foreign key with validation of its own may look at them.
        """
        field, natural = self.fields[attname]
        converted = {row: _convert(natural, value) for row, value in waiting.items()}
        targets = _find_targets(field, natural, {key for key in converted.values() if key is not None})
        for row, value in waiting.items():
            found = targets.get(converted[row], [])
            if len(found) != 1:
                yield row, None, UnknownNaturalKey(field, natural, value, len(found) > 1)
                continue
            try:
                key = found[0]
                if attname in self.alone:
                    key = field.clean(key, self.model(**{**values, attname: key}))
                else:
                    Field.validate(field, key, None)
                    field.run_validators(key)
            except ValidationError as error:
                yield row, None, error.error_list
            else:
                yield row, key, None


def _convert(natural: Any, value: Any) -> Any:
    """Return a natural key as the column has it; None for a value that no row can have."""
    try:
        converted = natural.to_python(value)
        hash(converted)  # a list is never a key, and cannot be looked up in a dict
    except (ValidationError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return converted


def _find_targets(field: Any, natural: Any, keys: set[Any]) -> dict[Any, list[Any]]:
    """Return the foreign keys of the rows that have each natural key; more than one if the key is not unique."""
    if not keys:
        return {}
    remote = field.remote_field
    alias = router.db_for_read(remote.model)
    connection = connections[alias]
    # Distinct: `limit_choices_to` may join a relation to many, which gives a row more than once.
    queryset = remote.model._base_manager.using(alias).complex_filter(field.get_limit_choices_to()).distinct()
    target = field.target_field
    targets: dict[Any, list[Any]] = {}
    value_type = None if not_stock_reason(queryset) else exact_type(natural, connection)
    # A number that the column cannot hold stands for no row, and SQLite could not even be sent it.
    if value_type is int:
        low, high = integer_range(natural, connection)
        keys = {key for key in keys if type(key) is int and low <= key <= high}
    if value_type is not None and all(type(key) is value_type for key in keys):
        try:
            for key, pk in find_stored(queryset, [natural], list(keys), target) if keys else ():
                targets.setdefault(key, []).append(pk)
        except (ValueError, DataError):  # the driver cannot send one of them, as a lone surrogate: ask one by one
            targets = {}
        else:
            return targets
    # Only the database knows when two values of this column are equal. Two rows are enough to see that a key is not
    # unique.
    with keep_transaction(alias) as restore:
        for key in keys:
            try:
                targets[key] = list(queryset.filter(**{natural.name: key}).values_list(target.attname, flat=True)[:2])
            except (ValueError, DataError, ValidationError):  # no row can have it
                restore()
    return targets
