"""The map of a collection as JSON: `map COLLECTION`."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.services import Rejected
from search_app import maps
from search_app.models import CollectionMap

PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    help = "Make a collection's map anew and print it; the site shows the same one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        parser.add_argument(
            "--method",
            choices=CollectionMap.Method.values,
            default=CollectionMap.Method.PCA,
            help="umap is an extra: pip install -r requirements-umap.txt",
        )
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            made = maps.request(collection, options["method"])
        except Rejected as error:
            raise CommandError(str(error)) from error
        while made.state == CollectionMap.State.QUEUED:
            if not maps.build(collection.pk):
                time.sleep(PAUSE_SECONDS)
            made.refresh_from_db()
        if made.state == CollectionMap.State.FAILED:
            raise CommandError(made.error)
        keys = ("id", "title", "x", "y", "cluster")
        points = [
            {key: row[key] for key in keys} for row in maps.exported(maps.chosen(user, collection))
        ]
        explained = [made.explained_first, made.explained_second]
        shown = {"method": made.method, "explained": explained, "points": points}
        self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))
