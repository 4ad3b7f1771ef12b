"""Each call with its first, second, ... allocation of Python failing: a `MemoryError` or the right result, no crash."""

import _testcapi
import datetime
import decimal
import json
import os
import uuid

from django.db import connection, models

from pyforge_web import (
    CompiledSerializer,
    CompiledValidator,
    PyForgeJsonResponse,
    PyForgeStreamingResponse,
    dumps,
    loads,
    validate_many,
)
from pyforge_web.html import pyforge_json
from tests.app.models import Article, Author

_NUMBERS = int(os.environ.get("ALLOCATIONS", "150"))
_MOMENT = datetime.datetime(2026, 11, 28, 22, 0, 0, 123456, datetime.UTC)
_VALUE = {
    "text": ['d\u00e9j\u00e0 vu "quoted"', "\U0001f600" * 40, "plain"],
    "numbers": [1, -2.5, 2**70, decimal.Decimal("1.50")],
    "others": (_MOMENT, _MOMENT.date(), _MOMENT.time(), datetime.timedelta(1), uuid.UUID(int=7), None, True),
    "range": range(3),
    7: {"nested": [{"a": [[]]}]},
}
_BODY = b'{"name": "caf\\u00e9 \xc3\xa9", "born": "1990-01-02", "more": [1, 2.5, -0, 1e5, null, true, {"a": []}]}'
_AUTHOR = b'{"name": "Ann", "born": "1990-01-02"}'


class Row(models.Model):
    """A table of the scenario's own."""

    title = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    created = models.DateTimeField()
    data = models.JSONField()
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")

    class Meta:
        app_label = "crash"

    def __str__(self):
        return self.title


def _rows():
    return Row.objects.order_by("pk")


CALLS = {
    "dumps": lambda: dumps(_VALUE),
    "dumps_as_django": lambda: dumps(_VALUE, django_bytes=True),
    "dumps_that_raises": lambda: dumps([_VALUE, {1}]),
    "html": lambda: pyforge_json(_VALUE, type="application/json"),
    "response": lambda: PyForgeJsonResponse(_VALUE).content,
    "loads": lambda: loads(_BODY),
    "loads_that_raises": lambda: loads(_BODY[:-1]),
    "rows": lambda: dumps(_rows()),
    "chosen_rows": lambda: dumps(_rows(), fields=["id", "title", "created"]),
    "nested_rows": lambda: dumps(_rows(), fields=["title", {"parent": ["title"]}, {"children": ["id"]}]),
    "instances": lambda: dumps(list(_rows())),
    "stream": lambda: b"".join(PyForgeStreamingResponse(_rows(), chunk_size=2)),
    "serializer": lambda: CompiledSerializer.for_model(Row).to_dict(_rows()[0]),
    "clean": lambda: CompiledValidator.for_model(Article).clean(Article(title="x", author_id=1), exclude=["author"]),
    "clean_that_raises": lambda: CompiledValidator.for_model(Article).clean(Article(title="x" * 200)),
    "clean_json": lambda: CompiledValidator.for_model(Author).clean_json(_AUTHOR, fields=["name", "born"]),
    "clean_json_that_raises": lambda: CompiledValidator.for_model(Author).clean_json(b"{}", fields=["name"]),
    "validate_many": lambda: validate_many([Author(name="x" * n) for n in (1, 99)]).ok,
}


def _prepare():
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    for number in range(5):
        data = {"n": [number, None], "text": "\u00e9"}
        Row.objects.create(title=f"row {number}", price=1, created=_MOMENT, data=data, parent_id=1 if number else None)


def _call(call):
    try:
        return call(), None
    except Exception as error:
        return None, error


def _show(result, error):
    """Return the result of a call, or the classes and words of its error and of what led to it."""
    chain = []
    while error is not None:
        chain.append((type(error), str(error)))
        error = error.__cause__ or error.__context__
    return chain or repr(result)


def _is_of_memory(link):
    """Return whether an error tells of no memory; CPython 3.11 itself forgets to, when it has none for a frame."""
    kind, text = link
    return kind is MemoryError or (kind is SystemError and "without" in text and "exception" in text)


def _fail_at(call, number):
    _testcapi.set_nomemory(number, number + 1)
    try:
        outcome = _call(call)
    finally:
        _testcapi.remove_mem_hooks()
    return _show(*outcome)


def _check(name):
    if "rows" in name or name in ("instances", "stream", "serializer"):
        _prepare()
    call = CALLS[name]
    expected = _show(*_call(call))
    assert _show(*_call(call)) == expected  # everything is compiled and imported
    failed = 0
    for number in range(_NUMBERS):
        shown = _fail_at(call, number)
        if name == "stream" and "pyforge_error" in shown:  # the body itself says that it is not complete
            continue
        if shown != expected:
            assert isinstance(shown, list), f"allocation {number}: {shown}, expected {expected}"
            assert any(map(_is_of_memory, shown)), f"allocation {number}: {shown}"
            failed += 1
        assert _show(*_call(call)) == expected, f"after allocation {number}"
    assert failed, "no allocation was made to fail"
    print(f"{name}: {failed} of {_NUMBERS} calls ended in a MemoryError, the others were right")


def control():
    """Let each allocation of Python's own encoder fail. CPython 3.12 and 3.13 end in a segmentation fault here."""
    for number in range(_NUMBERS):
        _fail_at(lambda: json.dumps({"a": [1, 2, {"b": "c"}]}, indent=1), number)


SCENARIOS = {name: lambda name=name: _check(name) for name in CALLS}
