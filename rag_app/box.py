"""The question box on other people's sites: a public collection's, the same for everyone."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from collections_app.models import Collection, Document
from rag_app import answer
from rag_app.models import Answer, Citation
from rag_app.templatetags.quotes import as_read
from search_app.analysis.page_addresses import is_web

EVERYONE = AnonymousUser()
SHOWN_CHARS = 400  # of a passage


@dataclass(frozen=True)
class Piece:
    """Text of an answer or, with a `number`, the mark of a citation."""

    text: str
    number: int | None = None
    supported: bool = True


@dataclass(frozen=True)
class Source:
    """A passage behind an answer: `source` is the page it came from, empty where none is known;
    `path` leads to it here; `quote` is empty where the answer has it already."""

    number: int
    title: str
    path: str
    source: str
    quote: str
    score: float


@dataclass(frozen=True)
class Reply:
    """`note` says what kind of answer it is, `problem` what went wrong, if something did."""

    kind: str
    note: str
    problem: str = ""
    pieces: list[Piece] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


def ask(collection: Collection, text: str) -> Reply:
    """Answered with what everyone may see, and forgotten. Raises Rejected, ModelMissing, Busy."""
    with answer.passing(EVERYONE, text, [collection]) as asked:
        return _reply(answer.answered(asked))


def _reply(reading: answer.Reading) -> Reply:
    kind = reading.answer.kind
    if reading.withheld or reading.gone:
        return Reply(kind, "", _("The documents of this answer have just gone. Ask again."))
    if kind == Answer.Kind.NONE:
        note = _("No document is about this.")
        if reading.passages:
            note += " " + _("The nearest passages:")
        return Reply(kind, note, sources=[_source(one) for one in reading.passages])
    if kind == Answer.Kind.EXTRACTIVE:
        note = _("Quoted from the documents, no language model")
        pieces = list(_quoted(reading.quotes))
    else:
        note = _("Written by a language model from the passages below")
        pieces = [Piece(one.text, one.number, one.supported) for one in reading.segments]
    sources = [_source(one) for one in reading.quotes or reading.passages]
    if kind == Answer.Kind.EXTRACTIVE:
        sources = [replace(one, quote="") for one in sources]
    return Reply(kind, note if pieces else "", reading.error, pieces, sources)


def _quoted(quotes: list[Citation]) -> Iterator[Piece]:
    for place, quote in enumerate(quotes):
        yield Piece(("\n\n" if place else "") + f"“{as_read(quote)}” ")
        yield Piece(f"[{quote.number}]", quote.number)


def _source(citation: Citation) -> Source:
    text = as_read(citation)
    return Source(
        citation.number,
        str(citation.document),
        citation.get_absolute_url(),
        _came_from(citation.document),
        text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…",
        round(citation.score, 4),
    )


def _came_from(document: Document) -> str:
    """Where a link may lead: an address of the web, from the metadata or as the id."""
    found = (document.metadata.get("url"), document.external_id)
    return next((text for text in found if isinstance(text, str) and is_web(text)), "")
