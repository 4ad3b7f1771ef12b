"""The classes of output fields: what `{"status": Display("status")}` writes under its key."""

from collections.abc import Callable, Sequence
from functools import partialmethod
from itertools import starmap
from typing import Any, NamedTuple, TypeAlias

from django.db.models import Field, Model
from django.db.models.constants import LOOKUP_SEP
from django.utils.encoding import force_str
from django.utils.hashable import make_hashable

from pyforge_web._native import FileUrlText, LinkText, ValueLabels
from pyforge_web.conf import with_docs
from pyforge_web.fields import find_attribute, kind_of
from pyforge_web.output.lean_instances import (
    LoadRelated,
    MakeInstances,
    NotNamedError,
    RelatedColumns,
    Row,
    check_all_made,
    instance_maker,
    make_instance,
    read_attributes,
    refuse_queries,
    related_loader,
)
from pyforge_web.stock import find_stock


class Source(NamedTuple):
    """A column that an output field reads: its field, None for what a query adds, and the model that has it."""

    name: str
    field: "Field[Any, Any] | None"
    model: type[Model]
    # Whether it is null where a relation of its path has no row.
    may_lack_row: bool = False
    # Whether its values are those of instances in memory.
    is_loaded: bool = False

    @property
    def column_path(self) -> str:
        """The path of the attribute that it is on an instance."""
        if self.field is None:
            return self.name
        return LOOKUP_SEP.join([*self.name.split(LOOKUP_SEP)[:-1], self.field.attname])


Make = Callable[[Row], Any]
MakeColumn = Callable[[Sequence[Row]], list[Any]]
NativeOutput: TypeAlias = ValueLabels | LinkText | FileUrlText
_DISPLAY_METHOD = find_stock(Model, "_get_FIELD_display")
# Kinds of values that `get_FOO_display()` returns as they are where they have no label, or as JSON writes them.
_LABELLED_KINDS = {
    "boolean", "date", "datetime", "decimal", "float", "integer", "text", "time", "uuid",
}  # fmt: skip


class OutputField:
    """What makes a value of named columns. `names` are paths of fields: `status`, `author__status`."""

    names: tuple[str, ...] = ()
    # Whether it is null where a relation on its path has no row, whatever it would make of null.
    needs_row = False

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Make:
        """Return the function from the values of the columns to what is written; asked anew for each call."""
        raise NotImplementedError

    def bind_rows(self, model: type[Model], sources: Sequence[Source], request: Any, using: str) -> MakeColumn:
        """Return the same for the rows of a model: the function from their values to all that is written."""
        make = self.bind(sources, request, using)
        return lambda rows: [make(row) for row in rows]

    def bind_native(self, sources: Sequence[Source], request: Any, columns: Sequence[int]) -> NativeOutput | None:
        """Return what native code writes of these columns of a row; None where Python makes each value."""
        return None

    def is_stored(self, number: int, source: Source) -> bool:
        """Return whether an instance is given this column: it reads it by its own code, which must not run before."""
        return False

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), self.names))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.names))})"


class Display(OutputField):
    """The label of a choice, as `get_status_display()` gives it, in the active language: `Display("status")`."""

    needs_row = True

    def __init__(self, name: str) -> None:
        self.names = (name,)

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Make:
        (source,) = sources
        field, model = self._find_field(source), source.model
        if self._find_own_method(source) is not None:
            owner, name = repr(self), f"get_{field.name}_display"
            return lambda values: getattr(
                make_instance(model, {field.attname: values[0]}, using, owner, is_loaded=source.is_loaded), name
            )()
        labels = _read_labels(field)
        texts: dict[Any, Any] = {}

        def label(values: tuple[Any, ...]) -> Any:
            value = make_hashable(values[0])
            if value not in labels:  # not kept: values that are equal may be written as others, such as 1 and true
                return force_str(values[0], strings_only=True)
            if value not in texts:
                texts[value] = force_str(labels[value], strings_only=True)
            return texts[value]

        return label

    def bind_native(self, sources: Sequence[Source], request: Any, columns: Sequence[int]) -> NativeOutput | None:
        """Return the labels by the values that Django has."""
        (source,) = sources
        field = self._find_field(source)
        if self._find_own_method(source) is not None or kind_of(field) not in _LABELLED_KINDS:
            return None
        labels = _read_labels(field)
        if source.may_lack_row and None in labels:
            return None  # a row with None has that label, and no row has none
        return ValueLabels({value: force_str(label, strings_only=True) for value, label in labels.items()})

    def is_stored(self, number: int, source: Source) -> bool:
        """Return whether the model has a method of its own for the label."""
        return self._find_own_method(source) is not None

    def _find_field(self, source: Source) -> "Field[Any, Any]":
        if source.field is None or source.field.choices is None:
            raise with_docs(
                ValueError(f"Display({source.name!r}): {source.name} is not a field with choices"), "expression"
            )
        return source.field

    def _find_own_method(self, source: Source) -> Any:
        """Return the model's own method for the label, which does what it likes; None for Django's."""
        name = f"get_{self._find_field(source).name}_display"
        method = find_attribute(source.model, name)
        return None if is_label_method(method) else name


