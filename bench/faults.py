"""What is lost, embedded twice or half-written when things break: python -m bench.faults [COUNT]

A real site (worker, beat, PostgreSQL, Redis, each a process) embeds COUNT documents under each
fault in turn, with the fake encoder, which notes every text it is given. A text may only be
encoded again where the process that had it first was killed, halted or cut off from the database
while it was in the encoder ("in encoder") or encoded and not yet committed ("uncommitted"): these
are counted apart. The answer is a table; the exit status is 1 if a single document went wrong.
"""

import hashlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedsite.servers import processes
from tests.embedsite.conftest import clear
from tests.embedsite.fault_site import Site

COUNT = 300  # documents under each fault: more than one claim
PATIENCE = 120  # seconds until all documents of a fault must have come to an end
SETUP = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_celery_beat.models import IntervalSchedule
from collections_app import services
from tests.embedsite.watched_worker import DEADLY
from tests.factories import EmbeddingModelFactory
IntervalSchedule.objects.update(every=1)
for name in {names}:
    made = services.create_collection(services.operator(), name, model=EmbeddingModelFactory())
    services.pause(made)
    texts = [f"{{name}}, document number {{n}}." for n in range({count})]
    if name == "deadly file":
        texts[{count} // 2] += " " + DEADLY
    if name != "disk full":
        items = [services.Incoming(str(n), body=text) for n, text in enumerate(texts)]
        services.add_documents(made, items)
"""
# The second time there is room. Writing to /dev/full fails as writing to a full disk does.
UPLOAD = """
import os, tempfile
from pathlib import Path
from collections_app import services, storage
from collections_app.models import Blob, Collection
def full():
    path = Path(tempfile.mkdtemp()) / "file"
    path.symlink_to("/dev/full")
    return path
collection = Collection.objects.get(name="disk full")
folder = Path(tempfile.mkdtemp())
for n in range({count}):
    (folder / str(n)).write_text(f"disk full, document number {{n}}.")
files = [services.NamedPath(folder / str(n), str(n)) for n in range({count})]
real, storage._temporary_file = storage._temporary_file, full
told = {{problem.message for problem in services.add_files(collection, files).problems}}
assert told == {{storage.no_room()}}, told
assert not Blob.objects.exists() and not collection.documents.exists()
storage._temporary_file = real
assert services.add_files(collection, files).problems == []
"""
COUNTS = """
SELECT count(*), count(*) FILTER (WHERE state = 'ready'),
    count(*) FILTER (WHERE state = 'set_aside'),
    count(*) FILTER (WHERE (state = 'ready') <> (passages = 1 AND vectors = 1 AND postings > 0)
        OR (state <> 'ready' AND passages + vectors + postings > 0)),
    coalesce(sum(greatest(vectors - 1, 0)), 0)
FROM (
    SELECT document.id, document.state, count(DISTINCT passage.id) AS passages,
        count(DISTINCT vector.id) AS vectors, count(DISTINCT posting.term) AS postings
    FROM collections_app_document document
    JOIN collections_app_collection collection ON collection.id = document.collection_id
    LEFT JOIN collections_app_passage passage ON passage.document_id = document.id
    LEFT JOIN collections_app_vector vector ON vector.passage_id = passage.id
    LEFT JOIN (
        SELECT term, first + ('x' || encode(substr(data, 8 * n + 1, 4), 'hex'))::bit(32)::int
            AS passage_id
        FROM collections_app_postinglist list, generate_series(0, list.count - 1) n
    ) posting ON posting.passage_id = passage.id
    WHERE collection.name = '{name}'
    GROUP BY document.id
) counted
"""
TAKEN = """
SELECT count(*) FILTER (WHERE attempts = 1 AND claim_token IS NULL) > 0
    AND count(*) FILTER (WHERE attempts > 1 AND claim_token IS NOT NULL) > 0
FROM collections_app_document document
JOIN collections_app_collection collection ON collection.id = document.collection_id
WHERE collection.name = '{name}' AND state = 'queued'
"""
LEFT = """
SELECT count(*) FROM collections_app_document document
JOIN collections_app_collection collection ON collection.id = document.collection_id
WHERE collection.name = '{name}' AND state = 'queued'
"""


@dataclass
class Outcome:
    """What became of the documents under one fault."""

    name: str
    documents: int
    ready: int
    set_aside: int
    lost: int
    twice: int
    half: int
    in_encoder: int  # texts encoded again, rightly: their process was broken while at them,
    uncommitted: int  # or before it could commit their vectors
    seconds: float
    expected_aside: int

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.twice or self.half) or self.set_aside != self.expected_aside


class Scene:
    """The site under one fault; `interrupted` are texts whose worker lost the database."""

    def __init__(self, site: Site, name: str, count: int) -> None:
        self.site = site
        self.name = name
        self.count = count
        self.victims: set[int] = set()
        self.interrupted: set[str] = set()

    def go(self) -> None:
        self.site.ask(
            f"UPDATE collections_app_collection SET paused = false WHERE name = '{self.name}'"
            " RETURNING id"
        )

    def left(self) -> int:
        [(count,)] = self.site.ask(LEFT.format(name=self.name))
        return count

    def finish(self) -> None:
        """Wait until no document waits any more."""
        done = processes.wait_until(lambda: self.left() == 0, PATIENCE, pause=0.2)
        assert done, self.site.log_end()

    def victim(self) -> int:
        """Wait for the child that comes to the fault; its number."""
        file = Path(f"{self.site.notes}.fault")
        assert processes.wait_until(lambda: file.exists() and file.read_text(), PATIENCE)
        pid = int(file.read_text())
        self.victims.add(pid)
        return pid


def stage(point: str) -> Callable[[Scene], None]:
    def killed(scene: Scene) -> None:
        scene.site.start_worker(0.001, EMBEDSITE_FAULT=f"KILL:{point}")
        scene.go()
        scene.victim()
        scene.finish()

    return killed


def halted(point: str, back: Callable[[Scene], None] = Scene.finish) -> Callable[[Scene], None]:
    """A child is halted until all its documents were done by others, or `back` says so, and
    then goes on."""

    def stopped(scene: Scene) -> None:
        scene.site.start_worker(0.001, EMBEDSITE_FAULT=f"STOP:{point}")
        scene.go()
        pid = scene.victim()
        back(scene)
        os.kill(pid, signal.SIGCONT)
        scene.finish()
        time.sleep(2)  # for its late word

    return stopped


def taken_over(scene: Scene) -> None:
    """Until what the halted child holds is others' to take, and they are at it."""
    began = TAKEN.format(name=scene.name)
    assert processes.wait_until(lambda: scene.site.ask(began) == [(True,)], PATIENCE)


def worker_killed(scene: Scene) -> None:
    worker = scene.site.start_worker(0.01)
    scene.go()
    scene.site.wait_for_a_batch_in_flight()
    scene.victims |= {child.pid for child in psutil.Process(worker.pid).children(recursive=True)}
    scene.site.kill(worker)
    scene.site.start_worker(0.001)
    scene.finish()


def redis_emptied(scene: Scene) -> None:
    scene.site.start_worker(0.01)
    scene.go()
    scene.site.wait_for_a_batch_in_flight()
    broker = scene.site.broker
    psutil.Process(processes.from_pid_file(broker.pid_file)).kill()
    shutil.rmtree(broker.data)
    assert processes.wait_until(lambda: not broker.is_up(), 10)
    scene.site.lease.restart_dead()
    scene.finish()


def postgres_restarted(scene: Scene) -> None:
    scene.site.start_worker(0.01)
    scene.go()
    scene.site.wait_for_a_batch_in_flight()
    held = scene.site.ask("SELECT body FROM collections_app_document WHERE claim_token IS NOT NULL")
    scene.interrupted = {hashlib.sha256(body.encode()).hexdigest() for [body] in held}
    scene.site.database.stop()
    scene.site.lease.restart_dead()
    scene.finish()


def disk_full(scene: Scene) -> None:
    scene.site.manage(UPLOAD.format(count=scene.count))
    scene.site.start_worker(0.001)
    scene.go()
    scene.finish()


def duplicates(scene: Scene) -> None:
    """Two workers, and each message some fifty times."""
    for _ in range(2):
        scene.site.start_worker(0.005)
    scene.go()
    call = "from collections_app.tasks import embed_pending, sweep\n"
    scene.site.manage(call + "for _ in range(50): embed_pending.delay(); sweep.delay()")
    scene.finish()


def deadly_file(scene: Scene) -> None:
    scene.site.start_worker(0.001)
    scene.go()
    scene.finish()


def clock(seconds: int) -> Callable[[Scene], None]:
    def moved(scene: Scene) -> None:
        scene.site.start_worker(0.001, EMBEDSITE_AHEAD=str(seconds))
        scene.go()
        scene.finish()

    return moved


FAULTS: dict[str, Callable[[Scene], None]] = {
    "killed after claiming": stage("claim"),
    "killed while reading": stage("read"),
    "killed while encoding": stage("encode"),
    "killed before the commit": stage("before_commit"),
    "killed after the commit": stage("after_commit"),
    "whole worker killed": worker_killed,
    "halted after claiming": halted("claim"),
    "halted while reading": halted("read"),
    "halted while encoding": halted("encode"),
    "halted, back amid others": halted("encode", taken_over),
    "halted in its commit": halted("before_commit"),
    "deadly file": deadly_file,
    "Redis emptied": redis_emptied,
    "PostgreSQL restarted": postgres_restarted,
    "disk full": disk_full,
    "two workers, duplicates": duplicates,
    "clock two hours ahead": clock(7200),
    "clock two hours behind": clock(-7200),
}


def run(site: Site, names: list[str], count: int) -> Iterator[Outcome]:
    """Each fault by itself on a site that is set up for all of them."""
    site.manage(SETUP.format(names=names, count=count))
    site.start_beat()
    for name in names:
        scene, began = Scene(site, name, count), time.monotonic()
        known = len(site.calls())
        workers = len(site.running)
        FAULTS[name](scene)
        yield _outcome(scene, known, time.monotonic() - began)
        for worker in site.running[workers:]:
            site.kill(worker)
        Path(f"{site.notes}.fault").unlink(missing_ok=True)


def _outcome(scene: Scene, known: int, seconds: float) -> Outcome:
    [(rows, ready, aside, half, vectors)] = scene.site.ask(COUNTS.format(name=scene.name))
    repeated = _repeated(scene, scene.site.calls()[known:])
    return Outcome(
        scene.name,
        rows,
        ready,
        aside,
        lost=scene.count - ready - aside,
        twice=repeated["wrongly"] + vectors,
        half=half,
        in_encoder=repeated["in encoder"],
        uncommitted=repeated["uncommitted"],
        seconds=seconds,
        expected_aside=int(scene.name == "deadly file"),
    )


def _repeated(scene: Scene, calls: list[tuple[str, int, str]]) -> Counter[str]:
    """How many texts were encoded again, by the reason."""
    found: Counter[str] = Counter()
    last: dict[str, int] = {}
    done: set[tuple[str, int]] = set()
    for digest, pid, what in calls:
        if what == "done":
            done.add((digest, pid))
            continue
        before = last.get(digest)
        if before is not None:
            gone = before in scene.victims or not psutil.pid_exists(before)
            right = gone or digest in scene.interrupted
            reached = "uncommitted" if (digest, before) in done else "in encoder"
            found[reached if right else "wrongly"] += 1
        last[digest] = pid
    return found


@contextmanager
def made_site() -> Iterator[Site]:
    var = Path(tempfile.mkdtemp(prefix="embedsite faults "))
    var.chmod(0o711)
    site = Site(var)
    try:
        yield site
    finally:
        site.stop()
        clear(var)


def main(count: int) -> int:
    sys.stdout.reconfigure(line_buffering=True)
    line = "{:<26}{:>10}{:>7}{:>10}{:>6}{:>7}{:>6}{:>12}{:>13}{:>9}"
    words = ("fault", "documents", "ready", "set aside", "lost", "twice", "half")
    print(line.format(*words, "in encoder", "uncommitted", "seconds"))
    outcomes = []
    with made_site() as site:
        for one in run(site, list(FAULTS), count):
            outcomes.append(one)
            figures = (one.documents, one.ready, one.set_aside, one.lost, one.twice, one.half)
            figures += (one.in_encoder, one.uncommitted)
            print(line.format(one.name, *figures, f"{one.seconds:.1f}"))
    total = sum(one.documents for one in outcomes)
    bad = [one.name for one in outcomes if one.bad]
    print(f"\n{total:,} documents under {len(outcomes)} faults; went wrong: {bad or 'none'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
