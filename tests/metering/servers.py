"""Real servers in threads of this process, so that signals can be heard, and a client that may leave."""

import contextlib
import http.client
import socket
import threading
import time
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn
from django.core.asgi import get_asgi_application
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@contextlib.contextmanager
def wsgi():
    """The port of Django's own threaded WSGI server."""
    server = make_server("127.0.0.1", 0, WSGIHandler(), ThreadedWSGIServer, Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def asgi():
    """The port of uvicorn."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            get_asgi_application(), log_level="critical", lifespan="off", timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        end = time.monotonic() + 15
        while not server.started:
            assert thread.is_alive(), "uvicorn has ended"
            assert time.monotonic() < end, "uvicorn did not start"
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def get(port, path):
    """Status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def leave(port, path, size):
    """Reads so many bytes, and leaves."""
    with socket.create_connection(("127.0.0.1", port), 15) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while size > 0:
            part = connection.recv(65536)
            assert part, "the server has hung up"
            size -= len(part)


SERVERS = {"WSGI": wsgi, "ASGI": asgi}
