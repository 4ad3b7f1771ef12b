"""Collectors: count the native calls of a block of code, and what they cost."""

from pyforge_web.metering.call_groups import CALL_SOURCES, CallGroup, CallSource, CallSums, MeteredCall
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.collector import (
    Collector,
    active_collectors,
    call_from_stream,
    call_from_template,
    collect,
    count_columns,
    count_compiled,
    count_django_rows,
    count_failures,
    find_stream_origin,
    time_database,
)
from pyforge_web.metering.compilations import Compilation, compilation_log
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
