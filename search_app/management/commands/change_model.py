"""The embedding model of a collection: `change_model NOTES e5-small [--switch]`."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app import changes, services
from collections_app.management import options as shared
from collections_app.models import Collection, EmbeddingModel, ModelChange
from collections_app.services.changing import ACTIONS, act_on_change, change_model
from search_app import comparing, tasks

PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Change the embedding model of a collection while it is searched: make the passages of "
        "the next model, compare both, switch, roll back, drop the old vectors."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        parser.add_argument("model", nargs="?", help="begin a change to this model")
        parser.add_argument("--estimate", action="store_true", help="tell what it takes, no more")
        parser.add_argument("--no-wait", action="store_true", help="leave the work to workers")
        parser.add_argument("--compare", metavar="QUERY", help="what both models find for it")
        for action in ACTIONS:
            parser.add_argument(
                f"--{action}", dest="action", action="store_const", const=action, help=HELP[action]
            )
        parser.add_argument(
            "--although-missing",
            action="store_true",
            help="switch or roll back although some documents would not be found",
        )
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            if options["model"]:
                model = _model(options["model"])
                if options["estimate"]:
                    self._estimate(collection, model)
                    return
                self._build(change_model(collection, model, user), options["no_wait"])
            if options["compare"]:
                self._compare(user, _open(collection), options["compare"])
            if options["action"]:
                self._act(_open(collection), options)
            elif not options["model"] and not options["compare"]:
                self._tell(collection)
        except services.Rejected as error:
            raise CommandError(str(error)) from error

    def _estimate(self, collection: Collection, model: EmbeddingModel) -> None:
        told = changes.estimate(collection, model)
        seconds = "not measured" if told.seconds is None else f"about {told.seconds:.0f} s"
        cost = f"{told.cost:.4f} {settings.CURRENCY}" if told.cost else "no price"
        self.stdout.write(
            f"{told.documents} documents, about {told.passages} passages and {told.tokens} tokens; "
            f"{cost}; {seconds}; {told.bytes / 1e6:.1f} MB beside the old."
        )

    def _build(self, change: ModelChange, no_wait: bool) -> None:
        if not no_wait:
            _see_through(change, ModelChange.State.BUILDING)
        self._tell(change.collection)

    def _act(self, change: ModelChange, options: dict[str, Any]) -> None:
        act_on_change(change, options["action"], although_missing=options["although_missing"])
        if not options["no_wait"]:
            _see_through(change, ModelChange.State.BUILDING, *ModelChange.ENDING)
        self._tell(change.collection)

    def _compare(self, user: Any, change: ModelChange, text: str) -> None:
        self.stdout.write(f"{'old':>4} {'new':>4}  {change.old} → {change.new}")
        for place in comparing.compare(user, change, text):
            old, new = place.old_rank or "-", place.new_rank or "-"
            self.stdout.write(f"{old:>4} {new:>4}  {place.document}")

    def _tell(self, collection: Collection) -> None:
        collection.refresh_from_db()
        self.stdout.write(f"{collection}: searched under {collection.embedding_model}.")
        change = collection.model_changes.select_related("old", "new", "collection").first()
        if change is None:
            return
        line = f"{change.old} → {change.new}: {change.state}"
        if change.is_open:
            told = changes.progress(change)
            line += f"; {told.done} of {told.total} documents done, {told.set_aside} set aside"
            if told.missing:
                line += f", {told.missing} not there under {change.beside}"
            for row in told.failures:
                self.stderr.write(f"{row.document.external_id}: {row.error}")
        self.stdout.write(line + ".")


HELP = {
    "switch": "search under the new model from now on",
    "roll-back": "search under the old model again",
    "cancel": "stay with the old model, and remove what was made for the new one",
    "drop": "stay with the new model, and remove what the old one had",
    "retry": "try again what was set aside",
}


def _model(name: str) -> EmbeddingModel:
    found = EmbeddingModel.objects.called(name).first()
    if found is None:
        raise CommandError(f"There is no embedding model {name!r}. See: manage.py embed_models.")
    return found


def _open(collection: Collection) -> ModelChange:
    rows = collection.model_changes.select_related("old", "new", "beside", "collection")
    change = rows.open().first()
    if change is None:
        raise CommandError(f"The model of {collection} is not being changed. Name a model.")
    return change


def _see_through(change: ModelChange, *states: str) -> None:
    """Work on the change here, beside any worker, as long as it is in one of these states."""
    with tqdm(total=change.shadows.count(), desc="Embedding", unit="doc", disable=None) as bar:
        while change.state in states and not change.collection.paused:
            claimed = changes.run(change_id=change.pk, go_on=lambda: _report(change, bar))
            changes.work(1.0)
            tasks.maintain_indexes()
            changes.settle(change.pk)
            change.refresh_from_db()
            change.collection.refresh_from_db()
            if change.state in states and not claimed:
                time.sleep(PAUSE_SECONDS)  # others are at work, or one waits for its next attempt


def _report(change: ModelChange, bar: Any) -> bool:
    bar.update(changes.progress(change).done - bar.n)
    return True
