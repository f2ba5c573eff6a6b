"""What the database costs when 100,000 short rows come in: python -m bench.rows [ROWS] [WORKERS]

The rows go the whole way (add, claim, read, encode, commit) with an encoder that costs next to
nothing, while another process keeps searching. Then the very same rows of the four tables go
into the emptied tables by binary COPY: the peer. The target is a third of its speed.
"""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench._site import machine, median, peak_mb, seconds, site

ROWS = 100_000
WORKERS = 2  # as the site has
DIMENSION = 384
TARGET = 3.0
TABLES = ("document", "passage", "vector", "postinglist")
WORDS = 20_000  # different ones; few are frequent and most are rare, as in real text
SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
QUERY_PAUSE = 0.2


def main(rows: int, workers: int) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    with site():
        print(f"Machine: {machine()}")
        ours, searches, memory = _ours(rows, workers)
        print(f"Whole ingest of {rows:,} rows: {ours:.1f} s, {rows / ours:,.0f} rows/s")
        print(f"  largest memory: this process, which adds and searches, {memory[0]} MB")
        print(f"  largest memory: {workers} worker(s), {', '.join(map(str, memory[1:]))} MB")
        print(f"  {len(searches)} searches meanwhile: p50 {1000 * median(searches):.0f} ms")
        peer = _peer()
        print(f"Binary COPY of the same rows: {peer:.1f} s, {rows / peer:,.0f} rows/s")
        print(f"Ratio {ours / peer:.2f} (target {TARGET})")


def _ours(rows: int, workers: int) -> tuple[float, list[float], list[int]]:
    """Seconds until all are ready, seconds of each search, and megabytes of each process."""
    collection = _collection()
    running = [_worker() for _ in range(workers)]
    for one in running:
        one.stdout.readline()  # it has started
    searches, stop = [], threading.Event()
    searcher = threading.Thread(target=_search, args=(collection, searches, stop))
    searcher.start()
    taken = seconds(lambda: _fill(collection, rows))
    stop.set()
    searcher.join()
    memory = [peak_mb(os.getpid()), *(peak_mb(one.pid) for one in running)]
    for one in running:
        one.terminate()
        one.wait()
    return taken, searches, memory


def _fill(collection, rows: int) -> None:
    """Add them all and wait until they are ready."""
    from collections_app import services

    draw = random.Random(0)
    items = (services.Incoming(f"row-{n}", body=_row(draw)) for n in range(rows))
    result = services.add_documents(collection, items)
    assert len(result.added) == rows
    while collection.documents.filter(state="queued").exists():
        time.sleep(0.2)
    assert collection.documents.filter(state="ready").count() == rows


def _row(draw: random.Random) -> str:
    return " ".join(_word(int(draw.random() ** 3 * WORDS)) for _ in range(12))


def _word(number: int) -> str:
    """A word of syllables, a different one for each number."""
    word = ""
    while number or not word:
        number, syllable = divmod(number, len(SYLLABLES))
        word += SYLLABLES[syllable]
    return word


def _search(collection, taken: list[float], stop: threading.Event) -> None:
    from django.db import connection

    from search_app.search import search

    draw = random.Random(1)
    while not stop.wait(QUERY_PAUSE):
        query = " ".join(_row(draw).split()[:4])
        taken.append(seconds(lambda query=query: search(collection.owner, query)))
    connection.close()


def _collection():
    from django.contrib.auth.models import User

    from collections_app.models import EmbeddingModel
    from collections_app.services import create_collection

    model = EmbeddingModel.objects.create(
        name="quick", backend="fake", ref="fake", dimension=DIMENSION
    )
    return create_collection(User.objects.create_superuser("bench"), "rows", model=model)


def _worker() -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.rows", "--work"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def work() -> None:
    """A worker's process: embeds whatever waits until it is ended."""
    import django

    django.setup()
    import numpy as np

    from collections_app import ingest, vectors

    class Quick:
        """Vectors of chance: what an encoder gives, without its work."""

        _draw = np.random.default_rng(0)

        def encode(self, texts):
            made = self._draw.standard_normal((len(texts), DIMENSION), np.float32)
            return made / np.linalg.norm(made, axis=1, keepdims=True)

    vectors.encoder = lambda model: Quick()
    print("ready", flush=True)
    while True:
        if not ingest.run():
            time.sleep(0.05)


def _peer() -> float:
    """Seconds for the rows to go by binary COPY into the emptied tables, in one transaction."""
    from django.db import connection, transaction

    with tempfile.TemporaryDirectory() as folder, connection.cursor() as cursor:
        paths = {name: Path(folder) / name for name in TABLES}
        for name, path in paths.items():
            with path.open("wb") as file, cursor.copy(_copy(name, "TO STDOUT")) as copy:
                for block in copy:
                    file.write(block)
        names = ", ".join(f"collections_app_{name}" for name in TABLES)
        cursor.execute(f"TRUNCATE {names} CASCADE")

        def load() -> None:
            with transaction.atomic():
                for name, path in paths.items():
                    with path.open("rb") as file, cursor.copy(_copy(name, "FROM STDIN")) as copy:
                        while block := file.read(1 << 20):
                            copy.write(block)

        return seconds(load)


def _copy(name: str, direction: str) -> str:
    return f"COPY collections_app_{name} {direction} (FORMAT BINARY)"


if __name__ == "__main__":
    if "--work" in sys.argv:
        work()
    else:
        numbers = [int(word) for word in sys.argv[1:]]
        main(*(numbers + [ROWS, WORKERS][len(numbers) :]))
