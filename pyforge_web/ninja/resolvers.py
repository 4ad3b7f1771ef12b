"""Values of a Schema that Python code makes: `resolve_*`, on an instance of few columns, and computed fields."""

import datetime
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from django.db.models import Model
from ninja.schema import Schema
from pydantic import TypeAdapter

from pyforge_web._native import is_plain_json
from pyforge_web.output.fields import Attribute
from pyforge_web.output.lean_instances import NotNamedError

# What pydantic leaves as it is under an annotation of exactly this type.
_EXACT = (str, int, bool)
Check = Callable[[Any], Any]
Rules = tuple[Any, tuple[Any, ...]]  # an annotation, and what pydantic has beside it
# What pydantic writes of a computed field as it is, alone and in the containers below.
_UNCHANGED_TYPES = {
    *(Any, None, type(None), bool, bytes, dict, float, int, list, str, tuple, Decimal, UUID),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
}
_UNCHANGED_ORIGINS = (dict, list, tuple, types.UnionType, Union)


class SchemaFallbackError(TypeError):
    """A Schema does more than name columns: ninja has to serialize its objects. Says why."""


def make_check(rules: Rules) -> Check:
    """Return the function from what a resolver gives to what pydantic makes of it.

    It raises pydantic's `ValidationError`, and `SchemaFallbackError` for a value that is not JSON.
    """
    annotation, metadata = rules
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[annotation, *metadata] if metadata else annotation)
    exact = annotation if annotation in _EXACT and not metadata else None

    def check(value: Any) -> Any:
        if type(value) is exact:
            return value
        return check_plain(adapter.dump_python(adapter.validate_python(value, from_attributes=True)))

    return check


def check_plain(value: Any) -> Any:
    """Return a value that is JSON, or of a type that Django's encoder has a text for."""
    if not is_plain_json(value, django_types=True):
        raise SchemaFallbackError(f"a {type(value).__name__} is for ninja's encoder")
    return value


def is_written_as_is(annotation: Any) -> bool:
    """Return whether pydantic writes plain values of this annotation as they are: it has no serializer of its own."""
    origin = get_origin(annotation)
    if origin is None:
        return annotation in _UNCHANGED_TYPES
    return origin in _UNCHANGED_ORIGINS and all(map(is_written_as_is, get_args(annotation)))


@contextmanager
def errors_by_ninja() -> Iterator[None]:
    """Leave an error of a resolver to ninja, where an attribute that is missing is the field's default."""
    try:
        yield
    except (NotNamedError, SchemaFallbackError):
        raise
    except Exception as error:
        raise SchemaFallbackError(f"a resolver raises {type(error).__name__}") from error


class JsonCheck:
    """A function that gives JSON back if it is of the type that a Schema names, and leaves other JSON to ninja."""

    def __init__(self, kind: type, *, optional: bool) -> None:
        self._kinds: tuple[type, ...] = (kind, type(None)) if optional else (kind,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonCheck) and self._kinds == other._kinds

    def __hash__(self) -> int:
        return hash(self._kinds)

    def __call__(self, value: Any) -> Any:
        if type(value) not in self._kinds:
            raise SchemaFallbackError(f"a {type(value).__name__} is not a {self._kinds[0].__name__}")
        return value


class ResolvedField(Attribute):
    """What `resolve_*` makes of an instance that has the columns of `@reads`."""

    def __init__(self, where: str, function: Callable[[Any], Any], reads: Sequence[str], rules: Rules) -> None:
        super().__init__(where, reads=list(dict.fromkeys(["pk", *reads])))
        self._function, self._check = function, make_check(rules)
        # A Schema may inherit a resolver and have an annotation of its own.
        self._key = function, self.names, rules

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResolvedField) and self._key == other._key

    def __hash__(self) -> int:
        return hash((self._function, self.names))

    def read_values(self, instances: Sequence[Model]) -> list[Any]:
        """Return what pydantic makes of the resolver's values."""
        with errors_by_ninja():
            return [self._check(self._function(instance)) for instance in instances]


class SchemaProperty:
    """A computed field: called with the values of the fields that it reads, in their order."""

    def __init__(self, schema: type[Schema], name: str, reads: Sequence[str]) -> None:
        self._schema, self._name, self._reads = schema, name, tuple(reads)
        self._key = schema, name, self._reads
        # Asked for its warnings: a value of another type than the annotation's is written with one.
        self._write = TypeAdapter(schema.__pydantic_decorators__.computed_fields[name].info.return_type).dump_python

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaProperty) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __call__(self, *values: Any) -> Any:
        fields = dict(zip(self._reads, values, strict=True))
        made: Any = self._schema.__new__(self._schema)
        # As `model_construct`, but without defaults: another field raises an AttributeError.
        for name, value in (
            ("__dict__", fields),
            ("__pydantic_fields_set__", set(fields)),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(made, name, value)
        with errors_by_ninja():
            value = check_plain(getattr(made, self._name))
            self._write(value, warnings="error")
            return value
