"""`python -m tests.fields_table` writes docs/reference/fields.md from the code; a test holds the two together."""

import os
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "fields.md"
HEAD = """# Field classes and their kinds

This page lists the kind of each field class. The kind decides how the values of a column become JSON:
[QuerySets](querysets.md#field-types) describes what each kind becomes. A class that is not in the table is written
by the type of its values, which its own converters make.

The table is made from `pyforge_web/fields.py` by `python -m tests.fields_table`.

| field class | kind |
|---|---|
"""


def page():
    """The page: a row for each field class that has a kind."""
    from pyforge_web.fields import KINDS, POSTGRES_KINDS

    rows = [(f"{kind.__module__.partition('.fields')[0]}.{kind.__name__}", name) for kind, name in KINDS.items()]
    rows += [(f"django.contrib.postgres.{path.partition('.')[2]}", name) for path, name in POSTGRES_KINDS.items()]
    return HEAD + "".join(f"| `{field}` | {kind} |\n" for field, kind in sorted(rows))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    PAGE.write_text(page())
