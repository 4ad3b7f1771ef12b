from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Any, Final, Literal, Self, final

from django.http import HttpRequest
from typing_extensions import disjoint_base

from pyforge_web.output.grammar import Fields
from pyforge_web.output.key_names import KeyStyle

__all__ = [
    "BUILD_PROFILE",
    "VERSION",
    "AttributeWatch",
    "BodyFallback",
    "CallTotals",
    "ClassVersions",
    "Counters",
    "FileUrlText",
    "LinkText",
    "MadeValues",
    "ModelInstances",
    "NestedRows",
    "QueryRows",
    "RelatedRows",
    "RelatedTexts",
    "RowColumns",
    "RowLayout",
    "RowProgram",
    "RowTexts",
    "Validator",
    "ValueLabels",
    "ValueTuples",
    "are_same_fields",
    "columns_of",
    "columns_to_dict",
    "count_option_scope",
    "dump_chunk",
    "dumps",
    "dumps_html",
    "dumps_natively",
    "dumps_response",
    "dumps_within",
    "is_plain_json",
    "listen",
    "read_body",
    "serialize_rows",
    "set_native",
    "text_column",
    "totals",
    "watch_encoder",
]

# Rows, nanoseconds of the database, and of each column that Python converted values of: index, number, nanoseconds.
_Report = Callable[[int, int, list[tuple[int, int, int]]], object]
_Dates = Literal["django", "iso", "local", "drf"]
# How a column is read: kind, zone, checked, max_digits, decimal_places, and perhaps the format of its dates.
_Reader = tuple[str, str, bool, int, int] | tuple[str, str, bool, int, int, str]

VERSION: Final[str]
BUILD_PROFILE: Final[Literal["debug", "release"]]

def columns_to_dict(columns: RowColumns, values: dict[str, Any], source: Any = None) -> dict[str, Any]:
    """Return the JSON-ready values of a dict of attributes, by the names of the columns."""

def dumps(
    obj: Any,
    *,
    fields: Fields | None = None,
    exclude: Iterable[str] | None = None,
    allowed: Fields | None = None,
    max_depth: int | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
    dates: _Dates = "django",
    keys: KeyStyle | None = None,
    request: HttpRequest | None = None,
    default: Callable[[Any], Any] | None = None,
    max_bytes: int | None = None,
) -> bytes:
    """Return a value as JSON. It is the encoder of `PyForgeJsonResponse`, for caches, websockets and tasks.

    `obj` is any value that `DjangoJSONEncoder` takes, a QuerySet, an instance, a page, or a list of instances.
    Models may also stand inside other values. `fields` names the columns of a model to write, and nests by dicts:
    `["id", {"author": ["name"]}]`. `fetch=True` loads what instances in memory lack of them. The text is compact UTF-8;
    `django_bytes=True` gives the bytes of `json.dumps(obj, cls=DjangoJSONEncoder)`, `ensure_ascii=True` compact ASCII,
    `nan="null"` writes null for NaN and the infinities. `exclude`, `allowed`, `max_depth`, `max_bytes`, `keys`,
    `dates`, `request` and `default` are those of the response, without the settings.

    Raises `TypeError`, `ValueError` and `RecursionError` as `json.dumps` does, with the path of the value in the
    message. An exception that the value's own code raises is not changed, but for a note with the path.
    """

def dumps_html(
    obj: Any,
    *,
    fields: Fields | None = None,
    fetch: bool = False,
    nan: Literal["raise", "null"] = "raise",
    before: str = "",
    after: str = "",
    dates: _Dates = "django",
) -> bytes:
    """Return the JSON of a page: compact ASCII in which `< > & '` are escaped, between two texts."""

def dumps_within(
    obj: Any,
    *,
    fields: Fields | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
    dates: _Dates = "django",
) -> bytes:
    """Return what `dumps` returns, with the options of the output around it."""

def count_option_scope(opens: bool) -> None:
    """Count a call that has options of its own, or one that ends."""

def dumps_natively(obj: Any, django_bytes: bool, ensure_ascii: bool, nan: Literal["raise", "null"]) -> bytes | None:
    """Return a value as JSON if no Python code has to run for it, else None: then nothing was called."""

def dumps_response(
    obj: Any,
    *,
    fields: Fields | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
    form: Literal["compact", "ascii", "django", "django_text"] | None = None,
    dates: _Dates = "django",
) -> bytes:
    """Return the JSON of a response. As `dumps`; collectors tell the two apart by the name."""

def dump_chunk(
    source: QueryRows | NestedRows | Iterator[Any] | Callable[[], QueryRows | NestedRows | Iterator[Any]],
    start: int,
    limit: int,
    *,
    about: tuple[Any, Any] | None = None,
    opens: bool = False,
    between: str = "",
    after: str = "",
    form: Literal["compact", "ascii", "django", "fixture"] = "compact",
    nan: Literal["raise", "null"] = "raise",
    dates: _Dates = "django",
) -> tuple[bytes, int, BaseException | None]:
    """Return the next rows of a stream: the bytes of whole rows, their number, and the exception of the row after them.

    No rows and no error mean the end. `source` is a query, which is asked to fetch once, or an iterator, of which up to
    `limit` values are taken; with `opens=True` a function that returns one of them.
    """

