"""A judged collection in BEIR's form: `import_beir FOLDER --collection NAME`."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.batches import batched
from collections_app.management import options as shared
from collections_app.management.waiting import embed_all
from collections_app.models import Collection
from collections_app.services import Incoming, Rejected, add_documents
from search_app.evaluation.formats import BadLine, id_in, json_lines
from search_app.evaluation.importing import File, bring_in

BATCH = 200  # documents added in one transaction
QUERIES = ("queries.jsonl", "queries.tsv", "topics.txt")
JUDGED = ("qrels/*.tsv", "qrels/*.txt", "qrels.tsv", "qrels.txt")


class Command(BaseCommand):
    help = (
        "Load corpus.jsonl, queries.jsonl and qrels/*.tsv into a collection. Lines that make no "
        "sense are reported and passed over; what was loaded before is replaced."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--collection", required=True, help="made where there is none")
        parser.add_argument("--split", help="only qrels/SPLIT.tsv, such as test")
        parser.add_argument("--private", action="store_true", help="judged queries for you alone")
        parser.add_argument("--no-wait", action="store_true", help="leave embedding to a worker")
        shared.add_model(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        corpus = folder / "corpus.jsonl"
        if not corpus.is_file():
            raise CommandError(f"There is no {corpus}. It has a document on each line.")
        user = shared.owner(options)
        collection = shared.collection_made(user, options["collection"], options["model"])
        count = self._corpus(collection, corpus)
        queries, judged = _first(folder, QUERIES), _judged(folder, options["split"])
        if judged and not queries:
            self.stderr.write(f"{folder} has no {QUERIES[0]}: these are queries known before.")
        for file in judged:
            done = bring_in(collection, user, queries, file, shared=not options["private"])
            queries = None if done.queries else queries
            self._report(done.problems)
            self.stdout.write(
                f"{file.name}: {done.queries} queries, {done.judgements} judgements,"
                f" {done.absent} judged documents not in the collection"
            )
        if not judged:
            self.stderr.write(f"{folder} has no judgements ({', '.join(JUDGED)}).")
        if not options["no_wait"]:
            embed_all(collection, lambda _left: None, batch=BATCH)
        aside = collection.documents.filter(state="set_aside").count()
        self.stdout.write(f"{count} documents, {aside} set aside")
        if not count:
            raise CommandError("No document came in.")

    def _corpus(self, collection: Collection, file: Path) -> int:
        """Add the documents; how many are there now of those in the file."""
        count = 0
        try:
            with file.open(encoding="utf-8", errors="replace") as lines:
                for some in batched(self._incoming(file.name, lines), BATCH):
                    result = add_documents(collection, some)
                    count += len(some) - len(result.problems)
                    for problem in result.problems:
                        self.stderr.write(f"{file.name}: {problem.external_id}: {problem.message}")
        except (OSError, Rejected) as error:
            raise CommandError(str(error)) from error
        return count

    def _incoming(self, file: str, lines: Iterable[str]) -> Iterator[Incoming]:
        for one in json_lines(file, lines):
            if isinstance(one, BadLine):
                self._report([one])
                continue
            number, value = one
            title, text = value.get("title") or "", value.get("text") or ""
            if not (isinstance(title, str) and isinstance(text, str) and id_in(value)):
                self._report([BadLine(file, number, "A document has an _id, a title and a text.")])
                continue
            yield Incoming(
                external_id=id_in(value),
                title=title.strip()[:500],
                body=text if text.strip() else title,
                metadata=_metadata(value),
            )

    def _report(self, problems: Iterable[BadLine]) -> None:
        for problem in problems:
            self.stderr.write(str(problem))


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    """BEIR's metadata, and whatever else a line has."""
    known = {"_id", "id", "title", "text", "metadata"}
    inner = value.get("metadata")
    rest = {name: one for name, one in value.items() if name not in known}
    return rest | (inner if isinstance(inner, dict) else {})


def _first(folder: Path, names: tuple[str, ...]) -> File | None:
    found = [folder / name for name in names if (folder / name).is_file()]
    return _file(found[0], folder) if found else None


def _judged(folder: Path, split: str | None) -> list[File]:
    names = (f"qrels/{split}.tsv",) if split else JUDGED
    return [_file(path, folder) for name in names for path in sorted(folder.glob(name))]


def _file(path: Path, folder: Path) -> File:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    return File(str(path.relative_to(folder)), text)
