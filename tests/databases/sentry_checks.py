"""Sentry patches Django's cursors for a whole process: `test_wrappers.py` runs this in one of its own."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")


def main():
    """Raise where a query under Sentry is not native, or where Sentry has not seen it."""
    import sentry_sdk
    from sentry_sdk.integrations.django import DjangoIntegration

    events = []
    sentry_sdk.init(
        dsn="http://key@localhost:1/1",
        traces_sample_rate=1.0,
        integrations=[DjangoIntegration()],
        before_send_transaction=lambda event, hint: events.append(event),
    )
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    import pyforge_web
    from pyforge_web.querysets.backends import why_no_backend, why_not_stock
    from tests.querysets.models import Town

    connection = connections["default"]
    call_command("migrate", run_syncdb=True, verbosity=0)
    with sentry_sdk.start_transaction(name="page"):
        assert pyforge_web.dumps(Town.objects.order_by("pk"), fields=["id", "name"]) == b"[]"
    assert why_no_backend(connection) is None
    assert why_not_stock(connection) is None
    spans = [span["description"] for event in events for span in event["spans"] if span["op"].startswith("db")]
    assert any("querysets_town" in span for span in spans), spans


if __name__ == "__main__":
    main()
