"""Stages: where the time of a group of calls went.

The stages of a call that writes a QuerySet follow each other, but for fetching, converting and writing, which take
turns for each chunk of rows. Their sum is the time of the calls without what the toolbar itself spends on recording.
"""

from typing import Any

from django.utils.translation import pgettext_lazy

from pyforge_web.metering.call_groups import CallGroup

# The order in which they are drawn. Only the last of each kind of call takes what no other stage explains.
STAGES = {
    "plan": pgettext_lazy("panel", "plan the query"),
    "compile": pgettext_lazy("panel", "compile its SQL"),
    "execute": pgettext_lazy("panel", "execute"),
    "fetch": pgettext_lazy("panel", "fetch rows"),
    "django": pgettext_lazy("panel", "rows made by Django"),
    "queries": pgettext_lazy("panel", "queries inside of values"),
    "convert": pgettext_lazy("panel", "convert values in Python"),
    "python": pgettext_lazy("panel", "Python code that values call"),
    "validators": pgettext_lazy("panel", "validators in Python"),
    "lookups": pgettext_lazy("panel", "foreign keys and unique values"),
    "rules": pgettext_lazy("panel", "rules in Rust"),
    "write": pgettext_lazy("panel", "write in Rust"),
}
# Time in these is what a change to the code could save: Python does what Rust could do, or a query runs for each row.
FALLBACK_STAGES = ("django", "queries", "convert", "python", "validators", "lookups")
DATABASE_STAGES = ("execute", "fetch", "queries", "lookups")


def measure_stages(group: CallGroup) -> dict[str, int]:
    """Return the nanoseconds of each stage of a group's calls that took any time."""
    python = max(0, group.python_ns - recording_ns(group))
    # A validation has no query of its own: all of its SQL looks up foreign keys and unique values.
    if group.source == "validate":
        lookups = min(group.query_ns, python)
        stages = {"validators": python - lookups, "lookups": lookups, "rules": group.native_ns}
        return {name: ns for name, ns in stages.items() if ns > 0}
    is_django = "django" in group.path
    # In turns with fetching: each column's callbacks are timed by native code.
    convert = sum(column.callback_ns for column in group.columns.values())
    # The clocks of the parts are read by different code, so a difference can be below zero by some nanoseconds.
    execute = max(0, group.execute_ns - group.recording_ns)
    fetch = max(0, group.database_ns - group.execute_ns)
    # At most what is left: a query may run inside of a callback that is counted already.
    inner = min(group.query_ns, max(0, python - execute - fetch - convert - group.compile_ns))
    rest = max(0, python - execute - fetch - convert - group.compile_ns - inner)
    stages = {
        # The rest of a QuerySet's time builds the query in Python. That of another value is the code that it calls.
        "plan": rest if "values" in group.path else 0,
        "compile": group.compile_ns,
        "execute": execute,
        "fetch": 0 if is_django else fetch,
        "django": fetch if is_django else 0,
        "queries": inner,
        "convert": convert,
        "python": 0 if "values" in group.path else rest,
        "write": group.native_ns,
    }
    return {name: ns for name, ns in stages.items() if ns > 0}


def recording_ns(group: CallGroup) -> int:
    """Return the nanoseconds that Django and the debug toolbar spent on recording the queries of a group."""
    return group.recording_ns + group.query_recording_ns


def own_ns(group: CallGroup) -> int:
    """Return the nanoseconds of a group without those of the database and of the toolbar's recording."""
    return sum(ns for name, ns in measure_stages(group).items() if name not in DATABASE_STAGES)


def sum_stages(stored: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the sums of stored stages: those that could be saved, and all."""
    fallback = sum(us for stages in stored for name, us in stages.items() if name in FALLBACK_STAGES)
    return fallback, sum(us for stages in stored for us in stages.values())
