"""A plugin of pytest: puts the native path into DRF before its tests are imported, and notes what fails.

It is a module of its own, because DRF's tests are a package with the name of ours.
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

# DRF's conftest imports it, and uses it for DATABASE_URL alone.
sys.modules.setdefault("dj_database_url", ModuleType("dj_database_url"))
_result = {"passed": 0, "failed": {}, "lists": 0}


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Change DRF once its settings are there."""
    mode = os.environ["SUITE_MODE"]
    if mode == "untouched":
        return
    import pyforge_web.rest_framework.serializers as our_serializers
    from pyforge_web.rest_framework.project import install_native_path

    _count_lists(our_serializers)
    install = {"setting": install_native_path, "classes": _install_classes}
    install[mode]()


def _count_lists(serializers):
    """A run that never takes the native path shows nothing."""
    standard = serializers.rows_of

    def rows_of(*args, **kwargs):
        rows = standard(*args, **kwargs)
        _result["lists"] += 1
        return rows

    serializers.rows_of = rows_of


def _install_classes():
    """Our classes in place of DRF's, and the mixin before every serializer."""
    from rest_framework import mixins, pagination, parsers, renderers, serializers

    import pyforge_web.rest_framework as ours

    renderers.JSONRenderer = ours.PyForgeJSONRenderer
    parsers.JSONParser = ours.PyForgeJSONParser
    pagination.CursorPagination = ours.PyForgeCursorPagination
    pagination.LimitOffsetPagination = ours.PyForgeLimitOffsetPagination
    pagination.PageNumberPagination = ours.PyForgePageNumberPagination
    mixins.ListModelMixin.list = ours.CompiledListMixin.list
    serializers.Serializer.__bases__ = (ours.CompiledSerializerMixin, *serializers.Serializer.__bases__)


def pytest_runtest_logreport(report):
    """Note a test that fails, whatever its phase is."""
    if report.failed:
        _result["failed"][report.nodeid] = str(report.longrepr)[-1500:]
    elif report.when == "call" and report.passed:
        _result["passed"] += 1


def pytest_sessionfinish(session):
    """Write what was noted."""
    Path(os.environ["SUITE_OUT"]).write_text(json.dumps(_result))
