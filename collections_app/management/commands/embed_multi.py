"""Many files into a collection: `embed_multi notes --files ~/notes '**/*.md'`."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app import services
from collections_app.ingest.work import BATCH
from collections_app.management import options as shared
from collections_app.management.waiting import embed_all
from collections_app.models import Collection, Document


class Command(BaseCommand):
    help = "Put files into a collection, embed them, and wait until they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the collection; made where there is none")
        parser.add_argument(
            "--files",
            nargs=2,
            action="append",
            required=True,
            metavar=("DIR", "GLOB"),
            help="files to add, by folder and pattern; may be given again",
        )
        parser.add_argument("--prefix", default="", help="put before each id")
        parser.add_argument("--batch-size", type=int, default=BATCH, help="documents at a time")
        visibilities = Collection.Visibility.values
        parser.add_argument("--visibility", choices=visibilities, help="of a new collection")
        parser.add_argument("--no-wait", action="store_true", help="leave the rest to the worker")
        parser.add_argument(
            "--store", action="store_true", help="taken for llm's sake: the text is always kept"
        )
        shared.add_model(parser)
        shared.add_metadata(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch_size"] < 1:
            raise CommandError("--batch-size must be 1 or more.")
        files = list(_files(options["files"], options["prefix"], options["metadata"]))
        if not files:
            raise CommandError("No file matches.")
        collection = shared.collection_made(
            shared.owner(options), options["name"], options["model"], options["visibility"]
        )
        bar = tqdm(files, desc="Reading", unit="file", disable=None)
        result = services.add_files(collection, bar)
        if not options["no_wait"]:
            self._embed(collection, len(result.added) + len(result.changed), options["batch_size"])
        self._report(collection, result)

    def _embed(self, collection: Collection, total: int, batch: int) -> None:
        with tqdm(total=total, desc="Embedding", unit="document", disable=None) as bar:

            def show(left: int) -> None:
                bar.update(max(0, total - left) - bar.n)

            embed_all(collection, show, batch=batch)

    def _report(self, collection: Collection, result: services.AddResult) -> None:
        failures = [(one.external_id, one.message) for one in result.problems]
        aside = collection.documents.filter(state=Document.State.SET_ASIDE)
        failures += aside.filter(
            pk__in=result.added + result.changed + result.unchanged
        ).values_list("external_id", "error")
        for name, reason in failures:
            self.stderr.write(f"{name}: {reason}")
        self.stdout.write(
            f"{collection.name}: {len(result.added)} added, {len(result.changed)} changed, "
            f"{len(result.unchanged)} unchanged, {len(failures)} failed."
        )
        taken = len(result.added) + len(result.changed) + len(result.unchanged)
        if taken + len(result.problems) == len(failures):
            raise CommandError("Nothing went in.")


def _files(
    pairs: list[list[str]], prefix: str, metadata: dict[str, Any]
) -> Iterator[services.NamedPath]:
    """Each file once, in order of its path; the id is the path within its folder."""
    seen = set[Path]()
    for folder, pattern in pairs:
        root = Path(folder).expanduser()
        if not root.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        try:
            found = sorted(path for path in root.glob(pattern) if path.is_file())
        except (ValueError, NotImplementedError) as error:
            raise CommandError(f"{pattern!r} is not a pattern like '**/*.md': {error}.") from error
        for path in found:
            if path not in seen:
                seen.add(path)
                name = prefix + path.relative_to(root).as_posix()
                yield services.NamedPath(path, name, metadata)
