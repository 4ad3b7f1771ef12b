"""SQL that is remembered by what a QuerySet asks for: Django's compiler runs once for all QuerySets that are alike."""

from pyforge_web.querysets.sql_cache.key_numbers import KeyNumbers
from pyforge_web.querysets.sql_cache.memory import sql_memory
from pyforge_web.querysets.sql_cache.remembered import compile_remembered, explain_sql

__all__ = ["KeyNumbers", "compile_remembered", "explain_sql", "sql_memory"]
