"""A web server on 127.0.0.1 that does what a test tells it to."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


def page(
    body: str | bytes, media_type: str = "text/html", status: int = 200, **headers: str
) -> Reply:
    """A whole answer; `_` in a header's name stands for `-`."""
    data = body.encode() if isinstance(body, str) else body

    def reply(handler: "Handler") -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def redirect(location: str, status: int = 302) -> Reply:
    return page("", status=status, Location=location)


def tagged(body: str, tag: str, media_type: str = "text/html") -> Reply:
    """An answer with an ETag, or 304 to who has it."""

    def reply(handler: "Handler") -> None:
        if handler.headers.get("If-None-Match") == tag:
            page("", status=304, ETag=tag)(handler)
        else:
            page(body, media_type, ETag=tag)(handler)

    return reply


class Handler(BaseHTTPRequestHandler):
    server: "WebServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        try:
            self.server.pages.get(self.path, page("Not here.", status=404))(self)
        except OSError:
            self.server.left.set()  # the client went away in the middle
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class WebServer(ThreadingHTTPServer):
    """`pages` has the replies by path; `asked` and `headers` are what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Reply] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.left = threading.Event()
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "WebServer":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
