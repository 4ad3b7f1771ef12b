"""A MariaDB of our own for a run of the tests, or the one that `MARIADB_URL` names (a MySQL server will do too).

The system's binaries are used: `mariadbd` or `mysqld`, beside `mariadb-install-db`. The driver is mysqlclient, or
PyMySQL where `PYFORGE_MYSQL=pymysql` is set, or where mysqlclient is not installed.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

MISSING = "no MariaDB binaries: apt-get install mariadb-server, or set MARIADB_URL to a server"
# A database of the tests holds nothing that must survive a power cut.
FAST = (
    "--skip-networking",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=64M",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
)


def use_driver():
    """Puts PyMySQL into mysqlclient's place where it is wanted or alone there, before Django's engine is imported."""
    if os.environ.get("PYFORGE_MYSQL") != "pymysql" and importlib.util.find_spec("MySQLdb"):
        return
    import pymysql

    pymysql.install_as_MySQLdb()


@contextlib.contextmanager
def server():
    """A running server; gives Django's settings of a connection to it."""
    if url := os.environ.get("MARIADB_URL"):
        yield from_url(url)
        return
    daemon, install = find_program("mariadbd", "mysqld"), find_program("mariadb-install-db", "mysql_install_db")
    if daemon is None or install is None:
        raise FileNotFoundError(MISSING)
    # Directly below /tmp: the path of a socket has a limit of some hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="pfmy-", dir="/tmp"))
    account = unprivileged(folder)
    arguments = [f"--datadir={folder}/data", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
    try:
        subprocess.run(
            [
                install,
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                f"--datadir={folder}/data",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=120,
            **account,
        )
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([daemon, "--no-defaults", *arguments, *FAST], stderr=log, stdout=log, **account)
        try:
            wait_for(folder / "socket", process, folder / "log")
            yield connection(NAME="mysql", USER="root", HOST=f"{folder}/socket")
        finally:
            process.terminate()
            process.wait(60)
    finally:
        shutil.rmtree(folder)


def find_program(*names):
    """The path of the first program that is installed; Debian keeps daemons where users do not look."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def unprivileged(folder):
    """MariaDB refuses to run as root: who it runs as instead, as arguments for `subprocess`."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("mysql" if "mysql" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def wait_for(socket, process, log):
    """Until the server listens; what it logged where it ends before."""
    for _ in range(600):
        if socket.exists():
            return
        if process.poll() is not None:
            raise RuntimeError(f"MariaDB did not start: {log.read_text()}")
        time.sleep(0.1)
    raise RuntimeError(f"MariaDB does not listen: {log.read_text()}")


def connection(**settings):
    return {"ENGINE": "django.db.backends.mysql", **settings}


def from_url(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("mysql", "mariadb"):
        raise ValueError(f"MARIADB_URL must begin with mysql:// or mariadb://, not {parts.scheme}://")
    known = {
        "NAME": parts.path.lstrip("/") or "mysql",
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": urllib.parse.unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }
    return connection(**known)
