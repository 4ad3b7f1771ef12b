"""What a collector holds: no values, and no more after many calls than after some."""

import gc
import sys
import tracemalloc
import weakref
from itertools import pairwise
from pathlib import Path

import pytest
from django.test import Client
from django.utils.functional import lazystr

import pyforge_web
from pyforge_web import dumps, metering
from pyforge_web.metering import collect
from tests.app.models import Article, Author

PACKAGE = Path(pyforge_web.__file__).parent


class Listed(list):
    """A list that can be referred to weakly."""


@pytest.mark.parametrize("fails", [False, True])
def test_no_value_is_kept(fails):
    with collect(details=True) as found:
        value = Listed([lazystr("x"), {1} if fails else 1])
        if fails:
            with pytest.raises(TypeError):
                dumps(value)
        else:
            dumps(value)
        reference = weakref.ref(value)
        del value
        gc.collect()
        assert reference() is None
    assert found.calls == 1


def test_no_frame_is_kept():
    def call():
        local = Listed()
        dumps([1])
        return weakref.ref(local)

    with collect(details=True):
        reference = call()
        gc.collect()
        assert reference() is None


def held():
    """Bytes that were allocated by lines of the package and are still in use."""
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{PACKAGE}/*")])
    return sum(trace.size for trace in snapshot.traces)


@pytest.mark.django_db
def test_many_calls_need_no_more_memory_than_some():
    Author.objects.create(name="a")

    def calls(number):
        for n in range(number):
            dumps([n, lazystr("x")])
            dumps(Author.objects.all())

    with collect(details=True) as found:
        calls(1_100)  # outputs, durations and lanes are kept up to here
        tracemalloc.start()
        try:
            calls(10)
            sizes = [held()]
            for _ in range(3):
                calls(300)
                sizes.append(held())
        finally:
            tracemalloc.stop()
    # What stays of each call is there in each span; what is kept anew once, as after a class was patched, in one.
    assert min(after - before for before, after in pairwise(sizes)) < 2048
    assert len(found.groups) == 2


def test_references_to_what_all_calls_share():
    value, fields = [1], ["id"]
    article = Article(id=1)
    with collect(details=True):
        dumps(value)
        watched = [value, fields, article, None, Article, metering.active_collectors.get()]
        before = [sys.getrefcount(each) for each in watched]
        for _ in range(1_000):
            dumps(value)
            dumps(article, fields=fields)
        gc.collect()
        after = [sys.getrefcount(each) for each in watched]
    assert [abs(a - b) < 100 for a, b in zip(after, before, strict=True)] == [True] * len(watched)


@pytest.mark.django_db
@pytest.mark.usefixtures("site")
def test_a_stream_that_nobody_reads_is_freed():
    client = Client()
    client.get("/stream/5/").close()
    response = client.get("/stream/5/")
    reference = weakref.ref(response)
    del response
    gc.collect()
    assert reference() is None
