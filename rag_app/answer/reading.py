"""A stored answer as its asker may see it now."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import BooleanField, Case, ExpressionWrapper, F, Q, When
from django.db.models.functions import Now, Substr
from django.utils.translation import gettext as _

from collections_app.models import Document
from rag_app.answer.asking import asker
from rag_app.language.citations import Segment, parse
from rag_app.models import Answer, Citation, Question

UNSTARTED = timedelta(minutes=5)  # a chat answer that nothing began to write in this time


@dataclass(frozen=True)
class Reading:
    """An answer and the citations whose documents the asker may see.

    `quotes` are cited, `passages` were found. Each has `current`: False once the
    document no longer says this at this place. `withheld`: a chat answer was written from a
    passage that the asker may no longer see, so its text is not shown.
    """

    question: Question
    answer: Answer
    segments: list[Segment] = field(default_factory=list)
    quotes: list[Citation] = field(default_factory=list)
    passages: list[Citation] = field(default_factory=list)
    withheld: bool = False

    @property
    def unsupported(self) -> bool:
        """Does a sentence of the answer cite nothing?"""
        return any(not segment.supported for segment in self.segments)

    @property
    def can_retry(self) -> bool:
        return self.withheld or self.answer.state in (Answer.State.PARTIAL, Answer.State.FAILED)


def read(question: Question) -> Reading:
    """The answer in segments, with its visible citations."""
    answer = question.answer
    settle(answer)
    citations = visible_citations(question)
    is_chat = answer.kind == Answer.Kind.CHAT
    withheld = is_chat and answer.citations.count() != len(citations)
    shown = is_chat and not withheld
    numbers = {citation.number for citation in citations}
    return Reading(
        question,
        answer,
        parse(answer.text, numbers).segments if shown else [],
        [citation for citation in citations if citation.cited],
        citations if is_chat else [citation for citation in citations if not citation.cited],
        withheld,
    )


def visible_citations(question: Question) -> list[Citation]:
    """Citations in order, each with `current` set; documents come without their texts."""
    length = F("end") - F("start")
    return list(
        Citation.objects.filter(
            answer__question=question, document__in=Document.objects.visible_to(asker(question))
        )
        .annotate(
            current=ExpressionWrapper(
                Q(quote=Substr("document__text", F("start") + 1, length)),
                output_field=BooleanField(),
            )
        )
        .select_related("document")
        .defer("document__text", "document__body", "document__metadata")
        .order_by("number")
    )


def is_current(citation: Citation) -> bool:
    """Does the document still say this at this place?"""
    return citation.document.text[citation.start : citation.end] == citation.quote


def settle(answer: Answer) -> None:
    """Mark an answer as cut off whose writer is gone, or that nobody began to write."""
    if answer.state != Answer.State.PENDING:
        return
    gone = Q(lease_until__lt=Now()) | Q(lease_until=None, created__lt=Now() - UNSTARTED)
    settled = Answer.objects.filter(gone, pk=answer.pk, state=Answer.State.PENDING).update(
        state=Case(
            When(text="", then=Answer.State.FAILED.value), default=Answer.State.PARTIAL.value
        ),
        error=_("The answer was cut off before it was whole. Try again."),
        lease_until=None,
    )
    if settled:
        answer.refresh_from_db()


def forget(document_ids: list[int]) -> None:
    """Drop chat answers written from documents that are being deleted: their words go too."""
    touched = Citation.objects.filter(document_id__in=document_ids).values("answer_id")
    Answer.objects.filter(kind=Answer.Kind.CHAT, pk__in=touched).update(
        text="",
        state=Answer.State.FAILED,
        error=_("A document that this answer used was deleted. Ask again."),
        lease_until=None,
    )
