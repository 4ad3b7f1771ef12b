"""The pytest plugin, which pytest finds by itself: its fixtures are those of `testing.py`.

It is loaded for every pytest run in the environment, so it imports nothing of Django until a fixture is used.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from django.db.models import Model

    from pyforge_web.metering import CallSource
    from pyforge_web.testing import CaptureCrossings


class AssertNumCrossings(Protocol):
    """The type of both fixtures."""

    def __call__(
        self,
        num: int,
        *,
        callbacks: int | None = None,
        source: "CallSource | None" = None,
        model: "type[Model] | str | None" = None,
        info: str | None = None,
    ) -> "AbstractContextManager[CaptureCrossings]":
        """Fail if the block makes another number of crossings into native code; `info` is added to the message."""


@pytest.fixture
def pyforge_assert_num_crossings() -> AssertNumCrossings:
    """Return a function that asserts the number of crossings: `with pyforge_assert_num_crossings(1): ...`."""
    return partial(_assert_num_crossings, exact=True)


@pytest.fixture
def pyforge_assert_max_num_crossings() -> AssertNumCrossings:
    """Return a function that asserts that a block makes at most this many crossings into native code."""
    return partial(_assert_num_crossings, exact=False)


@contextmanager
def _assert_num_crossings(
    num: int,
    *,
    exact: bool,
    callbacks: int | None = None,
    source: "CallSource | None" = None,
    model: "type[Model] | str | None" = None,
    info: str | None = None,
) -> "Iterator[CaptureCrossings]":
    from pyforge_web.testing import CaptureCrossings

    with CaptureCrossings(source=source, model=model) as captured:
        yield captured
    if complaint := captured.complaint(num, callbacks=callbacks, exact=exact):
        pytest.fail("\n".join(filter(None, [info, complaint])))


@pytest.fixture
def pyforge_assert_no_warnings() -> Callable[..., AbstractContextManager[None]]:
    """Assert that the panel would show no warning: `with pyforge_assert_no_warnings(ignore=["PF004"]): ...`."""
    from pyforge_web.testing import assert_no_pyforge_warnings

    return assert_no_pyforge_warnings
