"""The clusters of a collection as JSON: `cluster COLLECTION [N] [--summary]`."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import cluster_items, cluster_times, clusters
from search_app.models import Cluster, Clustering
from search_app.signals import naming_clusters

PAUSE_SECONDS = 0.5
DEFAULT = "default"  # in place of the name of a chat model


class Command(BaseCommand):
    help = "Build a collection's clusters anew and print them; the site shows the same ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        parser.add_argument("n", nargs="?", type=int, help="how many (as many as fit best)")
        parser.add_argument("--summary", action="store_true", help="add each cluster's name")
        parser.add_argument(
            "--content-length", type=int, default=0, help="print so many characters of each content"
        )
        parser.add_argument("--show", action="store_true", help="those that there are, as they are")
        parser.add_argument(
            "--rename",
            nargs=2,
            action="append",
            default=[],
            metavar=("ID", "NAME"),
            help="name a cluster; an empty name gives back the one by its words",
        )
        parser.add_argument(
            "--density", action="store_true", help="HDBSCAN: as many as there are dense places"
        )
        parser.add_argument(
            "--smallest", type=int, help="with --density: the fewest documents of a cluster"
        )
        parser.add_argument(
            "--in",
            dest="within",
            metavar="ID",
            help="split this cluster; 3.1 is the one with the id 1 in the cluster 3",
        )
        parser.add_argument(
            "--whole", action="store_true", help="with --in: remove what it is split into"
        )
        parser.add_argument(
            "--afresh", action="store_true", help="do not begin where the former ones were"
        )
        parser.add_argument(
            "--name-with", metavar="CHAT", help="a chat model that names them; or: default"
        )
        parser.add_argument("--prompt", default="", help="with --name-with: what it is asked for")
        parser.add_argument(
            "--truncate", type=int, help="with --name-with: characters of each that it sees"
        )
        parser.add_argument(
            "--timeline",
            nargs="?",
            const="",
            metavar="FIELD",
            help="of those there are, how many documents are of each month, by when they were "
            "added or by a field with dates",
        )
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        if options["content_length"] < 0:
            raise CommandError("--content-length must be 0, for all, or more.")
        try:
            parent = _parent(user, collection, options)
            if options["timeline"] is not None:
                found = _timelines(user, collection, parent, options["timeline"])
                self.stdout.write(json.dumps(found))
                return
            if options["whole"] and parent:
                clusters.unsplit(parent)
                return
            if not options["show"] and not options["rename"]:
                _wait(_asked(collection, parent, options))
            for places, name in options["rename"]:
                clusters.rename(clusters.at(user, collection, places), name)
            problem = _named(collection, parent, options) if options["name_with"] else ""
        except Rejected as error:
            raise CommandError(str(error)) from error
        for piece in cluster_items.pieces(
            user, collection, parent, length=options["content_length"], summary=options["summary"]
        ):
            self.stdout.write(piece, ending="")
        self.stdout.write("")
        if problem:
            raise CommandError(problem)


def _parent(user: User, collection: Collection, options: dict[str, Any]) -> Cluster | None:
    """The cluster of --in. Raises Rejected."""
    if options["within"] is not None:
        return clusters.at(user, collection, options["within"])
    if options["whole"]:
        raise Rejected("--whole goes with --in.")
    return None


def _asked(collection: Collection, parent: Cluster | None, options: dict[str, Any]) -> Clustering:
    method = Clustering.Method.HDBSCAN if options["density"] else Clustering.Method.KMEANS
    if options["smallest"] is not None and not options["density"]:
        raise Rejected("--smallest goes with --density.")
    return clusters.request(
        collection, options["n"], options["afresh"], method, options["smallest"], parent
    )


def _named(collection: Collection, parent: Cluster | None, options: dict[str, Any]) -> str:
    """By a chat model, which another room has; what went wrong with it."""
    chat = "" if options["name_with"] == DEFAULT else options["name_with"]
    said = naming_clusters.send(
        sender=Collection,
        collection=collection,
        parent=parent,
        chat=chat,
        prompt=options["prompt"],
        truncate=options["truncate"],
    )
    return " ".join(one for _receiver, one in said if one)


def _timelines(
    user: User, collection: Collection, parent: Cluster | None, field: str
) -> list[dict[str, Any]]:
    """Each cluster with its months or years; none where its documents have no such dates.

    Raises Rejected where no cluster's have.
    """
    found, problem, told = [], None, False
    before = clusters.prefix(parent)
    for cluster in clusters.clusters(user, collection, parent):
        try:
            spans, told = cluster_times.timeline(cluster, field), True
        except Rejected as error:
            spans, problem = [], error
        months = [{"name": one.name, "count": one.count} for one in spans]
        found.append(
            {"id": f"{before}{cluster.ordinal}", "summary": cluster.name, "timeline": months}
        )
    if problem and not told:
        raise problem
    return found


def _wait(wish: Clustering) -> None:
    """Build here, or wait for the worker that took it."""
    while wish.state == Clustering.State.QUEUED:
        if not clusters.build(wish.collection_id):
            time.sleep(PAUSE_SECONDS)
        wish.refresh_from_db()
    if wish.state == Clustering.State.FAILED:
        raise CommandError(wish.error)
    clusters.build_all(wish.collection_id)  # what the clusters are split into follows
