"""The collections: `collections list [--json]`, `collections delete NAME`, `collections path`;
`collections pause NAME`, and so `resume` and `cancel`, for the embedding of one, and
`collections retry NAME [--id ID ...] [SETTINGS]` for what was set aside.
"""

import json
import math
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db.models import Count, F, Q

from collections_app import services
from collections_app.management import options as shared
from collections_app.models import Collection, Document


class Command(shared.LlmCommand):
    help = (
        "List the collections, delete one with all its documents, pause, resume or cancel its "
        "embedding, try again what was set aside, or say where they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = ["list", "delete", "path", "pause", "resume", "cancel", "retry"]
        parser.add_argument("action", nargs="?", choices=actions, default="list")
        parser.add_argument("collection", nargs="?", help="the one that is meant")
        parser.add_argument("--json", action="store_true", help="print the list as JSON")
        only = "with retry: "
        parser.add_argument("--id", action="append", help=f"{only}this document alone, repeatable")
        parser.add_argument("--read-as", help=f"{only}a format, as text/html")
        parser.add_argument("--encoding", help=f"{only}of files, as cp1252")
        parser.add_argument("--passage-tokens", type=int, help=f"{only}the length of passages")
        parser.add_argument("--passage-overlap", type=int, help=f"{only}their overlap, in tokens")
        shared.add_database(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        shared.refuse_database(options)
        if options["action"] == "path":
            self.stdout.write(_place())
        elif options["action"] == "delete":
            self._delete(options)
        elif options["action"] == "retry":
            self._retry(self._named(options), options)
        elif options["action"] != "list":
            self._steer(options["action"], self._named(options))
        elif options["json"]:
            self.stdout.write(json.dumps(_rows(shared.owner(options)), indent=4))
        else:
            for row in _rows(shared.owner(options)):
                count = row["num_embeddings"]
                self.stdout.write(f"{row['name']}: {row['model']}")
                self.stdout.write(f"  {count} embedding{'' if count == 1 else 's'}")

    def _delete(self, options: dict[str, Any]) -> None:
        found = self._named(options)
        services.delete_collection(found, patience=math.inf)
        self.stderr.write(f"Deleted {found.name}.")

    def _retry(self, found: Collection, options: dict[str, Any]) -> None:
        rows = found.documents.filter(state=Document.State.SET_ASIDE)
        if ids := options["id"]:
            rows = rows.filter(external_id__in=ids)
            if missing := sorted(set(ids) - set(rows.values_list("external_id", flat=True))):
                raise CommandError(f"Not set aside in {found.name}: {', '.join(missing)}.")
        given = {
            "as_format": options["read_as"],
            "as_encoding": options["encoding"],
            "passage_tokens": options["passage_tokens"],
            "passage_overlap": options["passage_overlap"],
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        try:
            count = services.retry_otherwise(found, rows, wanted)
        except services.Rejected as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"Queued {count} documents of {found.name}.")

    def _named(self, options: dict[str, Any]) -> Collection:
        if not options["collection"]:
            action = options["action"]
            raise shared.usage(f"Missing argument: the name of the collection to {action}.")
        return shared.collection(shared.owner(options), options["collection"])

    def _steer(self, action: str, found: Collection) -> None:
        if action == "cancel":
            count = services.cancel(found, found.owner.get_username() if found.owner else "")
            self.stderr.write(f"Set aside {count} documents of {found.name}.")
        else:
            {"pause": services.pause, "resume": services.resume}[action](found)
            self.stderr.write(f"{action.capitalize()}d {found.name}.")


def _place() -> str:
    """The database's address, without its password."""
    found = settings.DATABASES["default"]
    host, port = found.get("HOST") or "localhost", found.get("PORT") or 5432
    return f"postgresql://{found['USER']}@{host}:{port}/{found['NAME']}"


def _rows(user: User) -> list[dict[str, Any]]:
    """What the user may see: name, model, and how many documents are embedded."""
    ready = Count("documents", filter=Q(documents__state=Document.State.READY))
    rows = Collection.objects.visible_to(user).annotate(
        model=F("embedding_model__name"), num_embeddings=ready
    )
    values = rows.order_by("name", "pk").values("name", "model", "num_embeddings")
    return [dict(row) for row in values]
