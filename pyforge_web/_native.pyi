from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Self, final

from typing_extensions import disjoint_base

__all__ = [
    "BUILD_PROFILE",
    "VERSION",
    "BodyFallback",
    "CallTotals",
    "Counters",
    "ModelInstances",
    "NestedRows",
    "QueryRows",
    "RelatedRows",
    "RowColumns",
    "RowLayout",
    "Validator",
    "ValueTuples",
    "columns_to_dict",
    "dump_chunk",
    "dumps",
    "dumps_html",
    "dumps_response",
    "listen",
    "read_body",
    "totals",
]

_FieldList = Sequence[str | Mapping[str, "_FieldList"] | tuple[str, "_FieldList"]]

VERSION: Final[str]
BUILD_PROFILE: Final[Literal["debug", "release"]]

def columns_to_dict(columns: RowColumns, values: dict[str, Any], source: Any = None) -> dict[str, Any]: ...
def dumps(
    obj: Any,
    *,
    fields: _FieldList | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
) -> bytes: ...
def dumps_html(
    obj: Any,
    *,
    fields: _FieldList | None = None,
    fetch: bool = False,
    nan: Literal["raise", "null"] = "raise",
    before: str = "",
    after: str = "",
) -> bytes: ...
def dumps_response(
    obj: Any,
    *,
    fields: _FieldList | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
) -> bytes: ...
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
) -> tuple[bytes, int, BaseException | None]: ...
def listen() -> None: ...
def read_body(body: str | bytes | bytearray, max_depth: int, allow_nan: bool) -> Any: ...
def totals() -> tuple[int, int, int]: ...

@final
class RowColumns:
    def __new__(cls, columns: list[tuple[str, str, str, str, bool, int, int]], shape: str, end: str = "") -> Self: ...

@disjoint_base
class Counters:
    def __new__(cls, **details: object) -> Self: ...
    def by_time(self) -> list[tuple[str, list[tuple[int, int]]]]: ...
    def by_function(self) -> dict[str, tuple[int, int, int, int, int, int]]: ...
    def count_columns(self, native: int, django: int) -> None: ...
    def count_django_rows(self, rows: int) -> None: ...
    def count_rescued(self) -> None: ...
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
    def rescued(self) -> int: ...
    @property
    def database_ns(self) -> int: ...
    @property
    def native_ns(self) -> int: ...
    @property
    def python_ns(self) -> int: ...

@final
class RowLayout:
    def __new__(cls, readers: list[tuple[str, str, bool, int, int]], steps: list[tuple[str, str, int]]) -> Self: ...

@final
class NestedRows:
    def __new__(
        cls,
        layout: RowLayout,
        fetch: Callable[[], list[tuple[Any, ...]]],
        fallback: Callable[[int, Any], Any],
        close: Callable[[], object],
        load: Callable[[int, list[tuple[Any, ...]]], RelatedRows | None],
    ) -> Self: ...
    def close(self) -> None: ...

@final
class RelatedRows:
    def __new__(
        cls,
        nested: NestedRows,
        key: int,
        convert: Callable[[Any], Any] | None,
        parents: dict[Any, Any] | None,
    ) -> Self: ...

@final
class ModelInstances:
    def __new__(cls, columns: RowColumns, source: Any, many: bool, required: bool) -> Self: ...

@final
class QueryRows:
    def __new__(
        cls,
        columns: RowColumns,
        fetch: Callable[[], list[tuple[Any, ...]]],
        fallback: Callable[[int, Any], Any],
        close: Callable[[], object],
    ) -> Self: ...
    def close(self) -> None: ...

@final
class BodyFallback:
    @property
    def at(self) -> int: ...
    @property
    def too_deep(self) -> bool: ...

@disjoint_base
class CallTotals:
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
    def __new__(cls, columns: RowColumns, rows: Any, many: bool, model: type | None = None) -> Self: ...

@final
class Validator:
    def __new__(cls, model: type[Any], plans: Sequence[Any]) -> Self: ...
    def is_current(self) -> bool: ...
    def clean(self, instance: Any, exclude: Container[str] | None = None) -> Any: ...
    def clean_rows(self, instances: list[Any], exclude: Container[str] | None = None) -> Any: ...
    def clean_values(
        self, values: dict[str, Any], make: Callable[[], Any], exclude: Container[str] | None = None
    ) -> Any: ...
