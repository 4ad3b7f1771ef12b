"""OpenTelemetry around sqlite3, for a whole process: `test_wrappers.py` runs this in one of its own."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")


def trace_opentelemetry():
    """Instrument sqlite3; gives the statements that it has seen."""
    from opentelemetry import trace
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    SQLite3Instrumentor().instrument()
    return lambda: [span.attributes.get("db.statement", "") for span in exporter.get_finished_spans()]


def main():
    """Raise where a query is not native, or where OpenTelemetry has not seen it."""
    statements = trace_opentelemetry()
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    import pyforge_web
    from pyforge_web import metering
    from pyforge_web.querysets.backends import why_not_stock
    from tests.querysets.models import Place

    call_command("migrate", run_syncdb=True, verbosity=0)
    Place.objects.create(name="a")
    with metering.collect() as collector:
        body = pyforge_web.dumps(Place.objects.order_by("pk"), fields=["name"])
    assert body == b'[{"name":"a"}]', body
    assert (collector.rows, collector.django_rows) == (1, 0), collector
    connection = connections["default"]
    assert "Traced" in type(connection.connection).__name__
    assert why_not_stock(connection) is None
    assert any("querysets_place" in statement and "SELECT" in statement for statement in statements())


if __name__ == "__main__":
    main()
