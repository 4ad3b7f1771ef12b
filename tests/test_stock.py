"""Classes are compared with what their library wrote: methods that are missing or replaced are named."""

import datetime
from types import SimpleNamespace

import django
import pytest
from django.db.models import QuerySet

from pyforge_web import dumps
from pyforge_web.secrets import _is_known_column
from pyforge_web.stock import StockMethods

METHODS = StockMethods(QuerySet, ("iterator", "_fetch_all"), django)


class Renamed(QuerySet):
    def iterator(self, *args):
        return super().iterator(*args)


@pytest.mark.parametrize(
    ("kind", "replaced"),
    [
        (QuerySet, None),
        (type("Same", (QuerySet,), {}), None),
        (Renamed, "Renamed.iterator"),
        (object, "object.iterator"),
    ],
    ids=["itself", "subclass", "replaced", "missing"],
)
def test_replaced_method_is_named(kind, replaced):
    assert METHODS.find_replaced(kind) == replaced
    assert METHODS.are_methods_of(kind) is (replaced is None)


def test_column_of_a_known_model_is_secret_by_its_label():
    device = type("Device", (), {"_meta": SimpleNamespace(label="otp_totp.TOTPDevice")})
    assert _is_known_column("key", type("OwnDevice", (device,), {}))
    assert not _is_known_column("name", device)


class OwnZone(datetime.tzinfo):
    def utcoffset(self, moment):
        raise LookupError("no offset")

    def dst(self, moment):
        return None


class OwnMoment(datetime.datetime):
    def isoformat(self, *args, **kwargs):
        raise LookupError("no text")


@pytest.mark.parametrize("dates", ["django", "iso", "local", "drf"])
@pytest.mark.parametrize(
    "value",
    [datetime.datetime(2026, 1, 2, tzinfo=OwnZone()), OwnMoment(2026, 1, 2), datetime.time(1, 2, tzinfo=OwnZone())],
    ids=["zone", "class", "time"],
)
def test_moment_whose_code_raises_is_its_error(value, dates):
    with pytest.raises((LookupError, ValueError)) as error:
        dumps({"at": [value]}, dates=dates)
    assert "$.at[0]" in "".join([str(error.value), *getattr(error.value, "__notes__", ())])
