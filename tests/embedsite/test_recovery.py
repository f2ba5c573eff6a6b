"""Nothing is lost and nothing embedded twice when worker, Redis and PostgreSQL die in turn."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter

import psutil
import psycopg
import pytest

from embedsite.servers import paths, processes
from embedsite.servers.lease import Lease
from tests.embedsite.conftest import environment

pytestmark = pytest.mark.slow

DOCUMENTS = 400
IN_FLIGHT = 2 * 64  # two children of the worker, each with a claim of 64 documents
SETUP = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_celery_beat.models import IntervalSchedule
from collections_app import services
from tests.factories import EmbeddingModelFactory
IntervalSchedule.objects.update(every=1)
collection = services.create_collection(
    services.operator(), "Numbers", model=EmbeddingModelFactory()
)
services.add_documents(
    collection,
    [services.Incoming(f"n{{n}}", body=f"The number {{n}}.") for n in range({DOCUMENTS})],
)
"""


class Site:
    """A worker, a beat and the embedded servers, in processes of their own."""

    def __init__(self, var):
        self.var = var
        self.notes = var / "encoded"
        self.environment = environment(var, LEASE_SECONDS="3")
        self.lease = Lease(var, redis=True)
        self.lease.take()
        self.database, self.broker = self.lease._wanted
        self.running = []

    def manage(self, script):
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
        subprocess.run(command, env=self.environment, check=True, timeout=120)

    def start(self, *command):
        log = (self.var / "log" / "processes.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.running.append(process)
        return process

    def start_worker(self):
        words = ["-A", "embedsite", "worker", "--concurrency", "2", "--loglevel", "info"]
        words += ["--without-gossip", "--without-mingle"]
        watched = "tests.embedsite.watched_worker"
        return self.start(watched, str(self.notes), "0.02", *words)

    def start_beat(self):
        return self.start("celery", "-A", "embedsite", "beat", "--pidfile=", "--max-interval", "1")

    def encoded(self):
        return self.notes.read_text().split() if self.notes.exists() else []

    def ask(self, query):
        entry = paths.database(self.var)
        with psycopg.connect(
            host=entry["HOST"],
            user=entry["USER"],
            dbname=entry["NAME"],
            password=entry["PASSWORD"],
        ) as connection:
            return connection.execute(query).fetchall()

    def ready(self):
        [(count,)] = self.ask("SELECT count(*) FROM collections_app_document WHERE state = 'ready'")
        return count

    def committed(self):
        return {row[0] for row in self.ask("SELECT content_hash FROM collections_app_vector")}

    def wait_for(self, count):
        reached = processes.wait_until(lambda: self.ready() >= count, 60, pause=0.1)
        assert reached, (self.var / "log" / "processes.log").read_text()[-4000:]

    def wait_for_a_batch_in_flight(self):
        assert processes.wait_until(lambda: len(set(self.encoded()) - self.committed()) > 0, 30)

    def stop(self):
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.lease.give_back()


@pytest.fixture
def site(var):
    site = Site(var)
    yield site
    site.stop()


def test_every_document_is_embedded_once_whatever_dies(site):
    site.manage(SETUP)
    worker = site.start_worker()
    site.start_beat()

    site.wait_for(50)
    site.wait_for_a_batch_in_flight()
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    interrupted = set(site.encoded()) - site.committed()
    assert 0 < len(interrupted) <= IN_FLIGHT

    before = site.ready()
    site.start_worker()
    site.wait_for(before + 20)
    psutil.Process(processes.from_pid_file(site.broker.pid_file)).kill()
    shutil.rmtree(site.broker.data)
    assert processes.wait_until(lambda: not site.broker.is_up(), 10)
    assert site.lease.restart_dead() == ["Redis"]

    before = site.ready()
    site.wait_for(min(before + 20, DOCUMENTS))
    committed = site.committed()
    site.database.stop()
    interrupted |= set(site.encoded()) - committed
    assert site.lease.restart_dead() == ["Postgres"]

    site.wait_for(DOCUMENTS)
    assert site.ask("SELECT state, count(*) FROM collections_app_document GROUP BY state") == [
        ("ready", DOCUMENTS)
    ]
    assert site.ask(
        "SELECT count(DISTINCT passage.document_id), count(DISTINCT passage.id),"
        " count(vector.id), count(DISTINCT vector.content_hash)"
        " FROM collections_app_passage passage"
        " JOIN collections_app_vector vector ON vector.passage_id = passage.id"
    ) == [(DOCUMENTS, DOCUMENTS, DOCUMENTS, DOCUMENTS)]
    calls = Counter(site.encoded())
    assert set(calls) == site.committed()
    again = {digest for digest, count in calls.items() if count > 1}
    assert again <= interrupted
