from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Self, final

from typing_extensions import disjoint_base

__all__ = [
    "BUILD_PROFILE",
    "VERSION",
    "Children",
    "Columns",
    "Counters",
    "Layout",
    "Nested",
    "Records",
    "Rows",
    "Stop",
    "Tally",
    "Tuples",
    "Validator",
    "columns_of",
    "datetime_column",
    "dump_chunk",
    "dumps",
    "dumps_html",
    "dumps_response",
    "is_plain_json",
    "listen",
    "read",
    "text_column",
    "time_column",
    "totals",
]

_Fields = Sequence[str | Mapping[str, "_Fields"] | tuple[str, "_Fields"]]

VERSION: Final[str]
BUILD_PROFILE: Final[Literal["debug", "release"]]

def dumps(
    obj: Any,
    *,
    fields: _Fields | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
) -> bytes: ...
def dumps_html(
    obj: Any,
    *,
    fields: _Fields | None = None,
    fetch: bool = False,
    nan: Literal["raise", "null"] = "raise",
    before: str = "",
    after: str = "",
) -> bytes: ...
def dumps_response(
    obj: Any,
    *,
    fields: _Fields | None = None,
    fetch: bool = False,
    django_bytes: bool = False,
    ensure_ascii: bool = False,
    nan: Literal["raise", "null"] = "raise",
) -> bytes: ...
def dump_chunk(
    source: Rows | Nested | Iterator[Any] | Callable[[], Rows | Nested | Iterator[Any]],
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
def columns_of(rows: list[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]: ...
def datetime_column(
    column: tuple[Any, ...],
    naive: bool = False,
    offset_of: Callable[[str], int | None] | None = None,
    slowly: Callable[[str], str] | None = None,
) -> list[str | None] | None: ...
def is_plain_json(data: Any) -> bool: ...
def text_column(column: tuple[Any, ...], kind: str, digits: int, places: int) -> list[str | None] | None: ...
def time_column(column: tuple[Any, ...]) -> list[str | None] | None: ...
def listen() -> None: ...
def read(body: str | bytes | bytearray, max_depth: int, allow_nan: bool) -> Any: ...
def totals() -> tuple[int, int, int]: ...

@final
class Columns:
    def __new__(cls, columns: list[tuple[str, str, str, str, bool, int, int]], shape: str, end: str = "") -> Self: ...
    def to_dict(self, values: dict[str, Any], source: Any = None) -> dict[str, Any]: ...

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
class Layout:
    def __new__(cls, readers: list[tuple[str, str, bool, int, int]], steps: list[tuple[str, str, int]]) -> Self: ...

@final
class Nested:
    def __new__(
        cls,
        layout: Layout,
        fetch: Callable[[], list[tuple[Any, ...]]],
        rescue: Callable[[int, Any], Any],
        close: Callable[[], object],
        load: Callable[[int, list[tuple[Any, ...]]], Children | None],
    ) -> Self: ...
    def close(self) -> None: ...

@final
class Children:
    def __new__(
        cls,
        nested: Nested,
        key: int,
        convert: Callable[[Any], Any] | None,
        parents: dict[Any, Any] | None,
    ) -> Self: ...

@final
class Records:
    def __new__(cls, columns: Columns, source: Any, many: bool, required: bool) -> Self: ...

@final
class Rows:
    def __new__(
        cls,
        columns: Columns,
        fetch: Callable[[], list[tuple[Any, ...]]],
        rescue: Callable[[int, Any], Any],
        close: Callable[[], object],
    ) -> Self: ...
    def close(self) -> None: ...

@final
class Stop:
    @property
    def at(self) -> int: ...
    @property
    def too_deep(self) -> bool: ...

@disjoint_base
class Tally:
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
class Tuples:
    def __new__(cls, columns: Columns, rows: Any, many: bool, model: type | None = None) -> Self: ...

@final
class Validator:
    def __new__(cls, model: type[Any], plans: Sequence[Any]) -> Self: ...
    def is_current(self) -> bool: ...
    def clean(self, instance: Any, exclude: Container[str] | None = None) -> Any: ...
    def clean_rows(
        self,
        instances: list[Any],
        exclude: Container[str] | None = None,
        exceptions: dict[int, Exception] | None = None,
    ) -> Any: ...
    def clean_values(self, values: dict[str, Any], make: Callable[[], Any], unbuilt: bool = False) -> Any: ...