def listen() -> None:
    """Look for open collectors in each native call from now on. Until the first is opened, no call does."""

def read_body(body: str | bytes | bytearray, max_depth: int) -> Any:
    """Return the value of a JSON body, or a `BodyFallback` where `json.loads` must decide."""

def set_native(enabled: bool) -> None:
    """Write values natively, or hand each of them to Django's own encoder: the setting `NATIVE`."""

def watch_encoder(class_: type, methods: AttributeWatch | None, /) -> None:
    """Hand all values to Django's own encoder while one of its methods is another one than `methods` says."""

def totals() -> tuple[int, int, int]:
    """Return the numbers of native calls, of their calls to Python code, and of bytes written, of this process."""

def are_same_fields(now: Any, before: Any, classes: tuple[type, ...]) -> bool: ...
def serialize_rows(serializer: Any, make: Callable[[], tuple[Any, int, bytes | None]]) -> Any:
    """Return what `make` returns, and count it as one call for collectors, with its number of rows and its JSON."""

def columns_of(rows: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]: ...
def is_plain_json(data: Any, *, django_types: bool = False) -> bool: ...
def text_column(
    column: tuple[Any, ...], reader: tuple[str, str, int, int], timezone: Any = None
) -> list[str | None] | None: ...

@final
class RowColumns:
    """The compiled columns of a row: their names, how each is read, and the shape of the row.

    `columns` are `(name, attribute, kind, zone, checked, max_digits, decimal_places[, dates])`. `shape` is `"object"`,
    `"array"`, `"scalar"` or `"template"`, which ends in `end`. `dates` is the format of the column's dates, `""` for
    that of the call. Datetimes are converted to `timezone`, but in Django's format.
    """
    def __new__(
        cls, columns: Sequence[tuple[Any, ...]], shape: str, end: str = "", *, timezone: tzinfo | None = None
    ) -> Self: ...

