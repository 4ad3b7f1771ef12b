"""Request bodies: read, beside `json.loads` and the peers; and read and validated, beside Django."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from sys import maxsize

import msgspec
import orjson
from django.core.serializers.json import DjangoJSONEncoder

from benchmarks import cleaning, corpora
from benchmarks.compare import DifferentOutputError, first_difference
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.models import Checked
from benchmarks.report import Report, duration, size, table
from benchmarks.rows import django_rows
from pyforge_web import CompiledValidator, loads

READERS: dict[str, Callable[[bytes], object]] = {
    "json.loads": json.loads,
    "ours": partial(loads, max_size=maxsize),
    "orjson": orjson.loads,
    "msgspec": msgspec.json.decode,
}
# Beside json.loads. serde_json took 0.79, 1.15, 1.06 and 1.36 of the time of our own reader on the four bodies below
# (0.95 on floats as in canada.json, 1.15 on rows as in citm_catalog.json): a reader of our own would have to be more
# than 1.2 times as fast.
READING = Goal(0.7)
VALIDATING = Goal(1 / 8)


@dataclass(frozen=True)
class Body:
    """A body, and whether it is one of those the goal is about."""

    name: str
    content: bytes
    goal: Goal | None = None


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Request bodies")
    reading = [_read(report, body, effort) for body in _bodies() if only in body.name]
    report.add(table(["body", "size", *READERS, "ours beside json.loads", "ours beside orjson"], reading))
    validating = [_validate(report, name, many, effort) for name, many in _DOCUMENTS.items() if only in name]
    if validating:
        report.add(table(["12 fields as JSON has them", "Django", "ours", "ours beside Django"], validating))
    report.add(
        "`Django`: an instance of what `json.loads` gives, and its `clean_fields()`. "
        "`ours`: `clean_json`, `clean_json_rows`.",
        "orjson and msgspec refuse some of what `json.loads` reads: integers beyond 64 bit, halves of surrogate pairs.",
    )
    if absent := corpora.missing():
        report.add(f"LEFT OUT: {', '.join(absent)}: not in {corpora.DIRECTORY}. {corpora.WHERE_TO_GET}")
    return report


def _bodies() -> list[Body]:
    rows = [cleaning.as_json(cleaning.checked(number)) for number in range(1000)]
    present = [name for name in ("canada.json", "citm_catalog.json") if name not in corpora.missing()]
    return [
        Body('{"ok": true, "id": 5}', _dump({"ok": True, "id": 5}), READING),
        Body("1 object of 12 fields", _dump(rows[0]), READING),
        Body("1,000 objects of 12 fields", _dump(rows), READING),
        Body("1,000 Django rows, French", _dump(django_rows(1000, "French"))),
        *(Body(name, _dump(corpora.load(name))) for name in present),
    ]


def _dump(value: object) -> bytes:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False).encode()


def _read(report: Report, body: Body, effort: Effort) -> list[str]:
    expected = json.loads(body.content)
    for name, read in READERS.items():
        if found := first_difference(expected, read(body.content)):
            raise DifferentOutputError(f"{name}: {found}")
    timings = interleave(
        {name: Timed("read(value)", {"read": read}, partial(_same, body.content)) for name, read in READERS.items()},
        effort,
    )
    ratio = timings["ours"].over(timings["json.loads"])
    verdict = report.judge(body.name, body.goal, ratio) if body.goal else f"{ratio:.2f}"
    beside_orjson = f"{timings['ours'].over(timings['orjson']):.2f}"
    times = [duration(timings[name].best) for name in READERS]
    return [body.name, size(len(body.content)), *times, verdict, beside_orjson]


def _same(content: bytes, count: int) -> list[bytes]:
    return [content] * count


def _django(content: bytes, many: bool) -> list[dict[str, object]]:
    documents = json.loads(content) if many else [json.loads(content)]
    cleaned = []
    for document in documents:
        instance = Checked(**document)
        instance.clean_fields()
        cleaned.append({name: getattr(instance, name) for name in document})
    return cleaned


def _ours(content: bytes, many: bool) -> list[dict[str, object]]:
    validator = CompiledValidator.for_model(Checked)
    if not many:
        return [validator.clean_json(content, max_size=maxsize, fields="__all__")]
    cleaned = validator.clean_json_rows(content, max_size=maxsize, fields="__all__", max_rows=None)
    return [row for row in cleaned.rows if row is not None]


_DOCUMENTS = {"one": False, "1,000, each": True}


def _validate(report: Report, name: str, many: bool, effort: Effort) -> list[str]:
    rows = [cleaning.as_json(cleaning.checked(number)) for number in range(1000 if many else 1)]
    content = _dump(rows if many else rows[0])
    sides = {"Django": _django, "ours": _ours}
    found = {who: clean(content, many) for who, clean in sides.items()}
    if any(repr(row) != repr({key: other[key] for key in row}) for row, other in zip(*found.values(), strict=True)):
        raise DifferentOutputError(f"{name}: other values than Django's")
    timings = interleave(
        {
            who: Timed("clean(value, many)", {"clean": clean, "many": many}, partial(_same, content))
            for who, clean in sides.items()
        },
        effort,
    )
    verdict = report.judge(f"validated, {name}", VALIDATING, timings["ours"].over(timings["Django"]))
    return [name, *(duration(timings[who].best / len(rows)) for who in sides), verdict]
