"""What somebody waits for starts within seconds, however busy the workers are with an import."""

import shlex
import time

import pytest

from embedsite.runner import supervisor
from embedsite.servers import processes
from tests.embedsite.fault_site import Site

pytestmark = pytest.mark.slow

DOCUMENTS = 4000
SETUP = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from collections_app import services
from tests.factories import EmbeddingModelFactory
one = services.create_collection(services.operator(), "One", model=EmbeddingModelFactory())
services.add_documents(one, [services.Incoming("a", body="The model of this one changes.")])
from collections_app import ingest
ingest.run()
many = services.create_collection(services.operator(), "Many", model=EmbeddingModelFactory())
services.add_documents(
    many,
    [services.Incoming(str(n), body=f"The number {{n}}.") for n in range({DOCUMENTS})],
)
"""
ASK = """
from collections_app import services
from collections_app.models import Collection
from collections_app.services.changing import change_model
from tests.factories import EmbeddingModelFactory
services.register("sentence-transformers", "/nowhere", name="tried")
other = EmbeddingModelFactory(name="other", token_limit=32)
change_model(Collection.objects.get(name="One"), other)
"""
BEGUN = """
SELECT EXISTS (SELECT FROM collections_app_probe WHERE attempts > 0)
    AND EXISTS (SELECT FROM collections_app_shadow WHERE state = 'done')
"""


def words(command):
    return shlex.split(command.replace("%%", "%"))[1:]


@pytest.fixture
def site(var):
    site = Site(var)
    yield site
    site.stop()


def test_probes_and_changes_begin_while_an_import_keeps_the_workers_busy(site):
    site.manage(SETUP)
    watched = "tests.embedsite.watched_worker"
    site.start(watched, str(site.notes), "0.1", *words(supervisor.WORKER))
    site.start(watched, str(site.notes), "0", *words(supervisor.URGENT))
    site.manage("from collections_app import tasks\nfor _ in range(4): tasks.embed_pending.delay()")
    site.wait_for_a_batch_in_flight()
    time.sleep(1)  # both children are in their slices of twenty seconds
    site.manage(ASK)
    begun = processes.wait_until(lambda: site.ask(BEGUN) == [(True,)], 20, pause=0.1)
    assert begun, site.log_end()
    left = "SELECT count(*) FROM collections_app_document WHERE state = 'queued'"
    assert site.ask(left)[0][0] > DOCUMENTS / 2
