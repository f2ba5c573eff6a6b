"""The tools: each reads what the user may see, and answers as plain data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Length, Substr
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, NotFound, Throttled
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from collections_app.models import Collection, Document, long_columns
from collections_app.throttles import AskThrottle
from rag_app import answer
from rag_app.answer_text import pieces, sources
from rag_app.assistants import inputs
from rag_app.models import Answer
from rag_app.serializers.answers import CitationSerializer
from search_app import reasons
from search_app import related as relations
from search_app import search as searching

Values = dict[str, Any]
COLLECTIONS = 100  # in one answer
PASSAGE_CHARS = 2000


@dataclass(frozen=True)
class Tool:
    """`run` takes the request, whose user asks, and arguments as `input` has checked them."""

    name: str
    title: str
    description: str
    input: type[Serializer[Any]]
    run: Callable[[Request, Values], Values]


def list_collections(request: Request, values: Values) -> Values:
    rows = Collection.objects.visible_to(request.user).with_size().filter(pk__gt=values["after"])
    found = list(rows.order_by("pk")[: COLLECTIONS + 1])
    shown = found[:COLLECTIONS]
    told = [
        {
            "collection": one.pk,
            "name": one.name,
            "description": one.description,
            "documents": one.size,  # type: ignore[attr-defined]
            "visibility": one.visibility,
            "yours": one.is_editable_by(request.user),
            "url": request.build_absolute_uri(one.get_absolute_url()),
        }
        for one in shown
    ]
    return {"collections": told, "next_after": shown[-1].pk if len(found) > len(shown) else None}


def search(request: Request, values: Values) -> Values:
    found = searching.search(
        request.user,
        values["query"],
        among=[one.pk for one in values["among"]],
        wanted=values["filters"],
        limit=values["limit"],
    )
    names = {one.pk: one.name for one in found.asked.collections}
    hits = [
        _document(request, hit.document)
        | {
            "collection": hit.document.collection_id,
            "collection_name": names.get(hit.document.collection_id, ""),
            "passage": hit.passage.text[:PASSAGE_CHARS],
            "start": hit.passage.start,
            "end": hit.passage.end,
            "score": round(hit.score, 4),
        }
        for hit in found.hits
    ]
    return {"hits": hits, "total": found.total, "good_match": found.good_match}


def fetch_document(request: Request, values: Values) -> Values:
    start, length = values["start"], values["length"]
    rows = Document.objects.visible_to(request.user).defer(*long_columns()).select_related(None)
    read = rows.annotate(part=Substr("text", start + 1, length), characters=Length("text"))
    document: Any = read.filter(pk=values["document"]).first()
    if document is None:
        raise no_document()
    end = start + len(document.part)
    return _document(request, document) | {
        "collection": document.collection_id,
        "state": document.state,
        "metadata": document.metadata,
        "text": document.part,
        "start": start,
        "characters": document.characters,
        "next_start": end if end < document.characters else None,
    }


def related(request: Request, values: Values) -> Values:
    rows = Document.objects.visible_to(request.user).select_related("collection")
    document = rows.filter(pk=values["document"]).first()
    if document is None:
        raise no_document()
    found = relations.related(document, request.user, values["limit"])
    reasons.give(document, found)
    return {
        "related": [
            _document(request, one.other) | {"score": round(one.score, 4), "shares": one.shares}  # type: ignore[attr-defined]
            for one in found
        ]
    }


def ask(request: Request, values: Values) -> Values:
    """Asked and forgotten: nothing is kept in the user's list of questions."""
    throttle = AskThrottle()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]
        raise Throttled(throttle.wait())
    with answer.passing(request.user, values["question"], values["among"]) as asked:
        try:
            reading = answer.answered(asked)
        except answer.Busy:
            raise Throttled(3, _("Many answers are being given at this moment.")) from None
        address = request.build_absolute_uri
        if reading.answer.state == Answer.State.FAILED:
            raise APIException(reading.error + sources(reading, address))
        citations = CitationSerializer(reading.citations, many=True).data
        return {
            "answer": "".join(pieces(reading)) + sources(reading, address),
            "kind": reading.answer.kind,
            "warning": reading.error,
            "citations": [{**one, "url": address(one["url"])} for one in citations],
        }


def no_document() -> NotFound:
    return NotFound(_("There is no such document. Take its number from a result of search."))


def _document(request: Request, document: Document) -> Values:
    return {
        "document": document.pk,
        "id": document.external_id,
        "title": str(document),
        "url": request.build_absolute_uri(document.get_absolute_url()),
    }


TOOLS = [
    Tool(
        "list_collections",
        "List collections",
        "The collections of documents that you may search, read and ask, with their numbers.",
        inputs.ListInput,
        list_collections,
    ),
    Tool(
        "search",
        "Search documents",
        "Find documents by meaning and by words. Each hit has its best passage, the number of its"
        " document for fetch_document and related, and a link. good_match false: these are only"
        " the nearest there are.",
        inputs.SearchInput,
        search,
    ),
    Tool(
        "fetch_document",
        "Read a document",
        "The text of a document with its metadata, in pieces: where next_start is not null, call"
        " again with it as start.",
        inputs.FetchInput,
        fetch_document,
    ),
    Tool(
        "related",
        "Find related documents",
        "The documents of the same collection that are nearest in meaning to a document.",
        inputs.RelatedInput,
        related,
    ),
    Tool(
        "ask",
        "Ask the documents",
        "Answer a question from the documents alone, with marks like [1] and their citations. kind:"
        " chat (written by the site's chat model), extractive (quoted) or none (no document is"
        " about it). To judge for yourself use search and fetch_document.",
        inputs.AskInput,
        ask,
    ),
]
