"""Queries whose vectors are at hand, and the site's own web process that answers them.

`application` is what the web server of a measurement runs: the site, with the vectors of the
queries in the place of an encoder, which has its own measurement.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import psutil

from bench._site import VAR, peak_mb

FILE = VAR / "queries.npz"


def chosen(corpus, count: int, words: int = 3) -> dict[str, np.ndarray]:
    """Queries of some words, each with a vector that lies where those of passages do."""
    near = corpus.vectors(count) + corpus.chosen.normal(size=(count, 384)).astype(np.float32) * 0.02
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    return dict(zip([corpus.query(words) for _ in range(count)], near, strict=True))


def keep(queries: dict[str, np.ndarray]) -> None:
    np.savez(FILE, texts=np.array(list(queries)), vectors=np.array(list(queries.values())))
    use()


def use(file: Path = FILE) -> None:
    """From now on this process takes the kept vectors for those of queries."""
    from collections_app import vectors

    data = np.load(file)
    known = dict(zip(data["texts"].tolist(), data["vectors"], strict=True))
    vectors.embed_query = lambda _model, text: known[text]


class Client:
    """One connection that is kept open, as those of a reverse proxy are."""

    def __init__(self, port: int, token: str, server: subprocess.Popen) -> None:
        self.server = server
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, path: str, **parameters) -> dict:
        self.connection.request("GET", f"{path}?{urlencode(parameters)}", headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:500]
        return json.loads(body)

    def peak_mb(self) -> int:
        """The most memory that the process which answers had."""
        return max(peak_mb(one.pid) for one in psutil.Process(self.server.pid).children())


@contextmanager
def web(user) -> Iterator[Client]:
    """The site behind a web server of one process, as a token of this user asks it."""
    from collections_app.services import create_token

    _row, token = create_token(user, f"bench {secrets.token_hex(3)}", "read")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "bench._queries:application"]
    command += ["-b", f"127.0.0.1:{port}", "--workers", "1", "--threads", "2"]
    command += ["--worker-class", "gthread", "--keep-alive", "60", "--log-level", "warning"]
    # This module takes numpy before embedsite.wsgi could tell it, as it does elsewhere.
    environment = {"BENCH_QUERIES": str(FILE), "OPENBLAS_NUM_THREADS": "1"}
    server = subprocess.Popen(command, env=os.environ | environment)
    try:
        yield _answering(Client(port, token, server))
    finally:
        server.terminate()
        server.wait()


def _answering(client: Client) -> Client:
    for _ in range(150):
        try:
            client.connection.connect()
        except ConnectionRefusedError:
            assert client.server.poll() is None, "The web server did not start."
            time.sleep(0.2)
        else:
            return client
    raise RuntimeError("The web server does not answer.")


if kept := os.environ.get("BENCH_QUERIES"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from embedsite.wsgi import application as site

    use(Path(kept))
    application = site
