"""Nothing is lost and nothing embedded twice when worker, Redis and PostgreSQL die in turn."""

import shutil
from collections import Counter

import psutil
import pytest

from embedsite.servers import processes
from tests.embedsite.fault_site import Site

pytestmark = pytest.mark.slow

DOCUMENTS = 1200
IN_FLIGHT = 2 * 2 * 256  # two children of the worker, each with two claims on their way
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


@pytest.fixture
def site(var):
    # A heartbeat may be late on a busy machine; workers that die are missed at once all the same.
    site = Site(var, LEASE_SECONDS="20")
    yield site
    site.stop()


def test_every_document_is_embedded_once_whatever_dies(site):
    site.manage(SETUP)
    worker = site.start_worker()
    site.start_beat()

    site.wait_for(50)
    site.wait_for_a_batch_in_flight()
    site.kill(worker)
    interrupted = set(site.encoded()) - site.committed()
    assert 0 < len(interrupted) <= IN_FLIGHT

    before = site.ready()
    site.start_worker()
    site.wait_for(before + 20)
    psutil.Process(processes.from_pid_file(site.broker.pid_file)).kill()
    shutil.rmtree(site.broker.data)
    assert processes.wait_until(lambda: not site.broker.is_up(), 60)
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
