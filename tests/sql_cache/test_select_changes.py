"""The columns of SELECT that are kept: what changes while they are, and what is not kept."""

import itertools
import logging
from copy import copy
from unittest import mock

import pytest
from django.db import connections
from django.db.models import Value
from django.db.models.fields import Field
from django.test import override_settings

from pyforge_web import dumps
from pyforge_web.querysets import backends
from pyforge_web.querysets.backends import select_lists
from pyforge_web.querysets.backends.select_lists import (
    _MOST_SELECTS,
    _SELECTS,
    KeptSelect,
    find_select_compiler,
    select_memory,
)
from pyforge_web.querysets.sql_facts.evidence import SelectEvidence
from tests.querysets.models import Event
from tests.relations.models import Article, Author, Profile, Tag
from tests.sql_cache.oracle import has_versions
from tests.sql_cache.test_select_lists import cache, compile_both, compile_select, compile_with, counted  # noqa: F401

pytestmark = pytest.mark.django_db(databases="__all__")


def test_select_after_a_key_has_another_type(sqlite):
    """The column of a foreign key has the type of the last key that it leads to."""
    for owner in (Article, Profile):
        field, other = owner._meta.get_field("author"), Author._meta.get_field("name")
        queryset = owner.objects.all()
        *_, second, django = compile_select(queryset)
        assert second == django
        with mock.patch.dict(vars(field), foreign_related_fields=(other,)):
            changed, django_changed = compile_both(queryset)
            assert changed == django_changed != django
        assert compile_both(queryset)[0] == django


def test_select_of_copied_options(sqlite):
    """A copy of a model's options has what was kept with them."""
    options = Tag._meta
    copy(options)  # the first copy of an object sets an attribute of its class, so that nothing kept would be used
    *_, second, django = compile_select(Tag.objects.all())
    assert second == django
    copied = copy(options)
    copied.local_fields = [field for field in options.local_fields if field.name != "name"]
    vars(copied).pop("concrete_fields", None)
    copied._expire_cache()
    with mock.patch.object(Tag, "_meta", copied):
        ours, django = compile_both(Tag.objects.order_by())
        assert ours == django != second


def test_select_changed_while_it_is_kept(sqlite):
    """Another thread changes a column after Django has written it, and before it is known what it was written with."""
    field, initialize = Tag._meta.get_field("name"), SelectEvidence.__init__
    vars(Tag._meta).pop("_pyforge_select", None)

    def change(*args):
        vars(field).pop("cached_col", None)
        field.column = "parent_id"
        assert field.cached_col
        initialize(*args)

    try:
        with mock.patch.object(SelectEvidence, "__init__", change):
            for _ in range(2):
                compile_both(Tag.objects.all())
        assert field.column == "parent_id" or not has_versions()
        for _ in range(3):
            ours, django = compile_both(Tag.objects.all())
            assert ours == django
    finally:
        vars(field).pop("cached_col", None)
        field.column = "name"


def test_plan_changed_while_it_is_kept(sqlite):
    """Another thread patches a converter, and reads with it, after a plan was made and before it is kept."""
    backend = backends.find_backend(connections["default"])
    find, field = backend.find_plan_watch, Tag._meta.get_field("name")
    Tag.objects.create(name="plain")
    vars(Tag._meta).pop("_pyforge_select", None)
    for _ in range(2):
        dumps(Tag.objects.all())

    def change(plan, columns, connection):
        field.from_db_value = lambda value, expression, connection: "converted"
        backend.plan_columns(mock.Mock(connection=connection, spec=["connection"]), columns)
        return find(plan, columns, connection)

    try:
        with mock.patch.object(backend, "find_plan_watch", change):
            dumps(Tag.objects.all())
        for _ in range(2):
            assert dumps(Tag.objects.all()) == dumps(list(Tag.objects.all()))
    finally:
        vars(field).pop("from_db_value", None)


def test_select_of_a_compiler_used_again(sqlite):
    """What is kept is that of the query as it is now."""
    connection = connections["default"]
    compile_select(Tag.objects.all())
    query = Tag.objects.all().query
    compiler = find_select_compiler(connection.ops.compiler(query.compiler))(query, connection, "default")
    compiler.as_sql()
    assert compiler.kept is not None or not has_versions()
    query.add_annotation(Value(1), "one")
    compiler.as_sql()
    assert compiler.kept is None


