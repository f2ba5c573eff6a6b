"""Collections as the reference tool keeps them: `export_llm_db embeddings.db notes`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.models import Collection
from collections_app.services.llm_export import export_database


class Command(BaseCommand):
    help = "Write collections, vectors and all, as an embeddings.db of the llm tool."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="of the file to make")
        parser.add_argument("collections", nargs="*", help="all of the owner's if left out")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["path"]).expanduser()
        if path.exists():
            raise CommandError(f"{path} exists already. Name a file that does not.")
        if not path.parent.is_dir():
            raise shared.usage(f"{path.parent} is not a folder.")
        user = shared.owner(options)
        collections = (
            [shared.collection(user, name) for name in dict.fromkeys(options["collections"])]
            if options["collections"]
            else list(Collection.objects.editable_by(user).order_by("pk"))
        )
        if not collections:
            raise CommandError(f"{user} has no collections.")
        count = export_database(collections, path)
        self.stdout.write(f"{path}: {count} embeddings of {len(collections)} collections.")
