"""Every QuerySet that the suite evaluates is compiled through the SQL cache, and each hit is held against Django."""

import contextlib

from django.db import connections
from django.db.models import QuerySet

from pyforge_web import conf
from pyforge_web.querysets import backends
from pyforge_web.querysets.sql_cache import compile_remembered, sql_memory
from tests.django_suite.recording import checking, compare, counts


def install_sql(is_compared):
    """Compile before each `_fetch_all` that asks the database: twice, so that each entry is used."""
    conf.DEFAULTS.update(SQL_CACHE=True, SQL_CACHE_CHECK=1)
    conf.get_settings.cache_clear()
    fetch_all = QuerySet._fetch_all

    def checked_fetch_all(self):
        if self._result_cache is None:
            with checking() as may_check, contextlib.suppress(Exception):  # Django's errors are Django's to raise
                # To compile a union changes it: its order adds columns to its parts.
                may_check = may_check and not self.query.combinator
                if may_check and backends.why_no_backend(connections[self.db], log=False) is None:
                    for _ in range(2):
                        _compile(self)
        fetch_all(self)

    QuerySet._fetch_all = checked_fetch_all


def _compile(queryset):
    hits, before = sql_memory.hits, sql_memory.differences
    # As a page of values() is compiled, and as an instance's query is.
    clone = queryset._chain()
    compile_remembered(clone, "suite", lambda: (clone, None))
    counts["SQL compiled"] += 1
    counts["SQL remembered"] += sql_memory.hits - hits
    if sql_memory.hits > hits:
        compare("remembered SQL", None, sql_memory.why_off, sql=str(queryset.query))
    if sql_memory.differences > before:
        sql_memory.reset()