def test_select_of_an_engine_with_other_columns(sqlite):
    """A compiler of a project's selects fewer columns than the model has."""
    connection = connections["default"]

    class Fewer(connection.ops.compiler("SQLCompiler")):
        def get_default_columns(self, *args, **kwargs):
            return super().get_default_columns(*args, **kwargs)[:1]

    for _ in range(3):
        ours, django = (compile_with(kind, Tag.objects.order_by()) for kind in (find_select_compiler(Fewer), Fewer))
        assert ours == django
        assert len(ours[1]) == 1


def test_select_of_columns_chosen_once(sqlite):
    """A client that names other fields each time costs no memory, and no time for what is not asked for again."""
    names = [field.attname for field in Event._meta.concrete_fields]
    with mock.patch.object(KeptSelect, "__init__", autospec=True, side_effect=KeptSelect.__init__) as made:
        for count in range(1, 4):
            for chosen in itertools.combinations(names, count):
                compile_both(Event.objects.values(*chosen))
    assert not made.called
    assert len(vars(Event._meta)["_pyforge_select"]) <= _MOST_SELECTS


def test_select_given_is_the_callers_own(sqlite):
    """What a compiler does with its columns is not seen by the next."""
    connection = connections["default"]
    for _ in range(4):
        compiler = backends.find_backend(connection).compiler(Event.objects.all().query, connection, "default")
        select, klass_info, annotations = compiler.get_select()
        assert len(select) == len(klass_info["select_fields"]) == len(Event._meta.concrete_fields)
        assert annotations == {}
        select.clear()
        klass_info["select_fields"].clear()
        annotations["x"] = 1


def test_select_that_differs_turns_it_off(sqlite, caplog):
    """Under DEBUG each use is compared."""
    vars(Tag._meta).pop("_pyforge_select", None)
    for _ in range(2):
        expected = dumps(Tag.objects.all())
    try:
        with (
            mock.patch.object(KeptSelect, "give", return_value=([], None, {})),
            override_settings(DEBUG=True),
            caplog.at_level(logging.ERROR, "pyforge_web.select_lists"),
        ):
            assert dumps(Tag.objects.all()) == expected
        assert "differ from Django's" in caplog.text or not has_versions()
        with counted() as given:
            assert dumps(Tag.objects.all()) == expected
        assert not given
    finally:
        select_memory.why_off = None


def test_select_changed_all_the_time(sqlite):
    """Where a field changes at each query its columns are kept more and more rarely, and again when it stays."""
    vars(Tag._meta).pop("_pyforge_select", None)
    expected = dumps(Tag.objects.all())
    with mock.patch.object(KeptSelect, "__init__", autospec=True, side_effect=KeptSelect.__init__) as made:
        for _ in range(30):
            with mock.patch.object(Field, "select_format", lambda self, compiler, sql, params: (sql, params)):
                assert dumps(Tag.objects.all()) == expected
    assert 1 < made.call_count < 8
    with counted() as given:
        for _ in range(100):
            assert dumps(Tag.objects.all()) == expected
    assert given or not has_versions()


def test_order_that_differs_turns_it_off(sqlite, caplog):
    """The rows of the use that is compared have Django's order."""

    def compile_titles():
        return compile_both(Article.objects.order_by("title", "id"))

    for _ in range(3):
        ours, django = compile_titles()
        assert ours == django
    found = [
        kept for kept, *_ in Article._meta.__dict__[_SELECTS].values() if kept is not None and any(kept.orders.values())
    ]
    assert found
    for kept in found:
        for key, order in kept.orders.items():
            if order is not None:
                kept.orders[key] = order._replace(items=order.items[::-1])
    try:
        with caplog.at_level(logging.ERROR), mock.patch.object(select_memory, "always_check", True):
            ours, django = compile_titles()
            assert ours == django
            assert select_memory.why_off
        assert caplog.records
        ours, django = compile_titles()
        assert ours == django
    finally:
        select_memory.why_off = None
        Article._meta.__dict__[_SELECTS].clear()


def test_many_orders(sqlite):
    """Where there are too many all go, and Django writes each anew."""
    names = ["id", "title", "body", "price", "published", "key", "author_id"]
    with mock.patch.object(select_lists, "_MOST_ORDERS", 2):
        for _, *chosen in itertools.product(range(2), names, names):
            queryset = Article.objects.order_by(*dict.fromkeys(chosen))
            for _ in range(2):
                ours, django = compile_both(queryset)
                assert ours == django
