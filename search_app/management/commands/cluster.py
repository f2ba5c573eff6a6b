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
from search_app.models import Clustering
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
            if options["timeline"] is not None:
                self.stdout.write(json.dumps(_timelines(user, collection, options["timeline"])))
                return
            if not options["show"] and not options["rename"]:
                _wait(_asked(collection, options))
            for ordinal, name in options["rename"]:
                _rename(user, collection, ordinal, name)
            problem = _named(collection, options) if options["name_with"] else ""
        except Rejected as error:
            raise CommandError(str(error)) from error
        for piece in cluster_items.pieces(
            user, collection, length=options["content_length"], summary=options["summary"]
        ):
            self.stdout.write(piece, ending="")
        self.stdout.write("")
        if problem:
            raise CommandError(problem)


def _asked(collection: Collection, options: dict[str, Any]) -> Clustering:
    method = Clustering.Method.HDBSCAN if options["density"] else Clustering.Method.KMEANS
    if options["smallest"] is not None and not options["density"]:
        raise Rejected("--smallest goes with --density.")
    return clusters.request(
        collection, options["n"], options["afresh"], method, options["smallest"]
    )


def _named(collection: Collection, options: dict[str, Any]) -> str:
    """By a chat model, which another room has; what went wrong with it."""
    chat = "" if options["name_with"] == DEFAULT else options["name_with"]
    said = naming_clusters.send(
        sender=Collection,
        collection=collection,
        chat=chat,
        prompt=options["prompt"],
        truncate=options["truncate"],
    )
    return " ".join(one for _receiver, one in said if one)


def _timelines(user: User, collection: Collection, field: str) -> list[dict[str, Any]]:
    """Each cluster with its months or years; none where its documents have no such dates.

    Raises Rejected where no cluster's have.
    """
    found, problem, told = [], None, False
    for cluster in clusters.clusters(user, collection).defer("centroid"):
        try:
            spans, told = cluster_times.timeline(cluster, field), True
        except Rejected as error:
            spans, problem = [], error
        months = [{"name": one.name, "count": one.count} for one in spans]
        found.append({"id": str(cluster.ordinal), "summary": cluster.name, "timeline": months})
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


def _rename(user: User, collection: Collection, ordinal: str, name: str) -> None:
    rows = clusters.clusters(user, collection).defer("centroid")
    found = rows.filter(ordinal=int(ordinal)).first() if _is_small(ordinal) else None
    if found is None:
        ids = ", ".join(str(one) for one in rows.values_list("ordinal", flat=True))
        raise CommandError(f"No cluster has the id {ordinal}. There are: {ids or 'none'}.")
    clusters.rename(found, name)


def _is_small(ordinal: str) -> bool:
    return ordinal.isdecimal() and len(ordinal) < 6
