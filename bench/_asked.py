"""The site's web process as `bench.asking` asks it, a slow chat server, and clients.

`application` is the site: each question is encoded by the embedded model, for the time that takes,
and then has the vector kept for it, which lies where those of the made-up passages do. A header
says for how long passages were looked for.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench._site import ROOT

SEARCHED = "X-Searched-Ms"
STATE = threading.local()


class Chat(ThreadingHTTPServer):
    """Gives `tokens` words, one each `pause` seconds, and remembers when each answer's first one
    was sent: `sent` by the number in the question."""

    daemon_threads = True
    request_queue_size = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Reply)
        self.tokens, self.pause = 3, 0.02
        self.sent: dict[str, float] = {}
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Reply(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = asked["messages"][-1]["content"].rsplit("Question: ", 1)[1].strip()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            place = -1
            while (place := place + 1) < self.server.tokens:
                time.sleep(self.server.pause)
                if place == 0:
                    self.server.sent[question] = time.monotonic()
                self._say({"content": f"word{place} "}, None)
            self._say({}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            return  # the site hung up

    def _say(self, delta: dict[str, str], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class Asker:
    """One connection, as a user whose token this is."""

    def __init__(self, port: int, token: str, collection: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self.connection.connect()
        # What is written in two packets would else wait 40 ms for the first one's receipt.
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.collection = collection

    def search(self, text: str) -> None:
        address = f"/api/search/?q={text.replace(' ', '+')}&collection={self.collection}&limit=10"
        self.connection.request("GET", address, headers=self.headers)
        answer = self.connection.getresponse()
        assert json.loads(answer.read())["hits"], answer.status

    def ask(self, text: str, **more: Any) -> tuple[str, float]:
        """The question's number, and the milliseconds that its passages were looked for."""
        wanted = {"question": text, "collection": self.collection, "wait": False} | more
        self.connection.request("POST", "/api/questions/", json.dumps(wanted), self.headers)
        answer = self.connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 201, body
        assert body["citations"], body
        return body["id"], float(answer.headers[SEARCHED])

    def stream(self, number: str) -> Iterator[tuple[str, float]]:
        """The names of the events, each with when it came."""
        address = f"/api/questions/{number}/stream/"
        self.connection.request("GET", address, headers=self.headers)
        answer = self.connection.getresponse()
        for line in _lines(answer):
            if line.startswith(b"event: "):
                yield line[7:].decode().strip(), time.monotonic()
            elif line.startswith(b": busy"):
                yield "busy", time.monotonic()


def _lines(answer: HTTPResponse) -> Iterator[bytes]:
    while line := answer.readline():
        yield line


@contextmanager
def web(user: Any, chat: Chat, file: Path) -> Iterator[tuple[int, str]]:
    """The port and a token: one process with the threads that `runsite` gives it."""
    from collections_app.services import create_token
    from embedsite.runner.supervisor import WEB

    _row, token = create_token(user, f"bench {secrets.token_hex(3)}", "write")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = WEB.format(port=port).replace("embedsite.wsgi", "bench._asked:application").split()
    ours = {"BENCH_ASKED": str(file), "CHAT_BASE_URL": chat.url, "CHAT_MODEL": "bench"}
    ours |= {"THROTTLE_ASK": "1000000/min", "ALLOWED_HOSTS": "127.0.0.1"}
    command = [sys.executable, "-m", *words, "--log-level", "warning"]
    server = subprocess.Popen(command, env=os.environ | ours, cwd=ROOT)
    try:
        _wait(port, server)
        yield port, token
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int, server: subprocess.Popen) -> None:
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert server.poll() is None, "The web server did not start."
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("The web server does not answer.")


def _site(file: Path) -> Any:
    import numpy as np

    from embedsite.wsgi import application as site  # isort: skip - it sets Django up

    from collections_app import vectors
    from rag_app.answer import finding

    data = np.load(file)
    known = dict(zip(data["texts"].tolist(), data["vectors"], strict=True))
    encode, look = vectors.embed_query, finding.passages

    def embed_query(model: Any, text: str) -> Any:
        encode(model, text)
        return known[text]

    def passages(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return look(*given, **named)
        finally:
            STATE.searched = getattr(STATE, "searched", 0.0) + time.perf_counter() - began

    vectors.embed_query, finding.passages = embed_query, passages

    def application(environ: Any, start_response: Any) -> Any:
        STATE.searched = 0.0

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told = (SEARCHED, f"{1000 * STATE.searched:.3f}")
            return start_response(status, [*headers, told], *more)

        return site(environ, start)

    return application


if kept := os.environ.get("BENCH_ASKED"):
    sys.path.insert(0, str(ROOT))
    application = _site(Path(kept))
