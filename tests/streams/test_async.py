"""Asynchronous code: the same bytes, one hop to a thread for a statement or a chunk, Django's own errors."""

import asyncio
import contextvars
import datetime
import threading
import uuid
from decimal import Decimal

import asgiref.sync
import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import FieldError, SynchronousOnlyOperation
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from django.utils.functional import lazystr

import pyforge_web
from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, adumps
from pyforge_web.metering import collect
from tests.app.models import Member
from tests.oracle import assert_same
from tests.querysets.models import Event, Place, Scalars

pytestmark = pytest.mark.django_db(databases="__all__")


class OwnDict(dict):
    """Values whose own code says in which thread it ran."""

    def __init__(self, ran):
        super().__init__(a=1)
        self.ran = ran

    def items(self):
        self.ran.append(threading.get_ident())
        return super().items()


class OwnList(list):
    def __init__(self, ran):
        super().__init__([1])
        self.ran = ran

    def __iter__(self):
        self.ran.append(threading.get_ident())
        return super().__iter__()


class OwnText:
    def __init__(self, ran):
        self.ran = ran

    def __str__(self):
        self.ran.append(threading.get_ident())
        return "text"


class OwnZone(datetime.tzinfo):
    def __init__(self, ran):
        self.ran = ran

    def utcoffset(self, moment):
        self.ran.append(threading.get_ident())
        return datetime.timedelta(hours=1)

    @classmethod
    def at(cls, ran):
        return datetime.datetime(2026, 1, 2, tzinfo=cls(ran))


class OwnId(uuid.UUID):
    def __init__(self, ran):
        super().__init__(int=5)
        object.__setattr__(self, "ran", ran)

    def __str__(self):
        self.ran.append(threading.get_ident())
        return "id"


def own_key(ran):
    return {OwnId(ran): 1}


def await_here(function, *args, **options):
    """The hops of a coroutine function go to this thread, whose transaction has the rows."""

    async def run():
        return await function(*args, **options)

    return async_to_sync(run)()


@pytest.fixture
def hops(monkeypatch):
    """The functions that were called in a thread."""
    seen = []
    original = asgiref.sync.SyncToAsync.__call__

    async def hop(self, *args, **options):
        seen.append(self.func)
        return await original(self, *args, **options)

    monkeypatch.setattr(asgiref.sync.SyncToAsync, "__call__", hop)
    return seen


class TestAdumps:
    @pytest.mark.parametrize(
        "options", [{}, {"django_bytes": True}, {"ensure_ascii": True}, {"fields": ["pk", "char"]}]
    )
    def test_the_bytes_of_dumps(self, database, options):
        rows = Scalars.objects.using(database).order_by("pk")
        assert_same(await_here(adumps, rows, **options), pyforge_web.dumps(rows, **options))

    def test_any_value(self):
        assert await_here(adumps, [float("nan")], nan="null") == b"[null]"

    def test_one_hop(self, database, hops):
        rows = {"a": Event.objects.using(database), "b": Place.objects.using(database)}
        await_here(adumps, rows)
        assert len(hops) == 1

    @pytest.mark.parametrize("options", [{}, {"django_bytes": True}, {"ensure_ascii": True}])
    def test_plain_values_need_no_hop(self, hops, options):
        value = {
            "text": "\u00e9",
            "at": timezone.now(),
            "id": uuid.uuid4(),
            "price": Decimal("1.50"),
            "of": [(1, 2.5), {}],
        }
        value |= {"of": [(1, 2.5), {}], 1: None, 2.5: True, None: False}
        assert await_here(adumps, value, **options) == pyforge_web.dumps(value, **options)
        assert not hops

    @pytest.mark.parametrize(
        "place", [lambda value: [1, value], lambda value: {"a": {"b": value}}, lambda value: value]
    )
    @pytest.mark.parametrize("make", [OwnDict, OwnList, own_key, lambda ran: lazystr(OwnText(ran)), OwnZone.at])
    def test_code_of_a_value_runs_in_the_thread_alone(self, hops, make, place):
        """What runs in the event loop would block it: its thread would be among those that were seen."""
        ran = []
        value = place(make(ran))

        async def write():
            return threading.get_ident(), await adumps(value)

        loop, written = async_to_sync(write)()
        assert ran
        assert loop not in ran
        assert len(hops) == 1
        assert written == pyforge_web.dumps(value)

    def test_plain_values_are_written_by_django_without_native_code(self, hops):
        with override_settings(PYFORGE_WEB={"NATIVE": False}):
            assert await_here(adumps, {"a": [1, None]}) == b'{"a":[1,null]}'
        assert len(hops) == 1

    def test_collector_counts_a_call_without_a_hop(self):
        with collect() as found:
            await_here(adumps, {"a": 1})
        assert found.calls == 1

    def test_errors_of_plain_values_are_those_of_dumps(self, hops):
        cycle = []
        cycle.append(cycle)
        for value in (cycle, {"a": float("nan")}):
            with pytest.raises(ValueError, match="at") as expected:
                pyforge_web.dumps(value)
            with pytest.raises(ValueError, match="at") as caught:
                await_here(adumps, value)
            assert str(caught.value) == str(expected.value)
        assert not hops

    def test_errors_are_those_of_dumps(self, database):
        with pytest.raises(FieldError):
            await_here(adumps, Event.objects.using(database), fields=["nonsense"])
        with pytest.raises(TypeError, match=r"\$\.a"):
            await_here(adumps, {"a": {1}})
        with pytest.raises(TypeError):
            await_here(adumps, 5, nonsense=True)

    def test_a_collector_counts_it(self, database):
        with collect() as found:
            await_here(adumps, Event.objects.using(database))
        assert (found.calls, found.rows) == (1, Event.objects.using(database).count())

    def test_without_it_it_is_djangos_error(self, database):
        async def view():
            return pyforge_web.dumps(Event.objects.using(database))

        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(view())


