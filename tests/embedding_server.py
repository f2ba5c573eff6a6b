"""A server of embeddings on 127.0.0.1 that does what a test tells it to."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from collections_app.encoders.fake import FakeEncoder

Reply = Callable[["Handler", list[str]], None]
DIMENSION = 64


def honest(handler: "Handler", texts: list[str]) -> None:
    """The vectors of the fake encoder, longer than a unit: a server need not normalise."""
    made = 2 * FakeEncoder(DIMENSION, 1000).encode(texts)
    rows = [
        {"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(made.tolist())
    ]
    tokens = sum(len(text.split()) + 2 for text in texts)
    handler.answer({"object": "list", "data": rows, "usage": {"prompt_tokens": tokens}})


def raw(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    """These bytes, whatever was asked."""
    data = body.encode() if isinstance(body, str) else body
    return lambda handler, texts: handler.send(data, status, **headers)


def error(status: int, message: str = "no", code: str = "", **headers: str) -> Reply:
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}})
    return raw(body, status, **headers)


def rows(*vectors: Any, **more: Any) -> Reply:
    """These vectors, in this order, without indexes."""
    return lambda handler, texts: handler.answer(
        {"data": [{"embedding": one} for one in vectors], **more}
    )


def in_turn(*replies: Reply) -> Reply:
    """One after another; the last one from then on."""
    left = list(replies)
    return lambda handler, texts: (left.pop(0) if len(left) > 1 else left[0])(handler, texts)


def refusing(bad: Callable[[list[str]], bool], reply: Reply) -> Reply:
    """`reply` for texts that are bad, the truth for others."""
    return lambda handler, texts: (reply if bad(texts) else honest)(handler, texts)


class Handler(BaseHTTPRequestHandler):
    server: "EmbeddingServer"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(asked)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.paths.append(self.path)
        try:
            self.server.reply(self, asked["input"])
        except OSError:
            self.close_connection = True  # the client went away in the middle

    def do_GET(self) -> None:
        self.answer({"object": "list", "data": self.server.models})

    def answer(self, data: Any) -> None:
        self.send(json.dumps(data).encode(), 200)

    def send(self, data: bytes, status: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class EmbeddingServer(ThreadingHTTPServer):
    """`reply` answers each request for vectors; `models` is its list of models."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply: Reply = honest
        self.models: list[dict[str, Any]] = [{"id": "tiny"}]
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def texts(self) -> list[list[str]]:
        """What was asked, request by request."""
        return [asked["input"] for asked in self.requests]

    def __enter__(self) -> "EmbeddingServer":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
