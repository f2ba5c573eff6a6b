"""Functions, methods and classes of source files into a collection."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app import services
from collections_app.ingest.work import BATCH
from collections_app.intake.code import language_of
from collections_app.management import inputs
from collections_app.management import options as shared
from collections_app.management.waiting import embed_all
from collections_app.models import Collection, Document
from collections_app.pipeline.code.choosing import KINDS, Wanted

PASSED_OVER = {"node_modules", "__pycache__", "site-packages"}  # where no pattern is given
# Options of which each says no to the others, and what they choose.
SWITCHES: dict[str, dict[str, Any]] = {
    "is_async": {"--async": True, "--unasync": False},
    "documented": {"--documented": True, "--undocumented": False},
    "typed": {
        "--typed": "typed",
        "--untyped": "untyped",
        "--partially-typed": "partially",
        "--fully-typed": "fully",
    },
    "access": {"--public": "public", "--private": "private", "--dunder": "dunder"},
}


class Command(BaseCommand):
    help = "Put the functions, methods and classes of source files into a collection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the collection; made where there is none")
        parser.add_argument(
            "--dir",
            nargs="+",
            action="append",
            required=True,
            metavar=("DIR", "GLOB"),
            help="a folder, and a pattern of files in it; may be given again",
        )
        parser.add_argument(
            "-x", "--exclude", action="append", default=[], help="a folder to leave out"
        )
        parser.add_argument("--kind", action="append", choices=KINDS, help="may be given again")
        for name, switches in SWITCHES.items():
            group = parser.add_mutually_exclusive_group()
            for option, value in switches.items():
                group.add_argument(option, dest=name, action="store_const", const=value)
        parser.add_argument("--no-init", action="store_true", help="no __init__ methods")
        parser.add_argument(
            "--no-methods", action="store_true", help="methods stay in the text of their class"
        )
        parser.add_argument("--ids", choices=["path", "import"], default="path")
        parser.add_argument("--prefix", default="", help="put before each id")
        self._add_common(parser)

    def _add_common(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch-size", type=int, default=BATCH, help="documents at a time")
        visibilities = Collection.Visibility.values
        parser.add_argument("--visibility", choices=visibilities, help="of a new collection")
        parser.add_argument("--no-wait", action="store_true", help="leave the rest to the worker")
        shared.add_model(parser)
        shared.add_metadata(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch_size"] < 1:
            raise shared.usage("--batch-size must be 1 or more.")
        files = list(_files(options["dir"], options["exclude"]))
        if not files:
            raise CommandError("No source file matches.")
        collection = shared.collection_made(
            shared.owner(options), options["name"], options["model"], options["visibility"]
        )
        bar = tqdm(files, desc="Reading", unit="file", disable=None)
        result, removed = services.add_code(collection, bar, _choice(options))
        if not options["no_wait"]:
            embed_all(collection, lambda left: None, batch=options["batch_size"])
        self._report(collection, result, removed)

    def _report(self, collection: Collection, result: services.AddResult, removed: int) -> None:
        taken = result.added + result.changed + result.unchanged
        aside = collection.documents.filter(state=Document.State.SET_ASIDE, pk__in=taken)
        failures = [(one.external_id, one.message) for one in result.problems]
        failures += aside.values_list("external_id", "error")
        for name, reason in failures:
            self.stderr.write(f"{name}: {reason}")
        self.stdout.write(
            f"{collection.name}: {len(result.added)} added, {len(result.changed)} changed, "
            f"{len(result.unchanged)} unchanged, {removed} removed, {len(failures)} failed."
        )
        if failures and len(taken) + len(result.problems) == len(failures):
            raise CommandError("Nothing went in.")


def _choice(options: dict[str, Any]) -> services.CodeChoice:
    kinds = set(options["kind"] or KINDS)
    if options["no_methods"]:
        kinds.discard("method")
    wanted = Wanted(
        kinds=frozenset(kinds),
        init=not options["no_init"],
        **{name: options[name] for name in SWITCHES},
    )
    return services.CodeChoice(
        wanted=wanted,
        by_import=options["ids"] == "import",
        whole=options["no_methods"],
        prefix=options["prefix"],
        metadata=options["metadata"],
    )


def _files(folders: list[list[str]], excluded: list[str]) -> Iterator[services.CodeFile]:
    """Each file once, in order of its path."""
    seen = set[Path]()
    out = [Path(one).expanduser().resolve() for one in excluded]
    for folder, *patterns in folders:
        if len(patterns) > 1:
            raise shared.usage("--dir takes a folder and one pattern; put the pattern in quotes.")
        root, found = inputs.matching(folder, patterns[0] if patterns else "**/*")
        for path in found:
            within = path.relative_to(root)
            resolved = path.resolve()
            # Without a pattern: all source files that are not hidden or other people's.
            if path in seen or not (patterns or _is_ours(within)):
                continue
            if any(resolved.is_relative_to(one) for one in out):
                continue
            seen.add(path)
            yield services.CodeFile(path, PurePosixPath(within.as_posix()))


def _is_ours(within: Path) -> bool:
    hidden = any(part.startswith(".") or part in PASSED_OVER for part in within.parts)
    return not hidden and language_of(within.name) is not None
