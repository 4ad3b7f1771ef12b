"""`python -m benchmarks.stream_memory_child SETTINGS`: stream the wide table, print memory, bytes and early rows.

`SETTINGS` are Django's of the database, as JSON; the tables are there already. Early are the rows that were fetched
when the first byte was there.
"""

import json
import os
import sys
from typing import Any


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()
    from benchmarks import databases
    from benchmarks.memory_child import grown
    from benchmarks.models import Wide
    from pyforge_web import PyForgeStreamingResponse

    databases.use({"child": json.loads(sys.argv[1])})
    rows = Wide.objects.using("child").order_by("pk")
    b"".join(PyForgeStreamingResponse(rows[:3_000]))  # imports, connects, prepares
    early = 0

    def stream() -> Any:
        nonlocal early
        parts = iter(PyForgeStreamingResponse(rows))
        first = next(parts)
        early = first.count(b"\n")
        return range(len(first) + sum(map(len, parts)))  # its length is the number of bytes

    print(json.dumps([*grown(stream), early]))


if __name__ == "__main__":
    main()
