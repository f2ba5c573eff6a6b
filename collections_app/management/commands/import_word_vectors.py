"""Word vectors of word2vec and GloVe come in as a collection: `import_word_vectors FILE`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app.management import options as shared
from collections_app.services import Rejected
from collections_app.services.word_import import import_words

SHOWN = 20  # problems; the others are counted


class Command(BaseCommand):
    help = "Bring in word vectors: word2vec as text or binary, or GloVe, plain or packed (.gz)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="the file")
        parser.add_argument("--name", default="", help="of the collection (that of the file)")
        parser.add_argument("--limit", type=int, default=0, help="only so many words, the first")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["path"]).expanduser()
        if not path.is_file():
            raise shared.usage(f"{path} is not a file.")
        user = shared.owner(options)
        bar = tqdm(unit=" words", disable=not sys.stderr.isatty())
        try:
            with bar:
                done = import_words(
                    user, path, options["name"], options["limit"], lambda n: bar.update(n - bar.n)
                )
        except Rejected as error:
            raise CommandError(str(error)) from error
        for problem in done.problems[:SHOWN]:
            self.stderr.write(f"{problem.external_id}: {problem.message}")
        if more := len(done.problems) - SHOWN:
            self.stderr.write(f"… and {more} more.") if more > 0 else None
        self.stdout.write(
            f"{done.collection}: {done.added} words of {done.dimension} numbers imported, "
            f"{len(done.problems)} failed."
        )
        if done.error:
            raise CommandError(done.error)
        if not done.added:
            raise CommandError("Nothing went in.")
