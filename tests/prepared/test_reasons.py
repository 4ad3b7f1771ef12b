"""Why a prepared function is called each time: the rows are those of its QuerySet."""

import json
from functools import partial

import pytest
from django.db.models import Count, Prefetch
from django.test import override_settings

from pyforge_web import dumps, prepared
from pyforge_web.description.rows import rows
from pyforge_web.querysets.sql_cache import remembered
from tests.relations.models import Article, Author, Comment, Tag
from tests.streams.reading import lines, read

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


def asks_first(author):
    Author.objects.filter(name="nobody").exists()
    return Article.objects.filter(author=author).order_by("id")


def evaluates(author):
    queryset = Article.objects.filter(title__gte="").order_by("id")
    len(queryset)
    return queryset


def evaluates_by_parameter(author):
    queryset = Article.objects.filter(author=author).order_by("id")
    list(queryset)
    return queryset


def never(author):
    return Article.objects.filter(author=author, id__in=[]).order_by("id")


def always(author):
    return Article.objects.exclude(id__in=[]).filter(author=author).order_by("id")


def in_a_list(author):
    return Article.objects.filter(author__in=[author, 2]).order_by("id")


def prefetches(author):
    return Article.objects.filter(author=author).prefetch_related(Prefetch("tags", Tag.objects.all())).order_by("id")


def counts(author):
    return Article.objects.annotate(n=Count("tags")).filter(n__gte=author).order_by("id")


def twice(author):
    return Article.objects.filter(author=author, editor=author).order_by("id")


def compared(author):
    return Article.objects.filter(title__gte=str(author)).order_by("id")


def of_comments(author):
    return Comment.objects.filter(writer=author).order_by("pk")


def raises(author):
    return Article.objects.filter(author={1: "one"}[author]).order_by("id")


FUNCTIONS = [
    asks_first,
    evaluates,
    evaluates_by_parameter,
    never,
    always,
    in_a_list,
    prefetches,
    counts,
    twice,
    compared,
    of_comments,
]


def django_rows(function, value, fields):
    return [{name: getattr(each, name) for name in fields} for each in function(value)]


def ending(call):
    """What a call gives, or the exception with its words but for addresses."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error).partition("0x")[0]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_rows_are_those_of_the_function(function):
    """One use after the other, with values of each type that a view may have."""
    made = prepared(fields=["pk"])(function)
    for value in (1, 2, 1, 10**20, "1", True, 3, 1):
        expected = ending(partial(django_rows, function, value, ["pk"]))
        assert ending(lambda value=value: json.loads(dumps(made(author=value)))) == expected
        assert ending(lambda value=value: rows(made(author=value)).tolist()) == expected
        if isinstance(expected, list):
            assert json.loads(dumps(made(author=value)[1:3])) == expected[1:3]
            assert lines(read(made(author=value))) == expected


@pytest.mark.parametrize("value", [None, [1], object()], ids=["None", "list", "object"])
def test_values_that_a_condition_does_not_take(value):
    """The exception, or the rows, are those of the function."""
    made = prepared(fields=["id"])(twice)
    assert json.loads(dumps(made(author=1))) == django_rows(twice, 1, ["id"])
    expected = ending(lambda: django_rows(twice, value, ["id"]))
    ours = ending(lambda: json.loads(dumps(made(author=value))))
    assert ours == expected


def test_a_function_that_raises_with_parameters():
    made = prepared(fields=["id"])(raises)
    with pytest.raises(ValueError, match="expected a number") as djangos:
        raises(1)
    with pytest.raises(ValueError, match="expected a number") as ours:
        dumps(made(author=1))
    assert str(ours.value) == str(djangos.value)
    with pytest.raises(KeyError):
        dumps(made(author=2))


def test_rows_of_another_database(filled, monkeypatch):
    """Each use is compared with what Django compiles; a slice of a slice has Django's limits."""
    monkeypatch.setattr(remembered, "ALWAYS_CHECK", True)
    made = prepared(fields=["id"])(always)
    for alias in filled.values():
        for low, high in ((0, None), (1, 3), (2, 9)):
            expected = [{"id": each.pk} for each in always(1).using(alias)[low:high][:2]]
            assert json.loads(dumps(made(author=1).using(alias)[low:high][:2])) == expected


@override_settings(PYFORGE_WEB={"NATIVE": False})
def test_rows_without_native_code():
    made = prepared(fields=["id"])(always)
    assert json.loads(dumps(made(author=1))) == django_rows(always, 1, ["id"])
