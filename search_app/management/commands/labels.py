"""Label sets of a collection as JSON, and taxonomies made: `labels COLLECTION [NAME]`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import label_lines, label_sets
from search_app.models import LabelSet


class Command(BaseCommand):
    help = (
        "List a collection's label sets; with a name, the label of each document. With --from a "
        "file of labels and descriptions a taxonomy of that name is made, or made anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        parser.add_argument("name", nargs="?", help="of a label set")
        parser.add_argument(
            "--from", dest="file", help="a file of lines “label: description”, CSV or JSON"
        )
        parser.add_argument(
            "--dewey", action="store_true", help="Dewey's ten main classes, instead of a file"
        )
        parser.add_argument(
            "--margin", type=float, default=0.02, help="below which no label is given (0.02)"
        )
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            shown = self._done(collection, options)
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))

    def _done(self, collection: Collection, options: dict[str, Any]) -> Any:
        name = options["name"]
        if options["file"] or options["dewey"]:
            if not name:
                raise CommandError("Name the taxonomy: labels COLLECTION NAME --from FILE")
            _make(collection, name, _read(options), options["margin"])
        if not name:
            return [_told(one) for one in LabelSet.objects.filter(collection=collection)]
        rows = LabelSet.objects.filter(collection=collection, name=name)
        found = rows.select_related("collection__embedding_model").order_by("pk").last()
        if found is None:
            known = ", ".join(
                LabelSet.objects.filter(collection=collection).values_list("name", flat=True)
            )
            raise CommandError(f"No label set is named “{name}”. There are: {known or 'none'}.")
        return _told(found) | {"documents": list(_documents(found))}


def _read(options: dict[str, Any]) -> dict[str, list[str]]:
    path = label_lines.DEWEY if options["dewey"] else Path(options["file"])
    try:
        return label_lines.labelled(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _make(collection: Collection, name: str, labels: dict[str, list[str]], margin: float) -> None:
    if not 0 <= margin <= 2:
        raise CommandError("--margin must be from 0 to 2.")
    kind = LabelSet.Source.DESCRIPTIONS
    made = label_sets.make_label_set(
        collection, name=name[:120], source=kind, examples=labels, margin=margin
    )
    former = LabelSet.objects.filter(collection=collection, name=made.name, source=kind)
    former.exclude(pk=made.pk).delete()


def _told(label_set: LabelSet) -> dict[str, Any]:
    counted = dict(label_sets.counts(label_set))
    without = counted.pop("", 0)
    return {
        "id": label_set.pk,
        "name": label_set.name,
        "source": label_set.source,
        "margin": label_set.margin,
        "labels": counted,
        "without": without,
    }


def _documents(label_set: LabelSet) -> Any:
    keys = ("document__external_id", "label", "nearest", "cosine", "margin")
    for row in label_set.assigned.order_by("-margin", "pk").values_list(*keys):
        yield dict(zip(("id", *keys[1:]), row, strict=True))
