"""Runs runtests.py of Django with the product in place: `drive MODE[+MODE...] RUNTESTS [arguments of runtests.py]`.

A mode is a function of modes.py, or `name=compare`: then Django's result is the one that counts, and ours is compared.
"""

import os
import runpy
import sys
from pathlib import Path

from tests.django_suite import modes, recording, rows, sql

_INSTALL = {
    "clean": modes.install_clean,
    "full": modes.install_full,
    "json": modes.install_json,
    "query": rows.install_query,
    "response": modes.install_response,
    "script": modes.install_script,
    "sql": sql.install_sql,
}


def main(names, script, *arguments):
    """Install the modes, and become runtests.py."""
    os.chdir(Path(script).parent)
    sys.path.insert(0, str(Path(script).parent))
    recording.install()
    for name in names.split("+") if names != "none" else ():
        mode, _, argument = name.partition("=")
        _INSTALL[mode](argument == "compare")
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
