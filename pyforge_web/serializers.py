"""`CompiledSerializer`, and the functions over descriptors: what was compiled once, called many times."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from time import perf_counter_ns
from typing import Any, TypedDict, Unpack, cast

from django.core.signals import setting_changed
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest

from pyforge_web import metering
from pyforge_web._native import VERSION, RowColumns, ValueTuples, columns_to_dict, dumps
from pyforge_web.conf import Dates, Nan, get_settings, with_docs
from pyforge_web.description.explanation import OutputPath, explain_column, explain_tree
from pyforge_web.fields import Descriptor, describe_field, extract_model_fields, find_field
from pyforge_web.output.grammar import Fields, ParsedFields, parse_fields
from pyforge_web.output.kept_fields import KeptResults, is_long
from pyforge_web.output.key_names import KeyStyle
from pyforge_web.output.model_names import find_column
from pyforge_web.output.refusals import refuse_secrets
from pyforge_web.output.resolve import resolve_fields, resolve_model_fields
from pyforge_web.output.tree import Leaf, is_own_column
from pyforge_web.querysets.django_path import why_columns, why_django
from pyforge_web.querysets.instances import is_read_plainly, read_column
from pyforge_web.querysets.relations.doubts import why_tree_django
from pyforge_web.querysets.sql_cache import explain_sql, sql_memory
from pyforge_web.secrets import is_secret_descriptor
from pyforge_web.stock import why_not_native
from pyforge_web.validation.explanation import explain_model

__all__ = [
    "CompiledSerializer",
    "OutputPath",
    "extract_model_fields",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "version",
]


class DumpOptions(TypedDict, total=False):
    """What `dumps` takes besides the fields."""

    keys: KeyStyle | None
    dates: Dates
    request: HttpRequest | None
    default: Callable[[Any], Any] | None
    django_bytes: bool
    ensure_ascii: bool
    nan: Nan


class CompiledSerializer:
    """The columns of a model, compiled once: `CompiledSerializer.for_model(Article, ("id", "title"))`."""

    __slots__ = ("_attributes", "_columns", "_concrete", "_fields", "_names", "_tree", "descriptors", "model")

    def __init__(self, model: type[Model], fields: Fields | None = None) -> None:
        started = perf_counter_ns()
        self.model = model
        self._fields: ParsedFields | None = None if fields is None else parse_fields(fields)
        tree = None if self._fields is None else resolve_model_fields(model, self._fields)
        # Columns of the model itself are read from `__dict__`; a tree with anything else is written as `dumps` writes
        # it.
        leaves = () if tree is None else [cast(Leaf, item) for item in tree.items if is_own_column(item)]
        self._tree = tree if tree is not None and len(leaves) < len(tree.items) else None
        self._names = None if tree is None else [leaf.name for leaf in leaves]
        names = self._names
        found = (
            model._meta.concrete_fields if names is None else [leaf.field for leaf in leaves if leaf.field is not None]
        )
        self.descriptors = [describe_field(field, model) for field in found]
        self._attributes = tuple(descriptor["attname"] for descriptor in self.descriptors)
        self._concrete = model._meta.concrete_fields
        self._columns = _columns(self.descriptors, names)
        unknown = sum(descriptor["kind"] is None for descriptor in self.descriptors)
        taken = perf_counter_ns() - started
        metering.count_compiled(model._meta.label, "serializer", taken, len(self.descriptors) - unknown, unknown)

    @classmethod
    def for_model(cls, model: type[Model], fields: Fields | None = None) -> "CompiledSerializer":
        """The serializer of a model and a list of its fields, compiled at the first call for them.

        Raises `FieldError` for a name that the model does not have.
        """
        if not (isinstance(model, type) and issubclass(model, Model)):
            raise with_docs(TypeError(explain_model(model)), "compiled")
        return _find_compiled(cls, model, None if fields is None else parse_fields(fields))

    def dump_queryset(self, queryset: "QuerySet[Any, Any]", **options: Unpack[DumpOptions]) -> bytes:
        """The rows of a QuerySet of this model as a JSON array of objects; the options are those of `dumps`."""
        # A proxy has the table and the columns of its model.
        model: Any = getattr(queryset, "model", None)
        if model is None:
            raise with_docs(
                TypeError(f"a QuerySet of {self.model.__name__} is needed, not {type(queryset).__name__}"), "compiled"
            )
        if model._meta.concrete_model is not self.model._meta.concrete_model:
            raise with_docs(
                TypeError(f"a QuerySet of {self.model.__name__} is needed, not of {model.__name__}"), "compiled"
            )
        return dumps(queryset, fields=cast(Any, self._fields), **options)

    def dump_instance(self, instance: Model, *, fetch: bool = False, **options: Unpack[DumpOptions]) -> bytes:
        """One instance as a JSON object. `fetch=True` loads the relations that it does not have yet.

        Raises `ValueError` for what is not loaded.
        """
        self._check(instance)
        return dumps(instance, fields=cast(Any, self._fields), fetch=fetch, **options)

    def dump_tuples(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Rows of values in the order of the fields, as `values_list()` gives them, as a JSON array of objects.

        Raises `ValueError` for a row of another length and `TypeError` for a value that its field cannot hold, with the
        row and the field.
        """
        if self._tree is not None:
            raise with_docs(
                TypeError("rows of tuples have no relations: compile the serializer with names of columns alone"),
                "compiled",
            )
        self._refuse_secrets()
        rows = list(rows)
        if why_not_native() is not None:
            return dumps([_plain_row(self._find_names(), row) for row in rows])
        return dumps(ValueTuples(self._columns, rows, many=True, model=self.model))

    def to_dict(self, instance: Model) -> dict[str, Any]:
        """One instance as a dict of JSON-ready values: what `json.loads(dump_instance(instance))` gives."""
        self._check(instance)
        if self._are_columns_of(type(instance)) and why_not_native() is None:
            self._refuse_secrets()
            written = columns_to_dict(self._columns, instance.__dict__, instance)
            if self._names is None or len(written) == len(self._names):
                return written
        return cast("dict[str, Any]", json.loads(self.dump_instance(instance)))

    def _are_columns_of(self, model: type[Model]) -> bool:
        """Return whether `__dict__` of instances of this class has all that is written of them, and nothing else."""
        is_same = self._tree is None and model is self.model and self._concrete is model._meta.concrete_fields
        return is_same and is_read_plainly(model, self._attributes)

    def _find_names(self) -> list[str]:
        return self._names or [descriptor["attname"] for descriptor in self.descriptors]

    def explain(self, using: str = "default", *, queryset: "QuerySet[Any, Any] | None" = None) -> list[OutputPath]:
        """Per field: its kind, whether rows of the database `using` take the native path, and if not, why.

        With relations, also how each is read. A `queryset` is asked whether Django reads it as a whole, and what its
        lookups load; its database takes the place of `using`. With the setting `SQL_CACHE` a last row says whether its
        SQL is remembered, and if not, why.
        """
        # The columns first: the row about SQL is of all of them.
        rows = self._explain_fields(using, queryset)
        if queryset is not None and get_settings()["SQL_CACHE"]:
            reason = explain_sql(queryset)
            counts = f"{sql_memory.hits:,} hits and {sql_memory.misses:,} misses in this process"
            rows.append(OutputPath("(SQL)", None, "django" if reason else "native", reason or f"remembered; {counts}"))
        return rows

    def _explain_fields(self, using: str, queryset: "QuerySet[Any, Any] | None") -> list[OutputPath]:
        if queryset is None:
            queryset = self.model._default_manager.using(using)
        if self._tree is not None:
            tree = resolve_fields(queryset, self._fields or ())
            return list(explain_tree(tree, queryset.db, "", why_tree_django(queryset, tree)))
        reason = why_django(queryset) or why_columns(self.model, [each["attname"] for each in self.descriptors])
        model_fields = [find_field(self.model, descriptor["attname"]) for descriptor in self.descriptors]
        return [explain_column(field, connections[queryset.db], reason) for field in model_fields]

    def _refuse_secrets(self) -> None:
        refusal = refuse_secrets(self.model) if self._names is None else None
        if refusal is not None:
            raise refusal.make_error()

    def _check(self, instance: Model) -> None:
        if not isinstance(instance, self.model):
            raise with_docs(
                TypeError(f"an instance of {self.model.__name__} is needed, not {type(instance).__name__}"), "compiled"
            )


