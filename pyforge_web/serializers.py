"""`CompiledSerializer`, and the functions over descriptors: what was compiled once, called many times."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from time import perf_counter_ns
from typing import Any, NamedTuple, cast

from django.db import connections
from django.db.models import Model, QuerySet

from . import backends, metering
from .bridge import VERSION, Columns, Tuples, dumps
from .fields import Descriptor, describe, extract_model_fields, find_field, kind_of
from .refusals import refuse_secrets

__all__ = [
    "CompiledSerializer",
    "FieldPath",
    "extract_model_fields",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "version",
]


class FieldPath(NamedTuple):
    """How the values of one column are written: natively, by Django's converters, or not at all, and why."""

    name: str
    kind: str | None
    path: str
    reason: str


class CompiledSerializer:
    """The columns of a model, compiled once: `CompiledSerializer.for_model(Article, ("id", "title"))`."""

    __slots__ = ("_columns", "_names", "descriptors", "model")

    def __init__(self, model: type[Model], fields: Sequence[str] | None = None) -> None:
        started = perf_counter_ns()
        found = model._meta.concrete_fields if fields is None else [find_field(model, name) for name in fields]
        self.model = model
        self.descriptors = [describe(field, model) for field in found]
        self._names = None if fields is None else tuple(fields)
        self._columns = _columns(self.descriptors, self._names)
        unknown = sum(descriptor["kind"] is None for descriptor in self.descriptors)
        taken = perf_counter_ns() - started
        metering.count_compiled(model._meta.label, "serializer", taken, len(self.descriptors) - unknown, unknown)

    @classmethod
    def for_model(cls, model: type[Model], fields: Sequence[str] | None = None) -> "CompiledSerializer":
        """The serializer of a model and a list of its fields, compiled at the first call for them.

        Raises `FieldError` for a name that the model does not have.
        """
        return _cached(cast(Hashable, cls), cast(Hashable, model), None if fields is None else tuple(fields))

    def dump_queryset(self, queryset: "QuerySet[Any, Any]") -> bytes:
        """The rows of a QuerySet of this model as a JSON array of objects."""
        if queryset.model._meta.concrete_model is not self.model._meta.concrete_model:
            raise TypeError(f"a QuerySet of {self.model.__name__} is needed, not of {queryset.model.__name__}")
        return dumps(queryset, fields=self._names)

    def dump_instance(self, instance: Model) -> bytes:
        """One instance as a JSON object, in one crossing."""
        self._check(instance)
        return dumps(instance, fields=self._names)

    def dump_tuples(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Rows of values in the order of the fields, as `values_list()` gives them, as a JSON array of objects.

        Raises `ValueError` for a row of another length and `TypeError` for a value that its field cannot hold, with the
        row and the field.
        """
        self._refuse_secrets()
        return dumps(Tuples(self._columns, list(rows), many=True, model=self.model))

    def to_dict(self, instance: Model) -> dict[str, Any]:
        """One instance as a dict of JSON-ready values: what `json.loads(dump_instance(instance))` gives."""
        self._check(instance)
        self._refuse_secrets()
        return self._columns.to_dict(instance.__dict__, instance)

    def explain(self, using: str = "default") -> list[FieldPath]:
        """Per field: its kind, whether rows of the database `using` take the native path, and if not, why."""
        connection = connections[using]
        backend = backends.find(connection)
        model_fields = [find_field(self.model, descriptor["attname"]) for descriptor in self.descriptors]
        return [_explain(field, connection, backend) for field in model_fields]

    def _refuse_secrets(self) -> None:
        refusal = refuse_secrets(self.model) if self._names is None else None
        if refusal is not None:
            raise TypeError(f"{refusal.problem}; {refusal.hint}")

    def _check(self, instance: Model) -> None:
        if not isinstance(instance, self.model):
            raise TypeError(f"an instance of {self.model.__name__} is needed, not {type(instance).__name__}")


@lru_cache(maxsize=1024)
def _cached(cls: Any, model: Any, fields: tuple[str, ...] | None) -> CompiledSerializer:
    compiled: CompiledSerializer = cls(model, fields)
    return compiled


def serialize_fields(descriptors: Sequence[Descriptor], values: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping of attribute names to values as a dict of JSON-ready values.

    Raises `ValueError` for a name that no descriptor has.
    """
    if unknown := values.keys() - {descriptor["attname"] for descriptor in descriptors}:
        raise ValueError(f"no descriptor for {', '.join(sorted(unknown))}")
    return _columns(descriptors).to_dict(dict(values))


def serialize_instance(instance: Model, descriptors: Sequence[Descriptor]) -> dict[str, Any]:
    """One instance as a dict of JSON-ready values, in one crossing."""
    return _columns(descriptors).to_dict(instance.__dict__, instance)


def serialize_to_bytes(descriptors: Sequence[Descriptor], values: Sequence[Any]) -> bytes:
    """One row of values, in the order of the descriptors, as a JSON object."""
    return dumps(Tuples(_columns(descriptors), values, many=False))


def serialize_value_tuples(descriptors: Sequence[Descriptor], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of values, in the order of the descriptors, as a JSON array of objects.

    Raises `ValueError` for a row of another length and `TypeError` for a value that its field cannot hold, with the row
    and the field.
    """
    return dumps(Tuples(_columns(descriptors), list(rows), many=True))


def version() -> str:
    """The version of PyForge Web."""
    return VERSION


def _columns(descriptors: Sequence[Descriptor], names: Sequence[str] | None = None) -> Columns:
    attributes = [descriptor["attname"] for descriptor in descriptors]
    kinds = [descriptor["kind"] for descriptor in descriptors]
    return _compile(tuple(zip(names or attributes, attributes, kinds, strict=True)))


@lru_cache(maxsize=1024)
def _compile(columns: tuple[tuple[str, str, str | None], ...]) -> Columns:
    """Columns of Python values: a kind that is not known, or has no JSON, is written or refused by the value's type."""
    return Columns(
        [
            (name, attname, "value" if kind in (None, "refused") else kind, "naive", False, 0, 0)
            for name, attname, kind in columns
        ],
        "object",
    )


def _explain(field: Any, connection: Any, backend: Any) -> FieldPath:
    kind = kind_of(field)
    if kind == "refused":
        return FieldPath(field.attname, None, "refused", "it has no JSON form, and DjangoJSONEncoder refuses it too")
    if backend is None:
        return FieldPath(field.attname, kind, "django", f"no native path for {connection.vendor}")
    column = field.get_col(field.model._meta.db_table)
    converters = connection.ops.get_db_converters(column) + column.get_db_converters(connection)
    reader = backend.read(column, converters, connection)
    if reader is backends.DJANGO:
        return FieldPath(field.attname, kind, "django", backends.why_django(converters))
    if reader is backends.VALUE:
        return FieldPath(field.attname, kind, "native", "no converter: written by the type of the driver's value")
    return FieldPath(field.attname, kind, "native", f"read as {reader.kind} from what is stored")