class TestAfrom:
    def test_the_response_of_the_class(self, database):
        rows = Scalars.objects.using(database).order_by("pk")
        response = await_here(
            PyForgeJsonResponse.afrom, rows, fields=["pk", "moment"], status=203, headers={"X-Thing": "5"}
        )
        expected = PyForgeJsonResponse(rows, fields=["pk", "moment"], status=203, headers={"X-Thing": "5"})
        assert type(response) is PyForgeJsonResponse
        assert_same(response.content, expected.content)
        assert dict(response.headers) == dict(expected.headers)
        assert response.status_code == 203

    def test_a_subclass(self, database):
        class Ours(PyForgeJsonResponse):
            pass

        assert type(await_here(Ours.afrom, Event.objects.using(database))) is Ours

    def test_one_hop(self, database, hops):
        await_here(PyForgeJsonResponse.afrom, {"rows": Event.objects.using(database)})
        assert len(hops) == 1

    def test_errors_are_those_of_the_class(self):
        for args in ([1], {"a": {1}}):
            with pytest.raises(TypeError) as expected:
                PyForgeJsonResponse(args)
            with pytest.raises(TypeError) as ours:
                await_here(PyForgeJsonResponse.afrom, args)
            assert str(ours.value) == str(expected.value)
        with pytest.raises(TypeError, match="secret columns"):
            await_here(PyForgeJsonResponse.afrom, Member.objects.all())


class TestStreams:
    def test_one_hop_for_a_chunk(self, database, hops):
        Place.objects.using(database).bulk_create(Place(name=f"{n}") for n in range(1_100))
        rows = Place.objects.using(database).count()

        async def parts():
            return [part async for part in PyForgeStreamingResponse(Place.objects.using(database).order_by("pk"))]

        found = async_to_sync(parts)()
        assert b"".join(found).count(b"\n") == rows
        # The chunks, and the end.
        assert len(found) == 1 + -(-(rows - 50) // 500)
        assert len(hops) == len(found) + 1

    def test_none_for_an_async_iterable(self, hops):
        async def values():
            for n in range(1_100):
                yield n

        async def parts():
            return [part async for part in PyForgeStreamingResponse(values())]

        assert b"".join(async_to_sync(parts)()).count(b"\n") == 1_100
        assert hops == []

    def test_all_hops_go_to_one_thread(self):
        """A connection and its cursor stay where they are."""
        threads = set()

        def rows():
            for n in range(2_000):
                threads.add(threading.get_ident())
                yield n

        async def parts():
            async with asgiref.sync.ThreadSensitiveContext():
                return [part async for part in PyForgeStreamingResponse(rows())]

        asyncio.run(parts())
        assert len(threads) == 1
        assert threading.get_ident() not in threads

    def test_it_can_be_cancelled(self):
        """ASGI cancels the task of a client that has left, in the middle of a chunk or between two."""
        ended, begun = [], threading.Event()

        def rows():
            try:
                while True:
                    begun.set()
                    yield "x" * 1000
            finally:
                ended.append(threading.get_ident())

        async def serve():
            async for _ in PyForgeStreamingResponse(rows()):
                await asyncio.sleep(0)

        async def client():
            async with asgiref.sync.ThreadSensitiveContext():
                task = asyncio.create_task(serve())
                await asyncio.to_thread(begun.wait, 10)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(client())
        assert len(ended) == 1

    def test_many_at_once(self):
        async def body(n):
            async with asgiref.sync.ThreadSensitiveContext():
                return b"".join([part async for part in PyForgeStreamingResponse([n] * 700)])

        async def bodies():
            return await asyncio.gather(*map(body, range(8)))

        assert asyncio.run(bodies()) == [f"{n}\n".encode() * 700 for n in range(8)]

    def test_an_async_iterable_in_a_synchronous_view_may_query(self):
        """On an event loop of its own; its connections are closed behind it."""
        seen, opened = [], {}

        async def rows():
            def query():
                with connections["default"].cursor() as cursor:
                    cursor.execute("SELECT 1")
                    seen.append(threading.get_ident())
                    opened[seen[-1]] = connections["default"].connection
                    return cursor.fetchone()[0]

            for _ in range(3):
                yield await asgiref.sync.sync_to_async(query)()

        assert b"".join(PyForgeStreamingResponse(rows())) == b"1\n1\n1\n"
        assert len(set(seen)) == 1
        assert threading.get_ident() not in seen
        for connection in opened.values():
            connection.close()  # Django leaves connections of databases in memory open

    def test_a_context_variable_of_an_async_iterable_stays(self):
        variable = contextvars.ContextVar("variable", default=0)

        async def rows():
            for _ in range(3):
                variable.set(variable.get() + 1)
                yield variable.get()

        assert b"".join(PyForgeStreamingResponse(rows(), chunk_size=1)) == b"1\n2\n3\n"
        assert variable.get() == 0


def test_async_views_work_in_the_test_clients(client, async_client, settings, database):
    settings.ROOT_URLCONF = "tests.streams.urls"
    whole = client.get(f"/whole/{database}/").content
    assert client.get(f"/rows/{database}/?format=array").getvalue() == whole
    assert client.get(f"/rows-async/{database}/?format=array").getvalue() == whole

    async def ask(path):
        response = await async_client.get(path)
        return b"".join([part async for part in response]) if response.streaming else response.content

    for path in (
        f"/rows/{database}/?format=array",
        f"/rows-async/{database}/?format=array",
        f"/whole-async/{database}/",
    ):
        assert_same(async_to_sync(ask)(path), whole)
