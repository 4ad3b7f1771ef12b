"""`RowsData`: rows that are JSON bytes already, and become a list where somebody reads them."""

from collections.abc import Callable, MutableSequence
from typing import Any, SupportsIndex, cast


class RowsData(MutableSequence[Any]):
    """Return of `serializer.rows`: the list of `serializer.data`, kept as JSON bytes until it is read.

    It is made into that list once, at the first item, length or comparison; from then on the list is written, so that
    changes in it are seen. It pickles as a list. It is not a subclass of `list`: C encoders would read that list's own
    storage and write `[]`.
    """

    __hash__ = None  # type: ignore[assignment]
    __slots__ = ("_body", "_items", "_make", "serializer")

    def __init__(
        self, body: bytes | None, make: Callable[[], list[Any]] | None, items: list[Any], serializer: Any = None
    ) -> None:
        self._body = body
        self._make = make
        self._items = items
        self.serializer = serializer  # as DRF's lists have it, for the browsable API

    @property
    def body(self) -> bytes | None:
        """The JSON bytes; None once somebody has read the list, who may have changed it."""
        return self._body

    def tolist(self) -> list[Any]:
        """Return the list, the same one at each call. DRF's encoder asks for this before `__getitem__`."""
        if self._make is not None:
            self._items, self._make = self._make(), None
            self._body = None
        return self._items

    def __getitem__(self, index: Any) -> Any:
        return self.tolist()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tolist()[index] = value

    def __delitem__(self, index: Any) -> None:
        del self.tolist()[index]

    def __len__(self) -> int:
        return len(self.tolist())

    def __iter__(self) -> Any:
        return iter(self.tolist())

    def __contains__(self, value: object) -> bool:
        return value in self.tolist()

    def __reversed__(self) -> Any:
        return reversed(self.tolist())

    def __bool__(self) -> bool:
        return self._body != b"[]" if self._body is not None else bool(self._items)

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """As `list.insert`."""
        self.tolist().insert(index, value)

    def sort(self, **options: Any) -> None:
        """As `list.sort`."""
        self.tolist().sort(**options)

    def copy(self) -> list[Any]:
        """As `list.copy`."""
        return self.tolist().copy()

    def __eq__(self, other: object) -> bool:
        return bool(self.tolist() == _as_list(other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.tolist() < _as_list(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.tolist() <= _as_list(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.tolist() > _as_list(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.tolist() >= _as_list(other))

    def __add__(self, other: Any) -> list[Any]:
        return self.tolist() + cast("list[Any]", _as_list(other))

    def __radd__(self, other: Any) -> list[Any]:
        return other + self.tolist()  # type: ignore[no-any-return]

    def __mul__(self, times: SupportsIndex) -> list[Any]:
        return self.tolist() * times

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return repr(self.tolist())

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return list, (list(self.tolist()),)

    def __copy__(self) -> list[Any]:
        return self.copy()


def _as_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, RowsData) else value
