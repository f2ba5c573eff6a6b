"""The clusters of a collection as JSON: `cluster COLLECTION [N] [--summary]`."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.services import Rejected
from search_app import clusters
from search_app.models import Cluster, Clustering

PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    help = "Build a collection's clusters anew and print them; the site shows the same ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        parser.add_argument("n", nargs="?", type=int, help="how many (as many as fit best)")
        parser.add_argument("--summary", action="store_true", help="add each cluster's name")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            wish = clusters.request(collection, options["n"])
        except Rejected as error:
            raise CommandError(str(error)) from error
        _wait(wish)
        found = [
            _shown(cluster, _items(user, cluster), options["summary"])
            for cluster in clusters.clusters(user, collection)
        ]
        self.stdout.write(json.dumps(found, indent=4))


def _wait(wish: Clustering) -> None:
    """Build here, or wait for the worker that took it."""
    while wish.state == Clustering.State.QUEUED:
        if not clusters.build(wish.collection_id):
            time.sleep(PAUSE_SECONDS)
        wish.refresh_from_db()
    if wish.state == Clustering.State.FAILED:
        raise CommandError(wish.error)


def _items(user: User, cluster: Cluster) -> list[dict[str, str]]:
    members = clusters.members(user, cluster).values_list("document__external_id", "document__text")
    return [{"id": external_id, "content": text} for external_id, text in members]


def _shown(cluster: Cluster, items: list[dict[str, str]], summary: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": str(cluster.ordinal), "items": items}
    return shown | ({"summary": cluster.name} if summary else {})
