"""The collections: `collections list [--json]`, `collections delete NAME`."""

import json
import math
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db.models import Count, F, Q

from collections_app import services
from collections_app.management import options as shared
from collections_app.models import Collection, Document


class Command(BaseCommand):
    help = "List the collections, or delete one with all its documents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=["list", "delete"], default="list")
        parser.add_argument("name", nargs="?", help="of the collection to delete")
        parser.add_argument("--json", action="store_true", help="print the list as JSON")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        if options["action"] == "delete":
            found = shared.collection(user, options["name"] or "")
            services.delete_collection(found, patience=math.inf)
            self.stdout.write(f"Deleted {found.name}.")
        elif options["json"]:
            self.stdout.write(json.dumps(_rows(user), indent=4, ensure_ascii=False))
        else:
            for row in _rows(user):
                count = row["num_embeddings"]
                self.stdout.write(f"{row['name']}: {row['model']}")
                self.stdout.write(f"  {count} embedding{'' if count == 1 else 's'}")


def _rows(user: User) -> list[dict[str, Any]]:
    """What the user may see: name, model, and how many documents are embedded."""
    ready = Count("documents", filter=Q(documents__state=Document.State.READY))
    rows = Collection.objects.visible_to(user).annotate(
        model=F("embedding_model__name"), num_embeddings=ready
    )
    values = rows.order_by("name", "pk").values("name", "model", "num_embeddings")
    return [dict(row) for row in values]
