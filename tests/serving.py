"""The harness of all tests that need a real server: in a process of its own, or in a thread of this one.

pytest-django's `live_server` serves the settings of this process by WSGI alone. These tests want other settings, ASGI,
a server whose memory can be measured, and a client that leaves in the middle of a body.
"""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn
from django.core.asgi import get_asgi_application
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
_SECONDS = 60
_STARTS = 3


def command(kind: str, port: int) -> list[str]:
    """Give the command that serves the settings of the environment: `runserver`, or uvicorn."""
    if kind == "WSGI":
        return ["django", "runserver", "--noreload", "--skip-checks", f"{HOST}:{port}"]
    application = ["--factory", "django.core.asgi:get_asgi_application"]
    return ["uvicorn", *application, "--port", str(port), "--log-level", "critical", "--lifespan", "off"]


LOGS: dict[int, IO[str]] = {}  # of the running servers, by port: their output says what a 500 was


@contextlib.contextmanager
def process(kind: str, settings: str, ready: str, **environment: str) -> Iterator[int]:
    """Serve a settings module in a process of its own; give the port when the path `ready` is answered."""
    with tempfile.TemporaryFile("w+") as log, contextlib.ExitStack() as stack:
        for _ in range(_STARTS):
            port = find_free_port()
            server = subprocess.Popen(
                [sys.executable, "-m", *command(kind, port)],
                cwd=ROOT,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": settings, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(end_process, server)
            if is_ready(server, f"http://{HOST}:{port}{ready}"):
                break
        else:
            raise AssertionError(f"the server of {settings} does not start:\n{read_log(log)}")
        LOGS[port] = log
        stack.callback(LOGS.pop, port)
        yield port
        assert server.poll() is None, f"the server of {settings} ended with {server.returncode}:\n{read_log(log)}"


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_ready(server: "subprocess.Popen[bytes]", url: str) -> bool:
    """Wait for the first answer. Return False if the server has ended: another process was faster to take the port."""
    end = time.monotonic() + _SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return server.poll() is None  # else the answer is another server's
    return False


def end_process(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def read_log(log: IO[str]) -> str:
    """Give the end of what a server has written."""
    log.seek(0)
    return log.read()[-5_000:]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@contextlib.contextmanager
def wsgi_thread() -> Iterator[int]:
    """Serve this process by Django's threaded WSGI server; give the port. Its signals are heard here."""
    server = make_server(HOST, 0, WSGIHandler(), ThreadedWSGIServer, QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def asgi_thread() -> Iterator[int]:
    """Serve this process by uvicorn; give the port."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        application = get_asgi_application()
        config = uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        end = time.monotonic() + _SECONDS
        while not server.started:
            assert thread.is_alive(), "uvicorn has ended"
            assert time.monotonic() < end, "uvicorn did not start"
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


THREADS = {"WSGI": wsgi_thread, "ASGI": asgi_thread}


def get(port: int, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Give the status, the headers and the body of a response."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def leave(port: int, path: str, size: int) -> None:
    """Read `size` bytes of a response, and leave."""
    with socket.create_connection((HOST, port), 15) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while size > 0:
            part = connection.recv(65536)
            assert part, "the server has hung up"
            size -= len(part)
