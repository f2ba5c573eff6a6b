"""A change of model under a steady load of searches: `python -m bench.model_change [PASSAGES]`.

Searches come from a process of their own, ten a second. Their usual p99 is taken while a worker
embeds as many new documents of another collection, and builds the index of that one: as busy as
the change, whose worker does the same for the next model and is killed twice on the way.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench._site import VAR, machine, site

WORDS = 4000
SENTENCES = 14  # of a document: four or five passages of the first model
KILLS = 2
STAY_SECONDS = 10.0  # after the switch and after the way back
PATIENCE_SECONDS = 1500.0
FAIL = "a search failed, or was slower than twice the usual p99, or rows were lost or doubled"


def word(number: int) -> str:
    return f"w{number:04d}x"


def text(number: int) -> str:
    """A document's text: common words and rare ones."""
    chance = random.Random(number)
    sentences = [
        " ".join(word(int(chance.paretovariate(0.6)) % WORDS) for _ in range(17)) + "."
        for _ in range(SENTENCES)
    ]
    return " ".join(one.capitalize() for one in sentences)


def query(number: int) -> str:
    chance = random.Random(-1 - number)
    return " ".join(word(int(chance.paretovariate(0.6)) % WORDS) for _ in range(3))


def main(passages: int) -> int:
    print(machine())
    with site():
        return measure(passages)


def measure(passages: int) -> int:
    from collections_app import changes

    home, other, model = _collections()
    documents = _fill(home, passages)
    print(f"{documents} documents, {_count(home, home.embedding_model)[1]} passages")
    with _searches(home) as marks:
        with _workers() as start:
            start()
            marks("usual")
            _add(other, documents)
            _until(lambda: _idle() and _indexed(other))
        marks("changing")
        began = time.monotonic()
        change = changes.start(home, model)
        with _workers() as start:
            for kill in range(1, KILLS + 1):
                start()
                _until(lambda kill=kill: _done(change) >= documents * kill / (KILLS + 1))
                start.kill()  # type: ignore[attr-defined]
            start()
            _add(home, 50, documents)
            _until(lambda: _state(change) == "ready" and _idle())
            built = time.monotonic() - began
            marks("switched")
            took = _timed(lambda: changes.switch(change))
            time.sleep(STAY_SECONDS)
            marks("rolled back")
            back = _timed(lambda: changes.roll_back(change))
            time.sleep(STAY_SECONDS)
        marks("end")
    print(f"{KILLS} kills, built in {built:.0f} s, switch {took:.0f} ms, way back {back:.0f} ms")
    good = _counts(home, change, documents + 50)
    return 0 if _report(marks.phases) and good else 1  # type: ignore[attr-defined]


def _collections() -> tuple[Any, Any, Any]:
    from django.contrib.auth.models import User

    from collections_app.models import Collection, EmbeddingModel

    owner = User.objects.create_user("bench")
    fake = {"backend": "fake", "ref": "fake"}
    old = EmbeddingModel.objects.create(name="old", dimension=256, token_limit=64, **fake)
    new = EmbeddingModel.objects.create(name="new", dimension=384, token_limit=40, **fake)
    made = [
        Collection.objects.create(owner=owner, name=name, embedding_model=old)
        for name in ("changing", "other")
    ]
    return made[0], made[1], new


def _add(collection: Any, count: int, first: int = 0) -> None:
    from collections_app.services import Incoming, add_documents

    base = first + 1_000_000 * collection.pk
    items = (Incoming(f"d{n}", body=text(n)) for n in range(base, base + count))
    assert add_documents(collection, items).problems == []


def _fill(home: Any, passages: int) -> int:
    """Documents until there are so many passages; all that workers make of them is made here."""
    from django.conf import settings

    from collections_app import ingest
    from search_app import related
    from search_app.queries import indexes

    count = 0
    while (found := _count(home, home.embedding_model)[1]) < passages:
        more = 200 if not found else round((passages - found) * count / found) + 1
        _add(home, more, count)
        count += more
        ingest.run()
    indexes.maintain(settings.HNSW_THRESHOLD)
    related.refresh(home.pk)  # what folds together costs a search something
    return count