def is_label_method(method: Any) -> bool:
    """Return whether a class has Django's own `get_FOO_display()`."""
    return isinstance(method, partialmethod) and method.func is _DISPLAY_METHOD


def _read_labels(field: "Field[Any, Any]") -> dict[Any, Any]:
    """Return the labels of a field by their values. They may be lazy: what they say is read for each call."""
    return dict(make_hashable(field.flatchoices))


class Computed(OutputField):
    """What a function makes of named columns: `Computed(make_excerpt, "body", "lang")`. No instance is made."""

    def __init__(self, function: Callable[..., Any], *names: str) -> None:
        if not callable(function):
            raise with_docs(TypeError(f"Computed() needs a function first, not {function!r}"), "expression")
        self.function = function
        self.names = names

    def bind(self, sources: Sequence[Source], request: Any, using: str) -> Make:
        function = self.function
        return lambda values: function(*values)

    def bind_rows(self, model: type[Model], sources: Sequence[Source], request: Any, using: str) -> MakeColumn:
        """Return the function over the rows, without a call of ours for each."""
        function, owner = self.function, repr(self)

        def make_values(rows: Sequence[Row]) -> list[Any]:
            values = list(starmap(function, rows))
            check_all_made(values, rows, owner)
            return values

        return make_values


class Attribute(OutputField):
    """A property or method of the model, on an instance that has the columns it reads.

    `Attribute("short", reads=["title"])`: what is not named raises, and is never queried for.
    """

    def __init__(self, name: str, *, reads: Sequence[str] = ()) -> None:
        if isinstance(reads, str):
            raise with_docs(
                TypeError(f'reads= must be a list of field names like ["title"], not {reads!r}'), "expression"
            )
        self.name = name
        self.names = tuple(reads)

    def __repr__(self) -> str:
        return f"Attribute({self.name!r}, reads={list(self.names)!r})"

    def is_stored(self, number: int, source: Source) -> bool:
        """Return True: the attribute reads its columns."""
        return True

    def read_values(self, instances: Sequence[Model]) -> list[Any]:
        """Return the values that are written of instances."""
        return read_attributes(instances, self.name, repr(self))

    def bind_instances(
        self,
        model: type[Model],
        sources: Sequence[Source],
        related: RelatedColumns,
        using: str,
        copy_loaded: MakeInstances | None = None,
        load_related: LoadRelated | None = None,
    ) -> MakeColumn:
        """Return the function from the values of the columns to the attribute of instances that have them.

        The instances of all rows are made first, and each relation to many is loaded for all of them, by
        `copy_loaded` and `load_related` where they are in memory. Queries are refused while their attributes are read.
        """
        owner = repr(self)
        load = load_related or related_loader(model, related, using, owner)
        columns = [source.column_path for source in sources]
        make_instances = copy_loaded or instance_maker(model, columns, using, owner)

        def query_error(sql: str) -> NotNamedError:
            return with_docs(
                NotNamedError(f"{owner} sends a query, which reads=[...] does not name: {sql}"), "column-not-read"
            )

        def read_rows(rows: Sequence[Row]) -> list[Any]:
            instances = make_instances(rows)
            load(instances)
            with refuse_queries(query_error):
                return self.read_values(instances)

        return read_rows


class Flat(OutputField):
    """One column of the rows of a relation to many, as a flat list: `Flat("tags", "name")`."""

    def __init__(self, relation: str, name: str) -> None:
        self.relation = relation
        self.name = name
        self.names = (f"{relation}__{name}",)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.relation!r}, {self.name!r})"


class Keys(Flat):
    """The keys of the rows of a relation to many, as a flat list: `Keys("editors")`."""

    def __init__(self, relation: str) -> None:
        super().__init__(relation, "pk")

    def __repr__(self) -> str:
        return f"Keys({self.relation!r})"
