"""Differences from Django that are meant, each with its reason."""

import re

# The kind of comparison or "test", the id of the suite's test, a text in what was recorded, the reason.
EXPECTED = (
    (
        "test",
        r"test_json_script\.JsonScriptTests\.test_basic",
        "u0027",
        "pyforge_json writes compact JSON, and escapes quotes so that the element may stand in an attribute.",
    ),
    ("test", "test_crafted_xml_performance", "assertFactor", "It compares two times, which a busy machine shifts."),
    (
        "response|test",
        r"httpwrappers\.tests\.JsonResponseTests",
        "json_dumps_params|raw UTF-8|separators",
        "Responses are compact and raw UTF-8; DJANGO_BYTES gives Django's bytes.",
    ),
)


def find_reason(kind, test, text):
    """Return why a difference is expected; None if it is not."""
    for kinds, tests, texts, reason in EXPECTED:
        if re.search(kinds, kind) and re.search(tests, test) and re.search(texts, text):
            return reason
    return None
