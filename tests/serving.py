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
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn
from django.core.asgi import get_asgi_application
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
_SECONDS = 60


def command(kind: str, port: int) -> list[str]:
    """Give the command that serves the settings of the environment: `runserver`, or uvicorn."""
    if kind == "WSGI":
        return ["django", "runserver", "--noreload", "--skip-checks", f"{HOST}:{port}"]
    application = ["--factory", "django.core.asgi:get_asgi_application"]
    return ["uvicorn", *application, "--port", str(port), "--log-level", "critical", "--lifespan", "off"]


@contextlib.contextmanager
def process(kind: str, settings: str, ready: str, **environment: str) -> Iterator[int]:
    """Serve a settings module in a process of its own; give the port when the path `ready` is answered."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", *command(kind, port)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + _SECONDS
        while True:
            assert server.poll() is None, f"the server of {settings} ended with {server.returncode}"
            assert time.monotonic() < end, f"the server of {settings} does not answer"
            try:
                urllib.request.urlopen(f"http://{HOST}:{port}{ready}", timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield port
        assert server.poll() is None, f"the server of {settings} ended with {server.returncode}"
    finally:
        server.terminate()
        server.wait(20)


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
