"""One text's vector, printed or stored: `embed -c TEXT`, `embed COLLECTION ID -c TEXT`."""

import base64
import json
import sys
from argparse import ArgumentParser
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import CommandError

from collections_app import services, vectors
from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.management.waiting import embed_all
from collections_app.models import Collection, Document, EmbeddingModel
from collections_app.pipeline import pictures
from collections_app.pipeline.extract import Unreadable
from collections_app.services.forgetting import forget_texts


class Command(shared.LlmCommand):
    help = "Embed a text: print its vector, or store it in a collection under an id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection", nargs="?")
        parser.add_argument("id", nargs="?")
        shared.add_text(parser)
        formats = ["json", "blob", "base64", "hex"]
        parser.add_argument("-f", "--format", choices=formats, help="how to print (json)")
        shared.add_binary(parser)
        shared.add_store(parser)
        shared.add_model(parser)
        shared.add_metadata(parser)
        shared.add_database(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["collection"] and not options["id"]:
            raise CommandError("Must provide both collection and id")
        if options["store"] and options["no_store"]:
            raise shared.usage("--store and --no-store: one or the other.")
        if options["store"] and not options["collection"]:
            raise CommandError("Must provide collection when using --store")
        shared.refuse_database(options)
        named = options["collection"]
        owner = shared.owner(options) if named else None
        found = Collection.objects.filter(owner=owner, name=named).first() if named else None
        model = found.embedding_model if found else shared.model(options["model"])
        picture = shared.picture(options, model)
        text = "" if picture else shared.text(options)
        if named:
            self._store(text, picture, options)
        if options["format"] or not named:
            made = self._seen(picture, model) if picture else self._vector(text, model)
            self._print(made, options["format"] or "json")

    def _seen(self, picture: bytes, model: EmbeddingModel) -> np.ndarray:
        try:
            copies = pictures.copies(picture)
            vector: np.ndarray = vectors.embed_pictures(model, [copies.served])[0]
        except (ModelMissing, Unreadable) as error:
            raise CommandError(str(error)) from error
        return vector

    def _vector(self, text: str, model: EmbeddingModel) -> np.ndarray:
        try:
            encoder = vectors.encoder(model)
        except ModelMissing as error:
            raise CommandError(str(error)) from error
        seen = vectors.prefixed(model, text, "passage")
        if (count := encoder.tokenizer.count(seen)) > encoder.token_limit:
            self.stderr.write(
                f"The text has {count} tokens; {model} reads the first {encoder.token_limit}."
            )
        vector: np.ndarray = encoder.encode([seen])[0]
        return vector

    def _store(self, text: str, picture: bytes | None, options: dict[str, Any]) -> None:
        """Under the model of the collection, where there is one already."""
        user = shared.owner(options)
        collection = shared.collection_made(user, options["collection"], options["model"])
        item = services.Incoming(options["id"], body=text, metadata=options["metadata"])
        if picture:
            blob = services.store_blob(BytesIO(picture), settings.MAX_UPLOAD_BYTES)
            item = replace(item, body=None, blob=blob)
        result = services.add_documents(collection, [item])
        if result.problems:
            raise CommandError(result.problems[0].message)
        embed_all(collection, lambda left: None, batch=1)
        document = collection.documents.get(external_id=options["id"])
        if document.state == Document.State.SET_ASIDE:
            raise CommandError(document.error)
        if options["no_store"]:
            forget_texts(collection.documents.filter(pk=document.pk))

    def _print(self, vector: np.ndarray, form: str) -> None:
        data = vector.astype("<f4").tobytes()
        if form == "blob":
            sys.stdout.buffer.write(data + b"\n")  # as the reference tool does
        elif form == "json":
            self.stdout.write(json.dumps([float(number) for number in vector]))
        else:
            self.stdout.write(base64.b64encode(data).decode() if form == "base64" else data.hex())
