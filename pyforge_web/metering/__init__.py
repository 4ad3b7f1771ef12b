"""Collectors: count the native calls of a block of code, and what they cost.

A name is imported when it is first used: what starts with the applications needs the log of compilations alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyforge_web.metering.call_groups import CALL_SOURCES, CallGroup, CallSource, CallSums, MeteredCall
    from pyforge_web.metering.call_sites import CallSite
    from pyforge_web.metering.collector import (
        Collector,
        call_from_stream,
        call_from_template,
        collect,
        count_columns,
        count_django_rows,
        count_failures,
        find_stream_origin,
        time_database,
    )
    from pyforge_web.metering.compilations import Compilation, active_collectors, compilation_log, count_compiled
    from pyforge_web.metering.row_traces import RowTrace, call_notes

__all__ = [
    "CALL_SOURCES",
    "CallGroup",
    "CallSite",
    "CallSource",
    "CallSums",
    "Collector",
    "Compilation",
    "MeteredCall",
    "RowTrace",
    "active_collectors",
    "call_from_stream",
    "call_from_template",
    "call_notes",
    "collect",
    "compilation_log",
    "count_columns",
    "count_compiled",
    "count_django_rows",
    "count_failures",
    "find_stream_origin",
    "time_database",
]

# Where each of them is; a test compares this table with the imports above.
_METERING_MODULES = {
    "call_groups": ("CALL_SOURCES", "CallGroup", "CallSource", "CallSums", "MeteredCall"),
    "call_sites": ("CallSite",),
    "collector": (
        "Collector",
        "call_from_stream",
        "call_from_template",
        "collect",
        "count_columns",
        "count_django_rows",
        "count_failures",
        "find_stream_origin",
        "time_database",
    ),
    "compilations": ("Compilation", "active_collectors", "compilation_log", "count_compiled"),
    "row_traces": ("RowTrace", "call_notes"),
}


def __getattr__(name: str) -> Any:
    """Import a name of the package (PEP 562); Python asks only while the module has no attribute of that name."""
    for module, names in _METERING_MODULES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
