"""What PyForge Web did in a stretch of code, and what it cost: collectors, and what they hear of each native call."""

from pyforge_web.metering.call_groups import SOURCES, Call, Group, Source, Sums
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.collector import (
    Collector,
    active,
    at,
    collect,
    count_columns,
    count_compiled,
    count_django_rows,
    count_failures,
    count_rescued,
    find_origin,
    from_origin,
    in_database,
)
from pyforge_web.metering.compilations import Compilation, compiled
from pyforge_web.metering.row_traces import RowTrace, notes

__all__ = [
    "SOURCES",
    "Call",
    "CallSite",
    "Collector",
    "Compilation",
    "Group",
    "RowTrace",
    "Source",
    "Sums",
    "active",
    "at",
    "collect",
    "compiled",
    "count_columns",
    "count_compiled",
    "count_django_rows",
    "count_failures",
    "count_rescued",
    "find_origin",
    "from_origin",
    "in_database",
    "notes",
]
