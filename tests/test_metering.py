"""What a collector says of the native calls made while it is open."""

import asyncio
import contextvars
import threading

import pytest
from django.http import JsonResponse
from django.utils.functional import lazystr

import pyforge_web
from pyforge_web.metering import active_collectors, collect
from tests.callbacks import CALLBACKS
from tests.tables import cases

PLAIN = {"rows": [{"id": n, "name": "x", "price": 0.5} for n in range(100)]}


def test_a_call():
    with collect() as found:
        text = pyforge_web.dumps(PLAIN)
    assert (found.calls, found.crossings_in, found.crossings_out) == (1, 1, 0)
    assert found.bytes == len(text)
    assert 0 < found.native_ns < 1_000_000_000


def test_calls_add_up():
    with collect() as found:
        sizes = [len(pyforge_web.dumps([n] * n)) for n in range(10)]
    assert (found.calls, found.crossings_in, found.bytes) == (10, 10, sum(sizes))


def test_an_empty_block():
    with collect() as found:
        pass
    assert (found.calls, found.crossings_in, found.crossings_out, found.bytes, found.native_ns) == (0, 0, 0, 0, 0)


def test_calls_outside_are_not_seen():
    pyforge_web.dumps(PLAIN)
    with collect() as found:
        pass
    pyforge_web.dumps(PLAIN)
    assert found.calls == 0


@pytest.mark.parametrize("make", cases(CALLBACKS))
def test_python_code_that_is_called_is_a_crossing_out(make):
    with collect() as one:
        pyforge_web.dumps([make(lambda: None)])
    with collect() as three:
        pyforge_web.dumps([make(lambda: None) for _ in range(3)])
    assert one.crossings_out >= 1
    assert three.crossings_out == 3 * one.crossings_out


def test_each_lazy_text_is_one_crossing_out():
    with collect() as found:
        pyforge_web.dumps([lazystr("a"), {"b": lazystr("c")}])
    assert found.crossings_out == 2


def test_a_call_that_fails_is_a_call():
    with collect() as found:
        with pytest.raises(TypeError):
            pyforge_web.dumps([{1}])
        with pytest.raises(LookupError):
            pyforge_web.dumps([CALLBACKS["utcoffset"](boom)])
    assert (found.calls, found.crossings_in, found.bytes) == (2, 2, 0)


def boom():
    raise LookupError("boom")


def test_the_response_is_seen():
    with collect() as found:
        response = pyforge_web.PyForgeJsonResponse(PLAIN)
        JsonResponse(PLAIN)
    assert (found.calls, found.bytes) == (1, len(response.content))


def test_collectors_in_collectors():
    with collect() as outer:
        pyforge_web.dumps([1])
        with collect() as inner:
            pyforge_web.dumps([2])
        pyforge_web.dumps([3])
    assert (outer.calls, inner.calls) == (3, 1)


def test_a_collector_closes_after_an_error():
    with pytest.raises(LookupError), collect() as found:
        boom()
    pyforge_web.dumps([1])
    assert found.calls == 0


def test_an_encode_inside_an_encode():
    with collect() as found:
        pyforge_web.dumps([CALLBACKS["isoformat of a date"](lambda: pyforge_web.dumps([1]))])
    assert found.calls == 2


def test_threads_do_not_see_each_other():
    with collect() as found:
        thread = threading.Thread(target=contextvars.Context().run, args=(pyforge_web.dumps, [1]))
        thread.start()
        thread.join()
    assert found.calls == 0


def test_tasks_do_not_see_each_other():
    async def one(n):
        with collect() as found:
            for _ in range(n):
                pyforge_web.dumps([n])
                await asyncio.sleep(0)
        return found.calls

    async def many():
        return await asyncio.gather(*(one(n) for n in range(5)))

    assert asyncio.run(many()) == [0, 1, 2, 3, 4]


def test_collectors_that_overlap():
    """Each counts what happens between its own beginning and its end, in whatever order they end."""
    first, second = collect(), collect()
    sums = first.__enter__(), second.__enter__()
    pyforge_web.dumps(1)
    first.__exit__(None, None, None)
    pyforge_web.dumps(2)
    second.__exit__(None, None, None)
    pyforge_web.dumps(3)
    assert [one.calls for one in sums] == [1, 2]
    assert active_collectors.get() == ()


def test_a_collector_may_end_in_another_context():
    """An asynchronous fixture, for example, begins in one task and ends in another one."""

    async def count():
        with collect() as crossings:
            yield crossings

    async def run():
        counting = count()
        crossings = await anext(counting)
        pyforge_web.dumps(1)
        await asyncio.create_task(counting.aclose())
        return crossings.calls

    assert asyncio.run(run()) == 1
