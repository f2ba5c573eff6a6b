"""Sources: `sources list`, `sources add NOTES NAME --kind feed url=…`, `sources run`, `delete`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from collections_app import services
from collections_app import tasks as wake
from collections_app.management import options as shared
from collections_app.models import Collection, Run, Source
from collections_app.sources import queue, running
from collections_app.wake import call_on_commit


class Command(BaseCommand):
    help = "List the sources of a collection, add one, run one, or delete one."

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        """OPTION=VALUE may stand before, between and after the options with dashes."""
        parser = super().create_parser(*args, **options)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["list", "add", "run", "delete"])
        parser.add_argument("collection", help="its name; `add` makes it where there is none")
        parser.add_argument("name", nargs="?", help="of the source")
        parser.add_argument("options", nargs="*", metavar="OPTION=VALUE", help="of a new source")
        parser.add_argument("--kind", choices=Source.Kind.values, help="of a new source")
        parser.add_argument(
            "--secret",
            action="append",
            default=[],
            metavar="NAME=FILE",
            help="of a new source: a secret, read from a file; may be given again",
        )
        parser.add_argument("--file", help="of a new source: the archive, table or database")
        parser.add_argument("--every", type=int, metavar="MINUTES", help="run it so often")
        parser.add_argument("--yes", action="store_true", help="run: remove also more than half")
        parser.add_argument(
            "--keep-documents", action="store_true", help="delete: leave its documents"
        )
        shared.add_model(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        action = getattr(self, f"_{options['action']}")
        try:
            action(options)
        except services.Rejected as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        collection = shared.collection(shared.owner(options), options["collection"])
        for source in collection.sources.all():
            last = source.runs.first()
            state = f"{last.get_state_display()}, {_counted(last)}" if last else "not run yet"
            self.stdout.write(f"{source.name}: {source.get_kind_display()}; {state}")

    def _add(self, options: dict[str, Any]) -> None:
        if not options["kind"] or not options["name"]:
            raise CommandError("A new source needs a name and --kind.")
        collection = shared.collection_made(
            shared.owner(options), options["collection"], options["model"]
        )
        given = dict(map(_pair, options["options"]))
        if options["file"]:
            given.setdefault("name", Path(options["file"]).name)
        if options["kind"] != Source.Kind.FILE:
            given.pop("name", None)
        source = services.create_source(
            collection,
            options["kind"],
            options["name"],
            given,
            secrets=_secrets(options["secret"]),
            every_minutes=options["every"],
            blob=_stored(options["file"]),
        )
        self.stdout.write(f"Added {source.name}. Run it: manage.py sources run.")

    def _run(self, options: dict[str, Any]) -> None:
        source = self._source(options)
        with transaction.atomic():  # claimed with the asking, before a worker of the site can
            made = source.runs.filter(queue.is_open()).first() or services.request_run(source)
            if made.state == Run.State.PAUSED:
                services.resume_run(made)
            elif made.state == Run.State.ASKING and options["yes"]:
                services.confirm_run(made)
            claimed = queue.claim(made.pk)
        self._see_through(made, claimed, options["yes"])
        for problem in made.problems.all():
            self.stderr.write(f"{problem.external_id}: {problem.reason}")
        made.refresh_from_db()
        self.stdout.write(f"{source.name}: {made.get_state_display()}; {_counted(made)}.")
        if made.state != Run.State.DONE:
            raise CommandError(made.error or _why(made))

    def _see_through(self, made: Run, claimed: Run | None, yes: bool) -> None:
        """Work on the run here, until nothing more can be done for it."""
        with tqdm(desc="Reading", unit="item", disable=None) as bar:

            def go_on() -> bool:
                made.refresh_from_db()
                bar.update(_done(made) - bar.n)
                return True

            while claimed:
                running.execute(claimed, _wake, go_on)
                made.refresh_from_db()
                with transaction.atomic():
                    if made.state == Run.State.ASKING and yes:
                        services.confirm_run(made)
                    claimed = queue.claim(made.pk)
            made.refresh_from_db()

    def _delete(self, options: dict[str, Any]) -> None:
        source = self._source(options)
        count = services.delete_source(source, options["keep_documents"])
        self.stdout.write(f"Deleted {source.name} and {count} of its documents.")

    def _source(self, options: dict[str, Any]) -> Source:
        collection = shared.collection(shared.owner(options), options["collection"])
        return _found(collection, options["name"] or "")


def _found(collection: Collection, name: str) -> Source:
    found = collection.sources.filter(name=name).first()
    if not found:
        raise CommandError(f"{collection} has no source {name!r}. See: manage.py sources list.")
    return found


def _wake() -> None:
    call_on_commit(wake.embed_pending)


def _pair(text: str) -> tuple[str, Any]:
    """`name=value`; JSON where the value is some that is no text, else text."""
    name, mark, value = text.partition("=")
    if not mark:
        raise CommandError(f"{text!r} is not OPTION=VALUE.")
    try:
        parsed = json.loads(value)
    except ValueError:
        return name, value
    return name, value if isinstance(parsed, str | float | None) else parsed


def _secrets(pairs: list[str]) -> dict[str, Any]:
    """From files, not from the command line: others on the machine can read that."""
    found = {}
    for pair in pairs:
        name, mark, path = pair.partition("=")
        if not mark:
            raise CommandError(f"{pair!r} is not NAME=FILE.")
        try:
            found[name] = _pair(f"x={Path(path).read_text().strip()}")[1]
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    return found


def _stored(path: str | None) -> Any:
    if path is None:
        return None
    try:
        with Path(path).open("rb") as stream:
            return services.store_blob(stream, Path(path).stat().st_size or 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _done(run: Run) -> int:
    return sum(getattr(run, name) for name in Run.COUNTS)


def _counted(run: Run) -> str:
    return ", ".join(f"{getattr(run, name)} {name}" for name in Run.COUNTS)


def _why(run: Run) -> str:
    """Why the run is not done, and what to do."""
    if run.state == Run.State.ASKING:
        gone = run.cursor.get("gone", 0)
        return f"It would remove {gone} documents, more than half. Run it with --yes if it may."
    if run.state in (Run.State.QUEUED, Run.State.RUNNING):
        return "A worker is at it, or was until a moment ago. Try again in two minutes."
    return "It was stopped from elsewhere."
