"""A process of `bench.model_change`: `python -m bench._change_part searching|working`."""

import json
import os
import random
import sys
import time

PAUSE_SECONDS = 0.1  # between the beginnings of two searches
QUERIES = 200


def searching(collection_id: int, out: str) -> None:
    """Search all the time, and write a line for each search, until a line comes in."""
    import select

    import embedsite.wsgi  # noqa: F401 - sets the process up as those that serve pages
    from bench.model_change import query
    from collections_app.models import Collection
    from search_app.search import search

    collection = Collection.objects.get(pk=collection_id)
    chance = random.Random(1)
    with open(out, "w", buffering=1) as lines:
        while not select.select([sys.stdin], [], [], 0)[0]:
            began = time.time()
            line = {"at": began, "found": 0, "error": ""}
            try:
                found = search(
                    collection.owner, query(chance.randrange(QUERIES)), collection=collection
                )
                line["found"] = len(found.hits)
            except Exception as error:
                line["error"] = repr(error)
            line["ms"] = 1000 * (time.time() - began)
            lines.write(json.dumps(line) + "\n")
            time.sleep(max(0.0, PAUSE_SECONDS - (time.time() - began)))


def working() -> None:
    """What a worker of the site does, in the order of its sweep, until it is killed."""
    from django.conf import settings

    from collections_app import changes, ingest
    from collections_app.ingest import states
    from search_app import related
    from search_app.queries import indexes

    os.nice(10)  # as the site's own workers
    while True:
        ingest.sweep()
        ingest.work(20)
        changes.sweep()
        changes.work(20)
        if indexes.missing(settings.HNSW_THRESHOLD) or indexes.orphans():
            indexes.maintain(settings.HNSW_THRESHOLD)
        if not states.waiting().exists() and not changes.waiting().exists():
            for collection_id in related.stale():
                related.refresh(collection_id)
        time.sleep(0.2)


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "searching":
        searching(int(sys.argv[2]), sys.argv[3])
    else:
        working()
