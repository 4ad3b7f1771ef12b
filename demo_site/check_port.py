"""`python -m demo_site.check_port 8000`: end with a sentence if the demo site cannot be served at this port."""

import errno
import socket
import sys


def explain_port(given: str) -> str | None:
    """Return why Django's runserver cannot listen there, and what to do; None if it can.

    `given` is a port, or an address and a port, as runserver takes it.
    """
    host, _, port = given.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        return f"{port!r} is no port: choose a number, as in `make demo PORT=8001`."
    try:
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as runserver's own server
            server.bind((host or "127.0.0.1", int(port)))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"Port {port} is in use: choose another one, as in `make demo PORT={int(port) + 1}`."
        if error.errno == errno.EACCES:
            return f"Port {port} is not allowed to you: choose one above 1023, as in `make demo PORT=8000`."
    return None  # what else may be wrong runserver says itself


if __name__ == "__main__":
    sys.exit(explain_port(sys.argv[1]))
