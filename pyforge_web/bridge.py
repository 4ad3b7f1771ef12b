"""The one module that names native code.

The functions are handed on as they are: a Python frame around `dumps` would cost more than the encode of a small dict
(`benchmarks/suites/counting.py`). Each call counts itself and tells the open collectors of `metering`.
"""

from pyforge_web._native import (
    BUILD_PROFILE,
    VERSION,
    Children,
    Columns,
    Counters,
    Layout,
    Nested,
    Records,
    Rows,
    Stop,
    Tally,
    Tuples,
    Validator,
    dump_chunk,
    dumps,
    dumps_html,
    dumps_response,
    listen,
    read,
    totals,
)

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
    "dump_chunk",
    "dumps",
    "dumps_html",
    "dumps_response",
    "listen",
    "read",
    "totals",
]
