"""The recipes of docs/reference/metering.md, run as they stand there."""

import re
from pathlib import Path

import prometheus_client
import pytest
from django.test import Client
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pyforge_web.signals import request_metered

pytestmark = [pytest.mark.usefixtures("site"), pytest.mark.django_db]

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "metering.md"


@pytest.fixture
def recipe():
    """Runs the code below a heading; what it connects is disconnected at the end."""
    connected = []

    def run(heading):
        code = re.search(rf"^### {heading}\n.*?```python\n(.*?)```", DOCS.read_text(), re.M | re.S)[1]
        assert len([line for line in code.splitlines() if line and not line.startswith(("from", "import"))]) <= 10
        names = {}
        exec(compile(code, str(DOCS), "exec"), names)
        connected.append(names)
        return names

    before = list(request_metered.receivers)
    yield run
    request_metered.receivers = before
    request_metered.sender_receivers_cache.clear()


def test_prometheus_recipe_runs(recipe, heard):
    names = recipe("Prometheus")
    try:
        for path in ("/one/", "/many/3/", "/plain/"):
            Client().get(path)
        text = prometheus_client.generate_latest().decode()
    finally:
        for name in ("CALLS", "CROSSINGS", "SECONDS"):
            prometheus_client.REGISTRY.unregister(names[name])
    sums = [said["collector"].sources for said in heard.signals]
    for source in ("response", "direct"):
        expected = [of[source] for of in sums if source in of]
        found = dict(re.findall(rf'^pyforge_(\w+)_total{{source="{source}"}} (\S+)$', text, re.M))
        assert float(found["calls"]) == sum(each.calls for each in expected)
        assert float(found["crossings"]) == sum(each.crossings for each in expected)
        nanoseconds = sum(each.native_ns + each.python_ns for each in expected)
        assert float(found["seconds"]) == pytest.approx(nanoseconds / 1e9)


def test_opentelemetry_recipe_runs(recipe, heard):
    recipe("OpenTelemetry")
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for path in ("/one/", "/plain/"):
        with provider.get_tracer(__name__).start_as_current_span(path):
            assert trace.get_current_span().is_recording()
            Client().get(path)
    Client().get("/one/")  # without a span
    one, plain = exporter.get_finished_spans()
    sums = heard.signals[0]["collector"].sources["response"]
    assert dict(one.attributes) == {
        "pyforge.response.calls": 1,
        "pyforge.response.crossings": 3,
        "pyforge.response.duration": (sums.native_ns + sums.python_ns) / 1e9,
    }
    assert not plain.attributes
