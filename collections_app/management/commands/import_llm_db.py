"""Collections of the reference tool come in with their vectors: `import_llm_db embeddings.db`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.pipeline.extracted import Unreadable
from collections_app.services.llm_import import Imported, import_database


class Command(BaseCommand):
    help = "Bring in an embeddings.db of the llm tool; nothing is embedded again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="the file; `llm collections path` says where it is")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["path"]).expanduser()
        if not path.is_file():
            raise shared.usage(f"{path} is not a file.")
        user, done = shared.owner(options), []
        try:
            for imported in import_database(user, path):
                done.append(imported)
                self._report(imported)
        except Unreadable as error:
            raise CommandError(str(error)) from error
        if done and not any(one.collection for one in done):
            raise CommandError("Nothing went in.")

    def _report(self, imported: Imported) -> None:
        for problem in imported.problems:
            self.stderr.write(f"{problem.external_id}: {problem.message}")
        if imported.collection:
            self.stdout.write(
                f"{imported.name}: {imported.rows} imported, {len(imported.problems)} failed."
            )
