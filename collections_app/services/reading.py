"""How documents are read: settings of their own, which go before what is found out and before
those of their collection."""

from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from collections_app.ingest import requeued
from collections_app.lengths import problem_with_passages
from collections_app.models import Collection, Document
from collections_app.pipeline.decode import known
from collections_app.pipeline.extract import FORMATS, TEXTS
from collections_app.services.queueing import put_back, retry
from collections_app.storage import Rejected

SETTINGS = ("as_format", "as_encoding", "passage_tokens", "passage_overlap")


def check(collection: Collection, wanted: dict[str, Any], *, files: bool) -> None:
    """Raises Rejected for settings that its documents, `files` or texts, cannot have."""
    as_format, as_encoding = wanted.get("as_format"), wanted.get("as_encoding")
    if as_format and as_format not in (FORMATS if files else TEXTS):
        raise Rejected(_("“%(format)s” is no format that can be read.") % {"format": as_format})
    if as_encoding and not files:
        raise Rejected(_("It came as text, which has no encoding: leave the encoding empty."))
    if as_encoding and not known(as_encoding):
        message = _("No encoding is called “%(encoding)s”. Choose one such as utf-8 or cp1252.")
        raise Rejected(message % {"encoding": as_encoding})
    model = collection.embedding_model
    tokens, overlap = wanted.get("passage_tokens"), wanted.get("passage_overlap")
    if tokens is None and overlap is not None:
        tokens = min(collection.passage_tokens or model.token_limit, model.token_limit)
    if message := problem_with_passages(model, tokens, overlap):
        raise Rejected(message)


def changed(document: Document, wanted: dict[str, Any]) -> dict[str, Any]:
    """The columns to write, of those that are not None.

    A text that stands for the body goes back to be the body: what it is read as next may
    leave less of it.
    """
    changes = {name: v for name, v in wanted.items() if v != getattr(document, name)}
    told_format = changes.keys() & {"as_format", "as_encoding"}
    if told_format and document.body is None and document.blob_id is None:
        changes["body"] = document.text
    return changes


@transaction.atomic
def retry_otherwise(
    collection: Collection, queryset: QuerySet[Document], wanted: dict[str, Any]
) -> int:
    """As `retry`, for documents of the collection, with these SETTINGS; how many.

    Where some came as files and some as texts, texts leave out what only a file can have.
    Raises Rejected for what none of them can have.
    """
    if not wanted:
        return retry(queryset)
    rows = queryset.filter(collection=collection).exclude(state=Document.State.READY)
    files, texts = rows.exclude(blob=None), rows.filter(blob=None)
    check(collection, wanted, files=files.exists() or not texts.exists())
    of_texts = {name: value for name, value in wanted.items() if name != "as_encoding"}
    if wanted.get("as_format") not in TEXTS:
        of_texts.pop("as_format", None)
    if "as_format" in of_texts:
        of_texts["body"] = Coalesce(F("body"), F("text"))
    count = put_back(files, requeued() | wanted)
    return count + put_back(texts, requeued() | of_texts)
