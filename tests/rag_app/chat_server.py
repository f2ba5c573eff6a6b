"""A chat server on 127.0.0.1 that does what a test tells it to."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


def delta(text: str, finish: str | None = None) -> str:
    """One event of a streamed answer."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


def streamed(*pieces: str, end: str = "data: [DONE]\n\n") -> Reply:
    body = "".join([*(delta(piece) for piece in pieces), delta("", "stop") if end else "", end])
    return raw(body, "text/event-stream; charset=utf-8")


def whole(text: str) -> Reply:
    reply = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
    return raw(json.dumps(reply), "application/json")


def raw(body: str | bytes, media_type: str, status: int = 200, **headers: str) -> Reply:
    data = body.encode() if isinstance(body, str) else body

    def reply(handler: "Handler") -> None:
        handler.begin(status, media_type, **headers)
        handler.wfile.write(data)

    return reply


class Handler(BaseHTTPRequestHandler):
    server: "ChatServer"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.requests.append(json.loads(self.rfile.read(length)))
        self.server.headers.append(dict(self.headers))
        self.server.paths.append(self.path)
        try:
            self.server.reply(self)
        except OSError:
            self.server.left.set()  # the client went away in the middle

    def begin(self, status: int, media_type: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class ChatServer(ThreadingHTTPServer):
    """`reply` answers each request; `go` lets a reply wait for the test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply: Reply = streamed("Hello", " there [1].")
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.go = threading.Event()
        self.left = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "ChatServer":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.go.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
