"""What Django's compiler gives: the same call with nothing remembered. Compared are the statements and the bytes."""

import contextlib
import sys
from typing import NamedTuple

from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Field, Lookup
from django.db.models.expressions import BaseExpression
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import BaseTable, Join
from django.test import override_settings
from django.utils.tree import Node

import pyforge_web
from pyforge_web._native import ClassVersions
from pyforge_web.querysets.backends.select_lists import select_memory

OFF = {"SQL_CACHE": False}


class Ended(NamedTuple):
    """The statements of a call with their parameters, and what it gave or raised."""

    statements: list
    result: object


def run(make):
    """Call `make` for a QuerySet and its fields, and write it."""
    statements = []

    def listen(execute, sql, params, many, context):
        shown = [(type(param).__name__, repr(param)) for param in params or ()]
        statements.append((context["connection"].alias, sql, shown))
        return execute(sql, params, many, context)

    with contextlib.ExitStack() as stack:
        for alias in connections:
            connections[alias].ensure_connection()  # who watches new connections adds a wrapper, and it must be below
            stack.enter_context(connections[alias].execute_wrapper(listen))
        try:
            queryset, fields = make()
            result = pyforge_web.dumps(queryset, fields=fields) if fields else pyforge_web.dumps(queryset)
        except Exception as error:
            result = type(error), str(error)
    return Ended(statements, result)


def run_django(make):
    """Return the same with SQL of Django's compiler alone."""
    with override_settings(PYFORGE_WEB=OFF), columns_by_django():
        return run(make)


def run_django_keeping(make, cache):
    """Return the same and leave the entries of the cache as they are: a setting that changes clears them."""
    cache.why_off = "the oracle is asked"
    try:
        with columns_by_django():
            return run(make)
    finally:
        cache.why_off = None


@contextlib.contextmanager
def columns_by_django():
    """Django writes the columns of SELECT, too."""
    select_memory.why_off = "the oracle is asked"
    try:
        yield
    finally:
        select_memory.why_off = None


def has_versions():
    """Whether CPython still gives versions to Django's classes: from 3.13 on a class has at most 1,000 of them."""
    work, seen = (
        [BaseExpression, Lookup, Field, Query, Node, BaseTable, Join, SQLCompiler, BaseDatabaseOperations],
        set(),
    )
    while work:
        kind = work.pop()
        if kind not in seen:
            seen.add(kind)
            work += kind.__subclasses__()
    return sys.version_info < (3, 13) or all(map(ClassVersions.version_of, seen))
