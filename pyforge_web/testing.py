"""Assertions for tests: count and list the native calls of a block of code, as `assertNumQueries` does with queries.

Each call into native code counts as one crossing. The calls back to Python depend on the number of rows; assert them
with `callbacks=`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

from django.db.models import Model

from pyforge_web._native import BUILD_PROFILE, listen
from pyforge_web.conf import PanelLimits, get_settings, with_docs
from pyforge_web.metering import CallGroup, CallSource, CallSums, Collector, MeteredCall, active_collectors, collect
from pyforge_web.toolbar.formats import show_word
from pyforge_web.toolbar.warning_causes import RequestTrace, WarningMatch
from pyforge_web.toolbar.warnings import PanelWarning, find_warnings

__all__ = ["AssertNumCrossingsMixin", "CaptureCrossings", "assert_no_pyforge_warnings"]

_MAX_CALLS = 100_000
_MAX_LINES = 200  # of a failure's message


class _CallCollector(Collector):
    """A collector that keeps each single call, and groups all of them."""

    max_groups = _MAX_CALLS

    def __init__(self, *, details: bool = False) -> None:
        super().__init__(details=details)
        self.kept: list[MeteredCall] = []

    def keep_call(self, group: CallGroup, start_ns: int, costs: tuple[int, int, int, int, int, int]) -> bool:
        # False ends it: native code then adds the costs to the sums alone.
        self.kept.append(MeteredCall(group, start_ns, CallSums(*costs)))
        return len(self.kept) < _MAX_CALLS


class CaptureCrossings:
    """`with CaptureCrossings() as captured: ...`; then `len(captured)`, `captured.calls`, `captured.callbacks`.

    `source` (`"response"`, `"tag"` ...) and `model` (a class, or `"app.Model"`) select the calls to capture. The calls
    of the block itself and of Django's test clients are captured, synchronous or not; those of a live server are not.
    """

    def __init__(self, *, source: CallSource | None = None, model: type[Model] | str | None = None) -> None:
        self._source = source
        self._label = model if isinstance(model, str) or model is None else model._meta.label

    def __enter__(self) -> Self:
        listen()
        self._collector = _CallCollector(details=True)
        self._token = active_collectors.set((*active_collectors.get(), self._collector))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        active_collectors.reset(self._token)

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def calls(self) -> list[MeteredCall]:
        """Return the calls in their order: `call.group` has what and where, `call.costs` how much.

        Raise `RuntimeError` after more than 100,000 calls: the others are not kept.
        """
        if self._collector.calls > len(self._collector.kept):
            raise with_docs(
                RuntimeError(f"more than {_MAX_CALLS:,} calls were made: capture a smaller block"), "testing"
            )
        return [call for call in self._collector.kept if self._is_selected(call)]

    @property
    def callbacks(self) -> int:
        """Return the number of calls from native code to Python code."""
        return sum(call.costs.crossings_out for call in self.calls)

    @property
    def by_source(self) -> dict[CallSource, int]:
        """Return the number of calls of each source that made some."""
        return dict(Counter(call.group.source for call in self.calls))

    def complaint(self, num: int, *, callbacks: int | None = None, exact: bool = True) -> str | None:
        """Return a message if the block did not make `num` calls, or made more than `num`; None if all is well."""
        wrong = [
            f"{made} {what}{' was' if made == 1 else 's were'} made, {'' if exact else 'at most '}{expected} expected"
            for what, made, expected in (("crossing", len(self), num), ("callback", self.callbacks, callbacks))
            if expected is not None and (made != expected if exact else made > expected)
        ]
        return "\n".join([*wrong, "Captured calls were:", *self._list_calls()]) if wrong else None

    def _is_selected(self, call: MeteredCall) -> bool:
        # A call may write rows of several models.
        labels = call.group.label.split(", ")
        return self._source in (None, call.group.source) and (self._label is None or self._label in labels)

    def _list_calls(self) -> list[str]:
        lines = [f"{number}. {_describe_call(call)}" for number, call in enumerate(self.calls, start=1)]
        more = [f"... and {len(lines) - _MAX_LINES} more"] if len(lines) > _MAX_LINES else []
        return lines[:_MAX_LINES] + more


@contextmanager
def assert_no_pyforge_warnings(*, ignore: Iterable[str] = (), **limits: int) -> Iterator[None]:
    """Fail if the panel would show a warning for the block: `with assert_no_pyforge_warnings(ignore=["PF004"]): ...`.

    `limits` replace keys of `PYFORGE_WEB["PANEL"]`, for example `SIMILAR_CALLS=5`.
    """
    known = get_settings()["PANEL"]
    # A misspelled limit would leave the setting's, and the test would prove something else.
    if unknown := set(limits) - set(known):
        raise with_docs(
            TypeError(f"there is no limit {', '.join(sorted(unknown))}; there are {', '.join(known)}"), "testing"
        )
    with collect(details=True) as collector:
        yield
    thresholds = cast(PanelLimits, {**known, **limits})
    trace = RequestTrace(collector.groups, collector.compiled, BUILD_PROFILE, thresholds)
    # After the block, even if the limits are those of the settings: a warning needs the sums of all calls.
    lines = [
        _describe_warning(warning, match) for warning, match in find_warnings(trace) if warning.id not in set(ignore)
    ]
    if lines:
        raise AssertionError("\n".join(["The panel of PyForge Web would warn:", *lines]))


def _describe_warning(warning: PanelWarning, match: WarningMatch) -> str:
    words = {key: show_word(key, word) for key, word in match.words.items()}
    text, change = warning.format_text(match.variant, words)
    site = match.group.site if match.group else None
    place = f" ({site.file}:{site.line} in {site.name})" if site else ""
    return f"{warning.id} {warning.word}: {text} {change}{place}"


class AssertNumCrossingsMixin:
    """For `TestCase` classes: `with self.assertNumCrossings(1): ...`."""

    def assertNumCrossings(  # noqa: N802 - as unittest and Django have it
        self,
        num: int,
        func: Callable[..., object] | None = None,
        *args: Any,
        callbacks: int | None = None,
        source: CallSource | None = None,
        model: type[Model] | str | None = None,
        **kwargs: Any,
    ) -> "CaptureCrossings | None":
        """Fail if the block, or `func(*args, **kwargs)`, makes another number of crossings into native code.

        `callbacks` is the expected number of calls back to Python; `source` and `model` work as in `CaptureCrossings`.
        """
        context = _CrossingsAssertion(self, num, callbacks, source=source, model=model)
        # As `assertNumQueries` has it: a context manager, or a call at once.
        if func is None:
            return context
        with context:
            func(*args, **kwargs)
        return None


class _CrossingsAssertion(CaptureCrossings):
    def __init__(self, test: Any, num: int, callbacks: int | None, **which: Any) -> None:
        super().__init__(**which)
        self._test = test
        self._expected = num, callbacks

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)
        num, callbacks = self._expected
        # An exception of the block itself is what the test must show.
        if kind is None and (complaint := self.complaint(num, callbacks=callbacks)):
            self._test.fail(complaint)


def _describe_call(call: MeteredCall) -> str:
    group, costs = call.group, call.costs
    fields = f" ({', '.join(group.fields)})" if group.fields else ""
    place = f" at {group.site.file}:{group.site.line} in {group.site.name}" if group.site else ""
    template = f" from {group.template.file}:{group.template.line}" if group.template else ""
    return (
        f"{group.function} of {group.label}{fields}: {group.path}, {costs.rows} rows, {costs.bytes} bytes,"
        f" {costs.crossings_out} callbacks{template}{place}"
    )
