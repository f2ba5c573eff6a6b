"""One document: its content to text, the text to passages with their keyword terms."""

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from collections_app import storage, vectors
from collections_app.ingest import copies
from collections_app.ingest.clock import Clock
from collections_app.models import Document, EmbeddingModel
from collections_app.pipeline import pictures
from collections_app.pipeline.code.places import placed
from collections_app.pipeline.extract import Extracted, Limits, Unreadable, extract
from collections_app.pipeline.split import Span, embedded_text, split
from collections_app.pipeline.terms import passage_terms
from collections_app.pipeline.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

TITLE_LENGTH = 500
_OF_READING = ("warnings", "scanned_pages")  # in the metadata; they hold for one reading


class Unusable(Exception):  # noqa: N818 - a statement about the content
    """The document can never be embedded as it is: at which stage, why, and what in the source
    is to blame, where that is known."""

    def __init__(self, stage: str, reason: str, place: Mapping[str, object] | None = None) -> None:
        super().__init__(reason)
        self.stage = stage
        self.place = place


@dataclass(frozen=True)
class Part:
    """A passage to be: its span, and the text as the model is to read it."""

    span: Span
    text: str
    embedded: str
    content_hash: str
    terms: Counter[str]
    place: Mapping[str, object]
    picture: str = ""  # the digest of the stored file that is embedded in place of the text


@dataclass(frozen=True)
class Reading:
    """What was read from a document: all that is stored but the vectors."""

    document: Document
    title: str
    text: str
    media_type: str
    format: str
    encoding: str
    metadata: dict[str, Any]
    parts: list[Part]
    reached: dict[str, str]  # ISO times by stage


@dataclass(frozen=True)
class Reader:
    """Reads documents for one model."""

    model: EmbeddingModel
    tokenizer: Tokenizer
    limit: int
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def of(cls, model: EmbeddingModel) -> "Reader":
        """Raises what `vectors.tokenizer` raises when the model is not there."""
        tokenizer = vectors.tokenizer(model)
        prefix = tokenizer.count(model.passage_prefix) - tokenizer.count("")
        return cls(model, tokenizer, model.token_limit - prefix)

    def read(self, document: Document) -> Reading:
        """Raises Unusable for content that no attempt could embed."""
        found = _extracted(document)
        extracted = self.clock.now()
        title = document.title or found.title[:TITLE_LENGTH].strip()
        heading = "" if title in (document.external_id, found.text.strip()) else title
        try:
            spans = self._spans(document, found, heading)
        except Exception as error:
            logger.exception("Document %d cannot be split.", document.pk)
            raise Unusable("split", f"The text could not be split ({error!r}).") from error
        if seen := self._picture(document, found):
            spans = [Span(0, len(found.text), "", 0)]
        if not spans:
            raise Unusable("split", "No text was found in it. Add one that has words.")
        title = title or document.external_id
        return Reading(
            document=document,
            title=title,
            text=found.text,
            media_type=found.media_type,
            format=found.format,
            encoding=found.encoding,
            metadata=_metadata(found, document),
            parts=[self._part(document, title, found, span, seen) for span in spans],
            reached={"extracted": extracted, "split": self.clock.now()},
        )

    def _spans(self, document: Document, found: Extracted, title: str) -> list[Span]:
        wanted = document.collection
        tokens = document.passage_tokens or wanted.passage_tokens
        overlap = document.passage_overlap
        limit = min(tokens or self.limit, self.limit)
        return split(
            found.text,
            found.media_type,
            self.tokenizer,
            limit,
            wanted.passage_overlap if overlap is None else overlap,
            title=title,
        )

    def _picture(self, document: Document, found: Extracted) -> str:
        """The stored file, where the model is to see it: its words are keywords then."""
        is_picture = found.format in pictures.FORMATS and self.model.takes_pictures
        return str(document.blob_id) if is_picture and document.blob_id else ""

    def _part(
        self, document: Document, title: str, found: Extracted, span: Span, picture: str
    ) -> Part:
        passage = found.text[span.start : span.end]
        headed = embedded_text(span.heading, passage)
        embedded = vectors.prefixed(self.model, headed, "passage")
        hashed = f"picture\n{picture}" if picture else embedded
        return Part(
            span=span,
            text=passage,
            embedded=embedded,
            content_hash=hashlib.sha256(hashed.encode()).hexdigest(),
            # Keywords of the title, also where it is only the id.
            terms=passage_terms(title, span.heading, passage, document.collection.language),
            place=found.places_of(span.start, span.end),
            picture=picture,
        )


def _metadata(found: Extracted, document: Document) -> dict[str, Any]:
    """What was given goes before what was found, but not what an earlier reading found missing."""
    given = {key: value for key, value in document.metadata.items() if key not in _OF_READING}
    return {**found.metadata, **given}


def _extracted(document: Document) -> Extracted:
    limits = Limits(settings.EXTRACT_MEMORY_MB, settings.EXTRACT_SECONDS)
    try:
        data = _content(document)
        found = extract(
            data,
            name=document.external_id if document.blob else "",
            media_type=document.media_type,
            max_chars=settings.MAX_TEXT_CHARS,
            as_format=document.as_format,
            as_encoding=document.as_encoding if document.blob else "",
            limits=limits,
        )
        if document.blob and found.format in pictures.FORMATS:
            copies.make(document.blob, data, limits)
        return placed(found, document.metadata.get("lines"))
    except Unreadable as error:
        raise Unusable("extract", str(error), error.place) from error
    except FileNotFoundError as error:
        raise Unusable("extract", "The stored file is gone. Add the document again.") from error
    except Exception as error:
        # Parsers on hostile input: whatever they raise, the next attempt would raise it too.
        logger.exception("Document %d cannot be read.", document.pk)
        raise Unusable("extract", f"The content could not be read ({error!r}).") from error


def _content(document: Document) -> bytes:
    if document.blob:
        return storage.read(document.blob)
    return (document.source_text or "").encode()