@disjoint_base
class Counters:
    """The sums of a collector: the base of `pyforge_web.metering.Collector`."""
    def __new__(cls, **details: object) -> Self: ...
    def by_time(self) -> list[tuple[str, list[tuple[int, int]]]]: ...
    def by_function(self) -> dict[str, tuple[int, int, int, int, int, int]]: ...
    def count_columns(self, native: int, django: int) -> None: ...
    def count_django_rows(self, rows: int) -> None: ...
    def count_database(self, ns: int) -> None: ...
    @property
    def calls(self) -> int: ...
    @property
    def crossings_in(self) -> int: ...
    @property
    def crossings_out(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def native_columns(self) -> int: ...
    @property
    def django_columns(self) -> int: ...
    @property
    def django_rows(self) -> int: ...
    @property
    def fallbacks(self) -> int: ...
    @property
    def database_ns(self) -> int: ...
    @property
    def native_ns(self) -> int: ...
    @property
    def python_ns(self) -> int: ...

@final
class RowLayout:
    """The compiled layout of a row with objects and lists in it.

    `readers` are those of `RowColumns` without the names. `steps` are `(step, name, column)` in the order of the text:
    `"column"`; `"object"`, null where its column is (-1: always there), up to its `"end"`; `"many"` and `"one"` for
    relations, whose rows name the value of the column; `"output"`, which takes the next of `outputs`; `"null_unless"`
    before a `"column"`, which is not read where the column of `"null_unless"` is null, but written as null. With `flat`
    a row is one value. Datetimes are converted to `timezone`, but in Django's format.
    """
    def __new__(
        cls,
        readers: Sequence[_Reader],
        steps: Sequence[tuple[str, str, int]],
        *,
        flat: bool = False,
        timezone: tzinfo | None = None,
        outputs: Sequence[ValueLabels | LinkText | FileUrlText | MadeValues] = ...,
    ) -> Self: ...

@final
class ClassVersions:
    """Some classes as they were: whether an attribute was set since then, on one of them or on one of its bases."""
    def __new__(cls, classes: list[type]) -> Self: ...
    @staticmethod
    def version_of(class_: type, /) -> int: ...
    def are_unchanged(self) -> bool: ...

@final
class ValueLabels:
    """The texts of values, as `get_FOO_display()` returns them. A value without a label is written as it is.

    `labels` are by the value that Django has, so `None` may have one, too.
    """
    def __new__(cls, labels: dict[Any, Any]) -> Self: ...

@final
class LinkText:
    """A text around the values of columns: a link that was reversed once.

    `values` are `(column, converter)` with the names of Django's path converters; `texts` is one longer.
    `make(*values)` reverses the link where a value is not certain to fit. Null in any value gives null.
    """
    def __new__(cls, texts: list[str], values: list[tuple[int, str]], make: Callable[..., str | None]) -> Self: ...

@final
class FileUrlText:
    """The URL of a file: the base URL of its storage and the quoted name.

    `make(name)` returns the URL of a name that is not certain. Null and an empty name give null.
    """
    def __new__(cls, base: str, make: Callable[[str], str | None]) -> Self: ...

@final
class MadeValues:
    """The values that Python code makes of the rows that are written next: `make(rows)`, a value for each.

    `dates` is the format of their dates, or empty for that of the whole output.
    """
    def __new__(cls, make: Callable[[list[tuple[Any, ...]]], list[Any]], dates: str) -> Self: ...

@final
class NestedRows:
    """An executed query whose rows have objects and lists in them."""
    def __new__(
        cls,
        layout: RowLayout,
        fetch: Callable[[], list[tuple[Any, ...]]] | list[tuple[Any, ...]],
        fallback: Callable[[int, Any], Any],
        close: Callable[[], object] | None,
        load: Callable[[int, list[tuple[Any, ...]]], RelatedRows | None],
        report: _Report | None = None,
        max_bytes: int | None = None,
    ) -> Self: ...
    def close(self) -> None: ...

@final
class RelatedRows:
    """The rows of a relation, and how they name the rows they belong to."""
    def __new__(
        cls,
        nested: NestedRows,
        key: int,
        convert: Callable[[Any], Any] | None,
        parents: dict[Any, Any] | None,
    ) -> Self: ...

@final
class ModelInstances:
    """Instances of one model in memory, and the columns to write of them."""
    def __new__(cls, columns: RowColumns, source: Any, many: bool, required: bool) -> Self: ...

@final
class AttributeWatch:
    """Attributes of objects as they were: `(object, names, own)`, with `own` those of its `__dict__` alone."""
    def __new__(cls, objects: Sequence[tuple[object, Sequence[str], bool]]) -> Self: ...
    def holds(self) -> bool: ...

@final
class QueryRows:
    """An executed query with flat rows."""
    def __new__(
        cls,
        columns: RowColumns,
        fetch: Callable[[], list[tuple[Any, ...]]] | list[tuple[Any, ...]],
        fallback: Callable[[int, Any], Any],
        close: Callable[[], object] | None = None,
        report: _Report | None = None,
        max_bytes: int | None = None,
    ) -> Self: ...
    def close(self) -> None: ...

@final
class BodyFallback:
    """A JSON body that native code has not read, and where in it a container is opened that is one too many."""
    @property
    def at(self) -> int: ...
    @property
    def too_deep(self) -> bool: ...

@disjoint_base
class CallTotals:
    """The sums of a group of native calls: the base of `CallGroup`."""
    def __new__(cls, *_args: object, **_kwargs: object) -> Self: ...
    @property
    def calls(self) -> int: ...
    @property
    def crossings_out(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def native_ns(self) -> int: ...
    @property
    def python_ns(self) -> int: ...
    @property
    def min_ns(self) -> int: ...
    @property
    def max_ns(self) -> int: ...
    @property
    def durations(self) -> list[int]: ...
    @property
    def duplicates(self) -> int: ...

@final
class ValueTuples:
    """Rows of Python values in the order of the columns, checked against their kinds."""
    def __new__(cls, columns: RowColumns, rows: Any, many: bool, model: type | None = None) -> Self: ...

@final
class Validator:
    """The compiled fields of a model: `clean_fields` in one native call."""
    def __new__(cls, model: type[Any], plans: Sequence[Any]) -> Self: ...
    def is_current(self) -> bool:
        """Return whether the fields of the model are as they were when this was compiled."""
    def clean(self, instance: Any, exclude: Container[str] | None = None) -> Any:
        """Clean the fields of an instance; return None, or the errors by field name.

        `NotImplemented` means that nothing was done, since a field was changed after this was compiled.
        """
    def clean_rows(
        self,
        instances: list[Any],
        exclude: Container[str] | None = None,
        exceptions: dict[int, Exception] | None = None,
    ) -> Any:
        """Clean the fields of many instances; return the errors by the index of the instance."""
    def clean_values(self, values: dict[str, Any], make: Callable[[], Any], unbuilt: bool = False) -> Any:
        """Clean the values of a dict by attribute name, in place; return None, or the errors by field name."""

@final
class RelatedTexts: ...

@final
class RowProgram:
    def __new__(cls, steps: list[tuple[str, str, list[tuple[int, bool]], int]]) -> Self: ...
    def write(
        self,
        columns: list[tuple[tuple[str, str, int, int], Any]],
        rows: list[tuple[Any, ...]] | Callable[[], list[tuple[Any, ...]]],
        mark: Any,
        whole: bool,
        timezone: Any = None,
    ) -> Any: ...

@final
class RowTexts:
    def group(self, keys: list[Any], parents: list[Any]) -> RelatedTexts: ...
