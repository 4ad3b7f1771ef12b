"""What the user's code of the tests was called with, in order: validators, limits, choices, methods of odd values."""

from tests.validation.strict import describe

CALLS = []
_DIRTY = []


def called(name, *arguments):
    """To be called first thing by every piece of user code of the tests."""
    CALLS.append((name, tuple(describe(argument) for argument in arguments)))


def put_back(function):
    """`function` puts shared state back before the next run, such as an error that is always the same object."""
    _DIRTY.append(function)


def start():
    """Forgets the calls; every run begins with the same state."""
    del CALLS[:]
    while _DIRTY:
        _DIRTY.pop()()
