"""What the user's code raises comes out as the same object, with the place added; the encoder works afterwards."""

import traceback

import pytest

import pyforge_web
from tests.callbacks import CALLBACKS
from tests.tables import cases


class Own(Exception):
    pass


class OwnBase(BaseException):
    pass


class RefusesNotes(Exception):
    def add_note(self, note):
        raise AttributeError("no notes here")


class RefusesAttributes(Exception):
    def __setattr__(self, name, value):
        raise AttributeError(f"no {name} here")


class OddNotes(Exception):
    __notes__ = 5


ERRORS = [Own, ValueError, TypeError, KeyError, RecursionError, MemoryError, RuntimeError, UnicodeEncodeError]
NOTELESS = [RefusesNotes, RefusesAttributes, OddNotes]
NOT_EXCEPTIONS = [KeyboardInterrupt, SystemExit, GeneratorExit, OwnBase]


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
            pyforge_web.dumps(failing(make, error), django_bytes=form == "django_bytes")
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
        assert pyforge_web.dumps(value, django_bytes=form == "django_bytes").startswith(b'{"rows":')
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
    first, second = Own("first"), Own("second")
    with pytest.raises(Own) as caught:
        try:
            raise first
        except Own:
            pyforge_web.dumps(failing(CALLBACKS["isoformat of a date"], second))
    assert caught.value is second
    assert second.__context__ is first
