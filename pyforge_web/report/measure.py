"""Measures an endpoint: calls it through Django's test client in a transaction that is rolled back."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.test import Client, override_settings

from pyforge_web.metering import collect
from pyforge_web.toolbar.comparison import Comparison, ResponseInput, compare_input
from pyforge_web.toolbar.other_inputs import capture_other
from pyforge_web.toolbar.other_json import find_other_json

ROUNDS = 3
_MOST_BYTES = 20_000_000
# An address for documentation (RFC 5737): the debug toolbar must not take the client for a developer's browser.
_CLIENT_ADDRESS = "192.0.2.1"


@dataclass(slots=True)
class Measurement:
    """What was measured: times in milliseconds, of the best round.

    `write_ms` is what Django, or DRF, needs to write the same data again, `pyforge_ms` what PyForge Web needs.
    `query_ms`, `instances_ms`, `serializer_ms` and `json_ms` are parts of today's way, the last three without queries.
    """

    status: int = 0
    size: int = 0
    total_ms: float = 0.0
    queries: int = 0
    query_ms: float = 0.0
    instances_ms: float = 0.0
    serializer_ms: float = 0.0
    json_ms: float = 0.0
    write_ms: float = 0.0
    pyforge_ms: float = 0.0
    equal: bool | None = None
    difference: str = ""
    native: bool = False
    is_json: bool = False
    error: str = ""

    @property
    def parts(self) -> dict[str, float]:
        """Return the parts of the request that took time, in their order: the rest is the view and the middleware."""
        parts = {
            "queries": self.query_ms,
            "instances": self.instances_ms,
            "serializer": self.serializer_ms,
            "JSON": self.json_ms,
        }
        parts["rest"] = max(0.0, self.total_ms - sum(parts.values()))
        return {name: ms for name, ms in parts.items() if ms}


class QueryLog:
    """The number of queries, and the nanoseconds of their execution."""

    def __init__(self) -> None:
        self.count = 0
        self.ns = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = perf_counter_ns()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count += 1
            self.ns += perf_counter_ns() - started


def measure_endpoint(path: str, user: Any = None, headers: dict[str, str] | None = None) -> Measurement:
    """Return what one GET of an address costs, and what writing its data our way would cost."""
    found = Measurement()
    try:
        with rolled_back(), _keep_quiet():
            client = Client(raise_request_exception=False, headers=headers, REMOTE_ADDR=_CLIENT_ADDRESS)
            if user is not None:
                # No password is needed, and the session is rolled back with everything else.
                client.force_login(user)
            # The first round pays for imports, caches and connections, so the best one counts.
            for number in range(ROUNDS):
                _call_endpoint(client, path, found, is_last=number == ROUNDS - 1)
                if found.status >= 300:
                    break
    except Exception as error:  # the project's own code may raise anything
        found.error = _show_error(error)
    return found


def _show_error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _call_endpoint(client: Client, path: str, found: Measurement, *, is_last: bool) -> None:
    with _log_queries() as log, collect(details=True) as collector:
        started = perf_counter_ns()
        response: Any = client.get(path, secure=settings.SECURE_SSL_REDIRECT, headers={"host": _find_host()})
        # A streaming view does its work while the body is read.
        body = b"".join(response.streaming_content) if response.streaming else response.content
        taken = (perf_counter_ns() - started) / 1e6
    found.status, found.size = response.status_code, len(body)
    if response.status_code == 500 and response.exc_info:
        found.error = _show_error(response.exc_info[1])
    # The queries of the round that counts, so that both numbers are of one request.
    if not found.total_ms or taken < found.total_ms:
        found.total_ms, found.queries, found.query_ms = taken, log.count, log.ns / 1e6
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    found.is_json = "json" in kind  # by the response itself, whatever the source looks like
    written = [group for group in collector.groups if group.source != "validate"]
    # Half of the bytes: a view may log with dumps() and answer with JsonResponse.
    found.native = (
        bool(written) and collector.bytes >= len(body) / 2 and not any("django" in group.path for group in written)
    )
    if is_last and response.status_code == 200:
        _compare_writers(response, collector, found)


@contextmanager
def _log_queries() -> Iterator[QueryLog]:
    """Count the queries of the block.

    Not CaptureQueriesContext: Django's query log runs one more statement for each query on SQLite, to quote its
    parameters (`DatabaseOperations.last_executed_query`).
    """
    log = QueryLog()
    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(log))
        yield log


def _compare_writers(response: Any, collector: Any, found: Measurement) -> None:
    """Write the same data both ways."""
    other = find_other_json(response.wsgi_request, response, collector)
    captured = capture_other(response, other, _MOST_BYTES)
    # One round alone may be disturbed by whatever else runs, and the factor would be that of the disturbance.
    result = compare_input(captured, ROUNDS) if captured else None
    if not isinstance(result, Comparison):
        return
    django, pyforge = result.sides
    found.write_ms, found.pyforge_ms, found.equal = django.ms, pyforge.ms, result.equal
    found.difference = result.difference.path if result.difference else django.error or pyforge.error
    if captured and captured.steps and not django.error:
        _split_time(captured, found)


def _split_time(captured: ResponseInput, found: Measurement) -> None:
    """Run the steps of today's way one by one, and note the best time of each."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        data = captured.load(captured.value) if captured.load else captured.value
        for name, step in (captured.steps or {}).items():
            with _log_queries() as log:
                started = perf_counter_ns()
                data = step(data)
                taken = (perf_counter_ns() - started - log.ns) / 1e6
            best[name] = min(taken, best.get(name, taken))
    for name, ms in best.items():
        setattr(found, name, max(0.0, ms))


@contextmanager
def _keep_quiet() -> Iterator[None]:
    """Keep mail in memory, and the errors of views out of the log: they are part of the report."""
    logger = logging.getLogger("django.request")
    level = logger.level
    # raise_request_exception=False makes a 500 of an exception, and Django logs its traceback.
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with _keep_mail():
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def _keep_mail() -> Iterator[None]:
    """Keep mail in memory, as Django's `setup_test_environment()` does: by `MAILERS` (Django 6.1) where it is set."""
    in_memory = "django.core.mail.backends.locmem.EmailBackend"
    if hasattr(settings, "MAILERS"):
        override = override_settings(MAILERS={alias: {"BACKEND": in_memory} for alias in settings.MAILERS})
    else:
        override = override_settings(EMAIL_BACKEND=in_memory)
    with _ignore_warnings():
        override.enable()
    try:
        yield
    finally:
        with _ignore_warnings():
            override.disable()


@contextmanager
def _ignore_warnings() -> Iterator[None]:
    """Silence Django 6.1's warning of `EMAIL_BACKEND`: the project has not left that setting yet, and we follow it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _find_host() -> str:
    """Return a host that the settings allow."""
    # The test client's own "testserver" would be a bad request for most projects.
    allowed = [host for host in settings.ALLOWED_HOSTS if "*" not in host]
    return allowed[0].lstrip(".") if allowed else "localhost"


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo what the block writes to the databases."""
    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(transaction.atomic(using=alias))
            # Called before `atomic` ends, as the stack is unwound from its end: so nothing is committed.
            stack.callback(transaction.set_rollback, True, using=alias)
        yield
