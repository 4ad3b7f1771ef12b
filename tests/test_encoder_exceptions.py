"""What the user's code raises comes out as the same object, with the place added; the encoder works afterwards."""

import traceback

import pytest

import pyforge_web
from tests.callbacks import CALLBACKS
from tests.oracle import encode
from tests.tables import cases


class OwnError(Exception):
    pass


class Abort(BaseException):
    pass


class RefusesNotesError(Exception):
    def add_note(self, note):
        raise AttributeError("no notes here")


class RefusesAttributesError(Exception):
    def __setattr__(self, name, value):
        raise AttributeError(f"no {name} here")


class OddNotesError(Exception):
    __notes__ = 5


ERRORS = [OwnError, ValueError, TypeError, KeyError, RecursionError, MemoryError, RuntimeError, UnicodeEncodeError]
NOTELESS = [RefusesNotesError, RefusesAttributesError, OddNotesError]
NOT_EXCEPTIONS = [KeyboardInterrupt, SystemExit, GeneratorExit, Abort]


def an_error(kind):
    return kind("utf-8", "x", 0, 1, "why") if kind is UnicodeEncodeError else kind("why")


def failing(make, error):
    def boom():
        raise error

    return {"rows": [1, make(boom)]}


@pytest.mark.parametrize("make", cases(CALLBACKS))
class TestTheSameObject:
    @pytest.mark.parametrize("kind", ERRORS)
    def test_an_exception(self, make, kind, form):
        error = an_error(kind)
        with pytest.raises(kind) as caught:
            encode(failing(make, error), form)
        assert caught.value is error
        assert "$.rows[1]" in "\n".join(error.__notes__)
        assert error.__cause__ is None
        assert error.__context__ is None
        assert "boom" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert pyforge_web.dumps([1]) == b"[1]"

    @pytest.mark.parametrize("kind", NOTELESS)
    def test_an_exception_that_takes_no_note(self, make, kind):
        error = an_error(kind)
        with pytest.raises(kind) as caught:
            pyforge_web.dumps(failing(make, error))
        assert caught.value is error
        assert error.__context__ is None
        assert pyforge_web.dumps([1]) == b"[1]"

    @pytest.mark.parametrize("kind", NOT_EXCEPTIONS)
    def test_what_is_no_exception_gets_no_note(self, make, kind):
        error = an_error(kind)
        with pytest.raises(kind) as caught:
            pyforge_web.dumps(failing(make, error))
        assert caught.value is error
        assert not hasattr(error, "__notes__")
        assert pyforge_web.dumps([1]) == b"[1]"

    def test_the_callback_is_called_and_its_value_written(self, make, form):
        calls = []
        value = {"rows": [1, make(lambda: calls.append(1))]}
        assert encode(value, form).startswith(b'{"rows":')
        assert calls

    def test_the_callback_may_encode(self, make):
        inner = []
        outer = {"rows": [1, make(lambda: inner.append(pyforge_web.dumps({"in": ["ner"]})))]}
        assert pyforge_web.dumps(outer) == pyforge_web.dumps({"rows": [1, make(lambda: None)]})
        assert set(inner) == {b'{"in":["ner"]}'}


@pytest.mark.parametrize("make", [pytest.param(m, id=n) for n, m in CALLBACKS.items() if "while" not in n])
def test_stop_iteration_is_an_exception_like_any_other(make):
    error = StopIteration("why")
    with pytest.raises(StopIteration) as caught:
        pyforge_web.dumps(failing(make, error))
    assert caught.value is error


def test_an_error_being_handled_stays_the_context():
    first, second = OwnError("first"), OwnError("second")
    data = failing(CALLBACKS["isoformat of a date"], second)
    try:
        raise first
    except OwnError:
        with pytest.raises(OwnError) as caught:
            pyforge_web.dumps(data)
    assert caught.value is second
    assert second.__context__ is first
