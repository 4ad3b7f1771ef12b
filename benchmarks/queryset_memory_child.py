"""`python -m benchmarks.queryset_memory_child SETTINGS CONTESTANT`: encode the wide table once, print memory and bytes.

`SETTINGS` are Django's of the database, as JSON; the tables are there already.
"""

import json
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()
    from benchmarks import databases
    from benchmarks.memory_child import grown
    from benchmarks.models import Wide
    from benchmarks.row_peers import contestants

    settings, name = sys.argv[1:]
    databases.use({"child": json.loads(settings)})
    rows = Wide.objects.using("child").order_by("pk")
    few, all_rows = (
        next(peer for peer in contestants(queryset, None) if peer.name == name)
        for queryset in (lambda: rows[:5], rows.all)
    )
    few.encode(None)  # imports, connects, prepares
    print(json.dumps(grown(lambda: all_rows.encode(None))))


if __name__ == "__main__":
    main()