def _idle() -> bool:
    from collections_app.models import Document

    return not Document.objects.exclude(state="ready").exists()


def _indexed(collection: Any) -> bool:
    from django.conf import settings

    from search_app.queries import indexes

    return not [
        one
        for one in indexes.missing(settings.HNSW_THRESHOLD)
        if one.collection_id == collection.pk
    ]


def _done(change: Any) -> int:
    return int(change.shadows.filter(state="done").count())


def _state(change: Any) -> str:
    change.refresh_from_db()
    return str(change.state)


def _until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.1)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _part(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench._change_part", *arguments]
    return subprocess.Popen(command, **options)


class _Start:
    """Starts a worker; `kill` ends it as a machine that fails would."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        self.process = _part("working")

    def kill(self) -> None:
        if self.process:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def _workers() -> Iterator[_Start]:
    start = _Start()
    try:
        yield start
    finally:
        start.kill()


class _Marks:
    """Called when a phase begins; afterwards `phases` has the searches begun in each."""

    def __init__(self) -> None:
        self.times: list[tuple[str, float]] = []
        self.phases: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, phase: str) -> None:
        self.times.append((phase, time.time()))

    def sort(self, lines: list[dict[str, Any]]) -> None:
        for (phase, begin), (_next, end) in zip(self.times, self.times[1:], strict=False):
            self.phases[phase] = [one for one in lines if begin <= one["at"] < end]


@contextmanager
def _searches(collection: Any) -> Iterator[_Marks]:
    out = Path(VAR) / "searches.jsonl"
    out.unlink(missing_ok=True)
    process = _part("searching", str(collection.pk), str(out), stdin=subprocess.PIPE)
    marks = _Marks()
    try:
        _until(lambda: out.exists() and out.read_text().count("\n") >= 20)  # it is warm
        yield marks
    finally:
        process.communicate(b"\n", timeout=60)
    marks.sort([json.loads(line) for line in out.read_text().splitlines()])


def _count(collection: Any, model: Any) -> tuple[int, int, int]:
    """(documents, passages, vectors) under the model."""
    from collections_app.models import Passage, Vector

    passages = Passage.objects.filter(collection=collection, model=model)
    vectors = Vector.objects.filter(passage__in=passages, model=model)
    return passages.values("document").distinct().count(), passages.count(), vectors.count()


def _counts(home: Any, change: Any, documents: int) -> bool:
    from django.db import connection

    good = True
    for model in (change.old, change.new):
        there, passages, vectors = _count(home, model)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) - count(DISTINCT (document_id, start))"
                " FROM collections_app_passage WHERE collection_id = %s AND model_id = %s",
                [home.pk, model.pk],
            )
            doubled = cursor.fetchone()[0] + abs(passages - vectors)
        print(
            f"{model}: {passages} passages of {there} documents, {vectors} vectors;"
            f" {documents - there} lost, {doubled} doubled"
        )
        good = good and there == documents and not doubled
    return good


def _report(phases: dict[str, list[dict[str, Any]]]) -> bool:
    usual = _percentile([one["ms"] for one in phases["usual"]], 0.99)
    print(f"{'phase':<12} searches  errors  empty  p50 ms  p99 ms  slowest  / usual p99")
    good = True
    for phase, lines in phases.items():
        times = [one["ms"] for one in lines]
        errors = sum(bool(one["error"]) for one in lines)
        empty = sum(not one["found"] for one in lines)
        slowest = max(times)
        print(
            f"{phase:<12} {len(lines):>8} {errors:>7} {empty:>6} {_percentile(times, 0.5):>7.1f}"
            f" {_percentile(times, 0.99):>7.1f} {slowest:>8.1f}  {slowest / usual:.2f}"
        )
        if phase != "usual":
            good = good and not errors and slowest <= 2 * usual
    if not good:
        print(FAIL)
    return good


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
