"""For tests: the native calls of a block of code, counted and listed as `assertNumQueries` does with queries.

What is counted are crossings into native code, one for each call. Those that go back to Python depend on the number of
rows, and are asserted with `callbacks=`.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from django.db.models import Model

from pyforge_web.metering import Call, Source, collect

__all__ = ["AssertNumCrossingsMixin", "CaptureCrossings"]

_KEPT = 100_000  # calls
_LISTED = 200


class CaptureCrossings:
    """`with CaptureCrossings() as captured: ...`; then `len(captured)`, `captured.calls`, `captured.callbacks`.

    `source` (`"response"`, `"tag"` ...) and `model` (a class, or `"app.Model"`) capture such calls alone. Seen is what
    a collector sees: the block itself and the clients of Django's tests, synchronous or not; not a live server.
    """

    def __init__(self, *, source: Source | None = None, model: type[Model] | str | None = None) -> None:
        self._source = source
        self._label = model if isinstance(model, str) or model is None else model._meta.label
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._collector = self._open.enter_context(collect(sites=True, calls=_KEPT, max_groups=_KEPT))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def calls(self) -> list[Call]:
        """The calls in their order: `call.group` says of what and where, `call.costs` how much.

        Raises `RuntimeError` beyond 100,000 calls, which are not kept.
        """
        recording = self._collector.recording
        if recording is None or self._collector.calls > len(recording.calls):
            raise RuntimeError(f"more than {_KEPT:,} calls were made: capture a smaller block")
        return [call for call in recording.calls if self._is_meant(call)]

    @property
    def callbacks(self) -> int:
        """Crossings from native code to Python code."""
        return sum(call.costs.crossings_out for call in self.calls)

    @property
    def by_source(self) -> dict[Source, int]:
        """The number of calls of each source that there was."""
        return dict(Counter(call.group.source for call in self.calls))

    def complaint(self, num: int, *, callbacks: int | None = None, exact: bool = True) -> str | None:
        """What is wrong where `num` calls, or at most so many, were expected; None where nothing is."""
        wrong = [
            f"{found} {what}{' was' if found == 1 else 's were'} made, {'' if exact else 'at most '}{expected} expected"
            for what, found, expected in (("crossing", len(self), num), ("callback", self.callbacks, callbacks))
            if expected is not None and (found != expected if exact else found > expected)
        ]
        return "\n".join([*wrong, "Captured calls were:", *self._listed()]) if wrong else None

    def _is_meant(self, call: Call) -> bool:
        labels = call.group.label.split(", ")
        return self._source in (None, call.group.source) and (self._label is None or self._label in labels)

    def _listed(self) -> list[str]:
        lines = [f"{number}. {_describe(call)}" for number, call in enumerate(self.calls, start=1)]
        more = [f"... and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
        return lines[:_LISTED] + more


class AssertNumCrossingsMixin:
    """For `TestCase` classes: `with self.assertNumCrossings(1): ...`."""

    def assertNumCrossings(  # noqa: N802 - as unittest and Django have it
        self,
        num: int,
        func: Callable[..., object] | None = None,
        *args: Any,
        callbacks: int | None = None,
        source: Source | None = None,
        model: type[Model] | str | None = None,
        **kwargs: Any,
    ) -> "CaptureCrossings | None":
        """Fails if the block, or `func(*args, **kwargs)`, makes another number of crossings into native code.

        `callbacks` is the number of those back to Python, `source` and `model` are those of `CaptureCrossings`.
        """
        context = _Asserting(self, num, callbacks, source=source, model=model)
        if func is None:
            return context
        with context:
            func(*args, **kwargs)
        return None


class _Asserting(CaptureCrossings):
    def __init__(self, test: Any, num: int, callbacks: int | None, **which: Any) -> None:
        super().__init__(**which)
        self._test = test
        self._expected = num, callbacks

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)
        num, callbacks = self._expected
        if kind is None and (complaint := self.complaint(num, callbacks=callbacks)):
            self._test.fail(complaint)


def _describe(call: Call) -> str:
    group, costs = call.group, call.costs
    fields = f" ({', '.join(group.fields)})" if group.fields else ""
    place = f" at {group.site.file}:{group.site.line} in {group.site.name}" if group.site else ""
    template = f" from {group.template.file}:{group.template.line}" if group.template else ""
    return (
        f"{group.function} of {group.label}{fields}: {group.path}, {costs.rows} rows, {costs.bytes} bytes,"
        f" {costs.crossings_out} callbacks{template}{place}"
    )
