"""What became of each passage that was found, kept with an answer and read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from collections_app.models import Document, Passage, Viewer, long_columns
from rag_app.answer.finding import Find
from rag_app.answer.steering import Chosen
from rag_app.language.context import Context


@dataclass(frozen=True)
class LeftOut:
    """A passage that was found and is not in the prompt as one of its own.

    `outcome` is `budget`, `duplicate` or `merged`, the last two with the `number` of the passage
    meant. `why` is what its score is made of. `passage` is None once its document is split anew.
    """

    document: Document
    passage: Passage | None
    start: int
    end: int
    outcome: str
    number: int | None
    tokens: int
    why: dict[str, Any]

    @property
    def key(self) -> str:
        return Chosen(self.document.pk, self.start, self.end).key

    @property
    def in_words(self) -> str:
        if self.outcome == "merged":
            return _("part of passage %(n)d: it stands next to it") % {"n": self.number}
        if self.outcome == "duplicate":
            return _("passage %(n)d says it already") % {"n": self.number}
        return _("no room for its %(n)d tokens") % {"n": self.tokens}


def kept(finds: Sequence[Find], context: Context) -> list[dict[str, Any]]:
    """What `Answer.packing` has: no words of documents, only where they stand."""
    return [
        {
            "document": found.document.pk,
            "passage": found.passage.pk,
            "start": found.passage.start,
            "end": found.passage.end,
            "outcome": decision.outcome,
            "number": decision.number,
            "tokens": decision.tokens,
            "why": found.why,
        }
        for found, decision in zip(finds, context.decisions, strict=True)
    ]


def left_out(viewer: Viewer, rows: Sequence[dict[str, Any]]) -> list[LeftOut]:
    """Of these, those of documents that the viewer may see, best first. Two statements."""
    wanted = [row for row in rows if row["outcome"] != "sent"]
    if not wanted:
        return []
    documents = (
        Document.objects.visible_to(viewer)
        .filter(pk__in={row["document"] for row in wanted})
        .defer(*long_columns())
        .in_bulk()
    )
    passages = Passage.objects.in_bulk([row["passage"] for row in wanted])
    return [
        LeftOut(
            documents[row["document"]],
            passages.get(row["passage"]),
            *(row[name] for name in ("start", "end", "outcome", "number", "tokens", "why")),
        )
        for row in wanted
        if row["document"] in documents
    ]


def tokens_of(rows: Sequence[dict[str, Any]]) -> dict[int, int]:
    """{number of a passage: tokens of all the pieces in it}"""
    counts: dict[int, int] = {}
    for row in rows:
        if row["outcome"] in ("sent", "merged"):
            counts[row["number"]] = counts.get(row["number"], 0) + row["tokens"]
    return counts
