"""Documents like a text or a stored one: `similar COLLECTION -c TEXT`, `similar COLLECTION ID`."""

import json
import textwrap
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.models import Collection, Document
from collections_app.services import Rejected
from search_app.pictures import by_picture
from search_app.search import Similar, similar


class Command(shared.LlmCommand):
    help = "Print the documents of a collection most similar to a text or to one of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        parser.add_argument("id", nargs="?", help="of a document in the collection")
        shared.add_text(parser)
        shared.add_binary(parser)
        parser.add_argument("-n", "--number", type=int, default=10, help="how many (10)")
        parser.add_argument("-p", "--plain", action="store_true", help="text instead of JSON")
        parser.add_argument("--prefix", default="", help="only ids that begin with this")
        parser.add_argument(
            "--where", type=shared.json_object, help="only documents whose metadata holds this"
        )
        shared.add_database(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        shared.refuse_database(options)
        if options["number"] < 1:
            raise CommandError("The number must be 1 or more.")
        if not (options["id"] or options["content"] or options["input"]):
            raise CommandError("Must provide content or an ID for the comparison")
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            found = similar(
                user,
                collection,
                **self._asked(collection, options),
                prefix=options["prefix"],
                metadata=options["where"],
                limit=options["number"],
            )
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        show = _plain if options["plain"] else json.dumps
        for row in _rows(found):
            self.stdout.write(show(row))

    def _asked(self, collection: Collection, options: dict[str, Any]) -> dict[str, Any]:
        """The picture, the document or, where there is no id, the text to compare with."""
        if picture := shared.picture(options, collection.embedding_model):
            return {"vector": by_picture(collection.embedding_model, picture).vector}
        if options["id"]:
            document = collection.documents.filter(external_id=options["id"]).first()
            if document is None:
                raise CommandError(f"ID not found in collection: {options['id']}")
            return {"document": document}
        text, most = shared.text(options), settings.MAX_QUERY_CHARS
        if len(text) > most:
            self.stderr.write(f"The text has {len(text)} characters; the first {most} are read.")
        return {"text": text[:most]}


def _rows(found: list[Similar]) -> list[dict[str, Any]]:
    ids = [one.document.pk for one in found]
    texts = dict(Document.objects.filter(pk__in=ids).values_list("pk", "text"))
    return [
        {
            "id": one.document.external_id,
            "score": one.score,
            "content": texts.get(one.document.pk) or None,
            "metadata": one.document.metadata or None,
        }
        for one in found
    ]


def _plain(row: dict[str, Any]) -> str:
    """Id and score, then content and metadata set in, and an empty line."""
    parts = [f"{row['id']} ({row['score']})\n"]
    if row["content"]:
        parts.append(textwrap.indent(row["content"], "  "))
    if row["metadata"]:
        parts.append(textwrap.indent(json.dumps(row["metadata"]), "  "))
    return "\n".join([*parts, "", ""])
