"""Many texts into a collection: rows of a file, of a query, or files of a folder."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from collections_app import services
from collections_app.ingest.work import BATCH
from collections_app.management import inputs
from collections_app.management import options as shared
from collections_app.management.waiting import embed_all
from collections_app.models import Collection, Document
from collections_app.pipeline.rows import Plan
from collections_app.services.forgetting import forget_texts


class Command(shared.LlmCommand):
    help = "Put rows or files into a collection, embed them, and wait until they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection", help="made where there is none")
        parser.add_argument("input_path", nargs="?", help="a file of rows; - is standard input")
        parser.add_argument("--format", choices=list(inputs.KINDS), help="of the file of rows")
        self._add_inputs(parser)
        parser.add_argument("--prefix", default="", help="put before each id")
        parser.add_argument("--prepend", default="", help="put before each text")
        parser.add_argument("--batch-size", type=int, default=BATCH, help="documents at a time")
        visibilities = Collection.Visibility.values
        parser.add_argument("--visibility", choices=visibilities, help="of a new collection")
        parser.add_argument("--no-wait", action="store_true", help="leave the rest to the worker")
        shared.add_store(parser)
        shared.add_model(parser)
        shared.add_metadata(parser)
        shared.add_database(parser, "an SQLite file that --sql reads")
        shared.add_owner(parser)

    def _add_inputs(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--files",
            nargs=2,
            action="append",
            default=[],
            metavar=("DIR", "GLOB"),
            help="files, by folder and pattern; may be given again",
        )
        parser.add_argument(
            "--encoding", action="append", default=[], help="of --files, to be tried in order"
        )
        shared.add_binary(parser)
        parser.add_argument("--sql", help="a query that gives the rows")
        parser.add_argument(
            "--attach",
            nargs=2,
            action="append",
            default=[],
            metavar=("ALIAS", "PATH"),
            help="an SQLite file for the query; may be given again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        self._failures: list[tuple[str, str]] = []
        files = inputs.paths(options["files"])
        if options["files"] and not files:
            raise CommandError("No file matches.")
        collection = shared.collection_made(
            shared.owner(options), options["collection"], options["model"], options["visibility"]
        )
        shared.check_binary(options, collection.embedding_model)
        if files:
            result = self._add_files(collection, files, options)
        elif options["sql"]:
            found = inputs.of_sql(options["sql"], options["database"], options["attach"])
            result = self._add_rows(collection, found, options)
        else:
            with inputs.table(options["input_path"]) as path:
                found = inputs.of_file(path, options["format"])
                result = self._add_rows(collection, found, options)
        if not options["no_wait"]:
            self._embed(collection, len(result.added) + len(result.changed), options["batch_size"])
        if options["no_store"]:
            forget_texts(collection.documents.filter(pk__in=result.added + result.changed))
        self._report(collection, result)

    def _leave_out(self, name: str, reason: str) -> None:
        self._failures.append((name, reason))

    def _add_files(
        self, collection: Collection, files: list[Any], options: dict[str, Any]
    ) -> services.AddResult:
        """Read by their content; as plain text where an encoding or --prepend asks for that."""
        bar = tqdm(files, desc="Reading", unit="file", disable=None)
        named = ((path, options["prefix"] + name) for path, name in bar)
        if options["encoding"] or options["prepend"]:
            items = inputs.decoded(
                named, options["encoding"], options["prepend"], options["metadata"], self._leave_out
            )
            return services.add_documents(collection, items)
        metadata = options["metadata"]
        return services.add_files(
            collection, (services.NamedPath(path, name, metadata) for path, name in named)
        )

    def _add_rows(
        self, collection: Collection, found: Iterable[Any], options: dict[str, Any]
    ) -> services.AddResult:
        bar = tqdm(found, desc="Reading", unit="row", disable=None)
        plan = Plan(prefix=options["prefix"], prepend=options["prepend"])
        return services.add_documents(
            collection, inputs.documents(bar, plan, options["metadata"], self._leave_out)
        )

    def _embed(self, collection: Collection, total: int, batch: int) -> None:
        with tqdm(total=total, desc="Embedding", unit="document", disable=None) as bar:

            def show(left: int) -> None:
                bar.update(max(0, total - left) - bar.n)

            embed_all(collection, show, batch=batch)

    def _report(self, collection: Collection, result: services.AddResult) -> None:
        taken = result.added + result.changed + result.unchanged
        aside = collection.documents.filter(state=Document.State.SET_ASIDE, pk__in=taken)
        left_out = self._failures + [(one.external_id, one.message) for one in result.problems]
        failures = left_out + list(aside.values_list("external_id", "error"))
        for name, reason in failures:
            self.stderr.write(f"{name}: {reason}")
        self.stdout.write(
            f"{collection.name}: {len(result.added)} added, {len(result.changed)} changed, "
            f"{len(result.unchanged)} unchanged, {len(failures)} failed."
        )
        if failures and len(taken) + len(left_out) == len(failures):
            raise CommandError("Nothing went in.")


def _check(options: dict[str, Any]) -> None:
    """The combinations that the reference tool refuses, and the same exit status."""
    files, rows = options["files"], options["input_path"] or options["sql"]
    if options["binary"] and not files:
        raise shared.usage("--binary must be used with --files")
    if options["binary"] and options["encoding"]:
        raise shared.usage("--binary cannot be used with --encoding")
    if not rows and not files:
        raise shared.usage("Either --sql or input path or --files is required")
    if files and (rows or options["format"]):
        raise shared.usage("Cannot use --files with --sql, input path or --format")
    if options["batch_size"] < 1:
        raise shared.usage("--batch-size must be 1 or more.")
    if options["no_store"] and (options["store"] or options["no_wait"]):
        raise shared.usage("--no-store goes with neither --store nor --no-wait.")
    if not options["sql"]:
        shared.refuse_database(options)
