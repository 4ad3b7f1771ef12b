"""Signals."""

from django.dispatch import Signal

# Sent by `PyForgeMiddleware` once for each request, after the body of a stream, with `request`, `response` and
# `collector`, the open `metering.Collector` of the request.
request_metered = Signal()
