"""What Django does in a validation: what it raises, what becomes of the instance, and what it calls on the way."""

import itertools
import warnings
from dataclasses import dataclass, field
from unittest import mock

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from pyforge_web.validation.errors import RejectedValue
from pyforge_web.validators import CompiledModelMixin, CompiledValidator
from tests.oracle import LANGUAGES, sent_statements
from tests.validation import record
from tests.validation.strict import describe, describe_error, text_in

MUTABLE = (list, dict, set, bytearray)
# Equal messages and params give equal texts: it is enough to read some.
_language = itertools.cycle([*LANGUAGES, None, None, None, None])


@dataclass
class Run:
    """How a validation ended."""

    error: BaseException | None = None
    calls: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    queries: list = field(default_factory=list)
    result: object = None


def run(call, database=None):
    """Calls, and records what `call` raises, calls, warns of and asks the database."""
    ended = Run()
    record.start()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if database is None:
            _into(ended, call)
        else:
            with CaptureQueriesContext(connections[database]) as queries:
                _into(ended, call)
            ended.queries = sent_statements(queries)
    ended.warnings = [(warning.category, str(warning.message), warning.filename, warning.lineno) for warning in caught]
    ended.calls = record.CALLS[:]
    return ended


def _into(ended, call):
    try:
        ended.result = call()
    except BaseException as error:
        ended.error = error


def state(instance, before):
    """The attributes in their order: whether they are the objects of `before`, and what they are."""
    described = {}
    for name, value in vars(instance).items():
        if name == "_state":
            cached = tuple((key, describe(item)) for key, item in vars(value).get("fields_cache", {}).items())
            described[name] = (value is before[name], (type(value), value.adding, value.db, cached))
        else:
            described[name] = (name in before and value is before[name], describe(value))
    return described


def differences(ours, django, states):
    """What is not as Django has it, in words."""
    pairs = {"raised": (error_of(ours.error), error_of(django.error))}
    for what in ("calls", "warnings", "queries"):
        pairs[what] = getattr(ours, what), getattr(django, what)
    mine, theirs = states
    pairs["attributes"] = list(mine), list(theirs)
    for name in mine.keys() & theirs.keys():
        if mine[name] != theirs[name] and not _only_kept(mine[name], theirs[name]):
            pairs[name] = mine[name], theirs[name]
    for what, (a, b) in pairs.items():
        if a != b:
            yield f"{what}: {first_difference(a, b)}"


def first_difference(ours, django, path=""):
    """The innermost part that differs, of two trees of tuples and lists."""
    if type(ours) is type(django) and isinstance(ours, (tuple, list)) and len(ours) == len(django):
        place, (a, b) = next((n, pair) for n, pair in enumerate(zip(ours, django, strict=True)) if pair[0] != pair[1])
        return first_difference(a, b, f"{path}[{place}]")
    return f"at {path or 'all'}: ours {ours!r:.600}, Django's {django!r:.600}"


def _only_kept(mine, theirs):
    """Ours is the very object that was there, Django's an equal one: nobody can tell, unless it can be changed."""
    (kept, what), (djangos, like) = mine, theirs
    return kept and not djangos and what == like and not issubclass(what[0], MUTABLE)


def error_of(error):
    return None if error is None else describe_error(error)


def django_clean(instance, **options):
    return Model.clean_fields(instance, **options)


def full_clean(instance, **options):
    """Through the mixin."""
    return instance.full_clean(**options)


def django_full_clean(instance, **options):
    """The same without what the mixin does."""
    with mock.patch.object(CompiledModelMixin, "clean_fields", Model.clean_fields):
        return instance.full_clean(**options)


def our_clean(instance, **options):
    return CompiledValidator.for_model(type(instance)).clean(instance, **options)


def compare(theirs, mine, *, ours=our_clean, django=django_clean, database=None):
    """An instance that `theirs` makes for Django, an equal one of `mine` for us: the differences, and Django's run."""
    expected, their_state = attempt(theirs, django, database)
    ended, my_state = attempt(mine, ours, database)
    found = [*differences(ended, expected, (my_state, their_state)), *read_differences(ended.error, expected.error)]
    return found, expected


def attempt(make, clean, database=None):
    record.start()
    instance = make()
    before = dict(vars(instance))
    ended = run(lambda: clean(instance), database)
    return ended, state(instance, before)


def read_differences(ours, django):
    """The texts that a reader gets, in another language at each call."""
    if isinstance(ours, ValidationError) and isinstance(django, ValidationError):
        if (language := next(_language)) is None:
            return
        a, b = (text_in(language, lambda error=error: repr(dict(error))) for error in (ours, django))
        if a != b:
            yield f"texts in {language}: {a!r}, Django's {b!r}"


def assert_same(theirs, mine=None, **options):
    """Both ways end alike; gives Django's run."""
    found, expected = compare(theirs, mine or theirs, **options)
    assert not found, "\n".join(found)
    return expected


def read_rows(found):
    """All errors of `clean_rows`, read: `{row: {name: [errors]}}`."""
    return {
        index: {
            name: errors.error_list() if isinstance(errors, RejectedValue) else errors for name, errors in row.items()
        }
        for index, row in found.items()
    }


def rows_differences(their_makes, my_makes, database=None, make_exclude=lambda: None):
    """The instances of `my_makes` in one batch, beside Django one by one; the errors are read at the end."""
    record.start()
    theirs = [make() for make in their_makes]
    before = [dict(vars(instance)) for instance in theirs]
    expected = run(lambda: _django_rows(theirs, make_exclude()), database)
    their_states = [state(*pair) for pair in zip(theirs, before, strict=True)]
    record.start()
    mine = [make() for make in my_makes]
    before = [dict(vars(instance)) for instance in mine]
    ended = run(lambda: CompiledValidator.for_model(type(mine[0])).clean_rows(mine, make_exclude()), database)
    called = len(record.CALLS)
    rows = read_rows(ended.result or {})
    if len(record.CALLS) != called:
        yield f"reading the errors called {record.CALLS[called:]!r}"
    yield from differences(ended, expected, ({}, {}))
    for index, (instance, kept, like) in enumerate(zip(mine, before, their_states, strict=True)):
        yield from (f"row {index}: {text}" for text in differences(Run(), Run(), (state(instance, kept), like)))
    if expected.error is None:
        yield from _of_rows(rows, expected.result)


def describe_rows(rows):
    return {
        index: {name: [describe_error(error) for error in errors] for name, errors in row.items()}
        for index, row in rows.items()
    }


def _of_rows(ours, django):
    if list(ours) != list(django):
        yield f"rows {list(ours)}, Django's {list(django)}"
    for index in ours.keys() & django.keys():
        a, b = ours[index], django[index]
        if list(a) != list(b):
            yield f"row {index}: fields {list(a)}, Django's {list(b)}"
        for name in a.keys() & b.keys():
            mine, theirs = (tuple(map(describe_error, errors[name])) for errors in (a, b))
            if mine != theirs:
                yield f"row {index}: {name}: {first_difference(mine, theirs)}"


def _django_rows(instances, exclude):
    errors = {}
    for index, instance in enumerate(instances):
        try:
            Model.clean_fields(instance, exclude)
        except ValidationError as error:
            errors[index] = error.error_dict
    return errors
