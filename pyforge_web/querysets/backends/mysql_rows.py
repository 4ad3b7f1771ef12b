"""The rows of a statement of mysqlclient, made into Python objects a part at a time.

The driver's own cursor makes tuples of all rows as soon as it has executed. Here they stay in the memory of its C
library, or, for a stream, at the server, until they are asked for.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any
from weakref import WeakMethod

from django.db.backends.base.base import BaseDatabaseWrapper

# The methods of the driver's connection that send something, or read an answer. While rows are still to come from the
# server, the first of them reads those rows before: else the server's library refuses it ("Commands out of sync").
_COMMANDS = (
    *("autocommit", "begin", "change_user", "commit", "discard_result", "dump_debug_info", "kill", "more_results"),
    *("next_result", "ping", "query", "read_query_result", "rollback", "select_db", "send_query", "set_character_set"),
    *("set_server_option", "set_sql_mode", "show_warnings", "shutdown", "stat", "store_result", "use_result"),
)


class UnmadeRows:
    """Stands where the driver's cursor has its rows, of a result whose rows have not been made.

    A wrapper of executions that fetches them gets what the driver would have made.
    """

    def __init__(self, result: Any, find_parser: Callable[[int], Any]) -> None:
        self.result = result
        self.are_made = False
        self._find_parser = find_parser

    @cached_property
    def _made(self) -> tuple[tuple[Any, ...], ...]:
        self.are_made = True
        if self.result is None:
            return ()
        parsers = [self._find_parser(column[1]) for column in self.result.describe()]
        return tuple(
            [
                tuple(
                    [
                        parse(value) if parse and value is not None else value
                        for parse, value in zip(parsers, row, strict=True)
                    ]
                )
                for row in self.result.fetch_row(0)
            ]
        )

    def __len__(self) -> int:
        return len(self._made)

    def __getitem__(self, index: Any) -> Any:
        return self._made[index]


class ResultRows:
    """The rows of a result of the C library, with the methods of a cursor: all have arrived, none is made yet."""

    def __init__(self, cursor: Any, result: Any) -> None:
        self._cursor = cursor
        self._result = result

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows."""
        return list(self._result.fetch_row(size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        return list(self._result.fetch_row(0))

    def close(self) -> None:
        """End the statement."""
        self._result = None  # frees what is left
        self._cursor.close()


class ServerRows:
    """The rows of a result that the server sends as they are read, with the methods of a cursor.

    Whatever else is sent on the connection has the rest of the rows read and kept before: so nothing of what a view, a
    signal or a tool does while a stream is open fails for it.
    """

    def __init__(self, cursor: Any, result: Any, raw: Any, connection: BaseDatabaseWrapper) -> None:
        self._cursor = cursor
        self._result: Any = result
        self._raw = raw
        self._connection = connection
        self._kept: Iterator[tuple[Any, ...]] = iter(())
        self._guards: dict[str, Any] = {}
        keep = WeakMethod(self._keep_rest)
        for name in _COMMANDS:
            if hasattr(raw, name) and name not in vars(raw):
                self._guards[name] = _guard(raw, name, keep)
        vars(raw).update(self._guards)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows; the driver's errors are Django's."""
        if self._result is None:
            return list(islice(self._kept, size))
        rows = self._read(size)
        if len(rows) < size:
            self._leave()
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        self._keep_rest()
        return list(self._kept)

    def _keep_rest(self) -> None:
        """Read what the server still has, and let the connection do other things."""
        if self._result is not None:
            self._kept = iter(self._read(0))
            self._leave()

    def _read(self, size: int) -> list[tuple[Any, ...]]:
        try:
            with self._connection.wrap_database_errors:
                return list(self._result.fetch_row(size))
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> Any:
        """Take the guards off the connection."""
        result, self._result = self._result, None
        own = vars(self._raw)
        for name, guard in self._guards.items():
            if own.get(name) is guard:
                del own[name]
        return result

    def close(self) -> None:
        """End the statement; what is left of its rows is dropped."""
        self._kept = iter(())
        try:
            if self._result is not None:
                self._leave().discard()
        finally:
            self._cursor.close()


def _guard(raw: Any, name: str, keep: "WeakMethod[Callable[[], None]]") -> Callable[..., Any]:
    """Return what stands in for a method of a connection while rows are still to come."""

    def guard(*args: Any, **kwargs: Any) -> Any:
        keep_rest = keep()
        if keep_rest is not None:
            keep_rest()
        if vars(raw).get(name) is guard:  # the rows were dropped without a word
            del vars(raw)[name]
        return getattr(raw, name)(*args, **kwargs)

    return guard