# The key of a model's serializers in the `__dict__` of its `_meta`, by class and fields: they end with the model.
_REMEMBERED_SERIALIZERS = "_pyforge_serializers"
_MOST_SERIALIZERS = 256


def _find_compiled(
    serializer: type[CompiledSerializer], model: type[Model], fields: tuple[Any, ...] | None
) -> CompiledSerializer:
    remembered: dict[Any, CompiledSerializer] = model._meta.__dict__.setdefault(_REMEMBERED_SERIALIZERS, {})
    key = (serializer, model, fields)  # a class that is copied with its `_meta` is another one
    compiled = remembered.get(key)
    # Django makes a new tuple when a model gets a field.
    if compiled is not None and compiled._concrete is not model._meta.concrete_fields:
        remembered.pop(key, None)
        compiled = None
    if compiled is None:
        compiled = serializer(model, fields)
        # A view that makes its list anew for each client must not fill the memory.
        if is_long(fields):
            return compiled
        if len(remembered) >= _MOST_SERIALIZERS:
            remembered.clear()
        compiled = remembered.setdefault(key, compiled)
    return compiled


def serialize_fields(descriptors: Sequence[Descriptor], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dict of JSON-ready values for a mapping of attribute names to values.

    Raises `ValueError` for a name that no descriptor has, and `TypeError` for a descriptor of a secret column.
    """
    if unknown := values.keys() - {descriptor["attname"] for descriptor in descriptors}:
        raise with_docs(ValueError(f"no descriptor for {', '.join(sorted(unknown))}"), "descriptors")
    columns = _public_columns(descriptors)
    if why_not_native() is not None:
        names = [descriptor["attname"] for descriptor in descriptors if descriptor["attname"] in values]
        return _ready_row(names, [values[name] for name in names])
    return columns_to_dict(columns, dict(values))


def serialize_instance(instance: Model, descriptors: Sequence[Descriptor]) -> dict[str, Any]:
    """Return an instance as a dict of JSON-ready values, in one native call."""
    columns, model = _public_columns(descriptors), type(instance)
    names = tuple(descriptor["attname"] for descriptor in descriptors)
    if is_read_plainly(model, names) and why_not_native() is None:
        return columns_to_dict(columns, instance.__dict__, instance)
    # Code of the project, or of a tool, reads one of them.
    row = {name: instance.__dict__[name] for name in names if name in instance.__dict__}
    row |= {name: read_column(instance, field) for name in row if (field := find_column(model, name)) is not None}
    return _ready_row([*row], [*row.values()])


def serialize_to_bytes(descriptors: Sequence[Descriptor], values: Sequence[Any]) -> bytes:
    """Return one row of values, in the order of the descriptors, as a JSON object."""
    columns = _public_columns(descriptors)
    if why_not_native() is not None:
        return dumps(_plain_row([descriptor["attname"] for descriptor in descriptors], values))
    return dumps(ValueTuples(columns, values, many=False))


def serialize_value_tuples(descriptors: Sequence[Descriptor], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows of values, in the order of the descriptors, as a JSON array of objects.

    Raises `ValueError` for a row of another length and `TypeError` for a value that its field cannot hold, with the row
    and the field.
    """
    # A list: the rows may be a generator, and native code asks for their number.
    columns, rows = _public_columns(descriptors), list(rows)
    if why_not_native() is not None:
        names = [descriptor["attname"] for descriptor in descriptors]
        return dumps([_plain_row(names, row) for row in rows])
    return dumps(ValueTuples(columns, rows, many=True))


def _plain_row(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """Return one row for Django's own encoder, where native code is off; a file is its name."""
    if len(names) != len(values):
        raise with_docs(ValueError(f"a row has {len(values)} values for {len(names)} fields"), "row-length")
    plain = [value.name if isinstance(value, FieldFile) else value for value in values]
    return dict(zip(names, plain, strict=True))


def _ready_row(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """Return the same as a dict of JSON-ready values."""
    return cast("dict[str, Any]", json.loads(dumps(_plain_row(names, values))))


def version() -> str:
    """Return the version of PyForge Web."""
    return VERSION


def _columns(descriptors: Sequence[Descriptor], names: Sequence[str] | None = None) -> RowColumns:
    attributes = [descriptor["attname"] for descriptor in descriptors]
    kinds = [descriptor["kind"] for descriptor in descriptors]
    return _compile(tuple(zip(names or attributes, attributes, kinds, strict=True)))


def _public_columns(descriptors: Sequence[Descriptor]) -> RowColumns:
    """Return the columns of descriptors; nobody has named them, so a secret one among them raises `TypeError`."""
    _refuse_secret_descriptors(tuple((descriptor["model"], descriptor["name"]) for descriptor in descriptors))
    return _columns(descriptors)


@lru_cache(maxsize=1024)
def _refuse_secret_descriptors(fields: tuple[tuple[str, str], ...]) -> None:
    if secrets := [f"{label}.{name}" for label, name in fields if is_secret_descriptor(label, name)]:
        raise with_docs(
            TypeError(
                f"secret columns ({', '.join(secrets)}) are not written from descriptors; leave theirs out, or name "
                "the columns to write: CompiledSerializer.for_model(model, fields=[...])"
            ),
            "secret-columns",
        )


def _forget_refusals(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        _refuse_secret_descriptors.cache_clear()


setting_changed.connect(_forget_refusals, dispatch_uid="pyforge_web.serializers")


@KeptResults
def _compile(columns: tuple[tuple[str, str, str | None], ...]) -> RowColumns:
    """Columns of Python values: a kind that is not known, or has no JSON, is written or refused by the value's type."""
    return RowColumns(
        [
            (name, attname, "value" if kind in (None, "refused") else kind, "naive", False, 0, 0)
            for name, attname, kind in columns
        ],
        "object",
    )
