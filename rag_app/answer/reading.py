"""A stored answer as its asker may see it now."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import BooleanField, Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Now, Substr
from django.utils.translation import gettext as _

from collections_app.models import Document, long_columns
from rag_app.answer.asking import asker
from rag_app.language.citations import Segment, parse
from rag_app.models import Answer, Citation, Question

UNSTARTED = timedelta(minutes=5)  # a chat answer that nothing began to write in this time


@dataclass(frozen=True)
class Reading:
    """An answer and the citations whose documents the asker may see.

    `quotes` are cited; `passages` are those of a chat model's prompt, cited or not, or those
    found beside the quotes. Each has `current`: False once the
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
    def citations(self) -> list[Citation]:
        """All that the asker may see, in the order of their numbers."""
        both = {citation.number: citation for citation in [*self.quotes, *self.passages]}
        return [both[number] for number in sorted(both)]

    @property
    def uncited(self) -> list[Citation]:
        return [citation for citation in self.passages if not citation.cited]

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    @property
    def unsupported(self) -> bool:
        """Does a sentence of the answer cite nothing?"""
        return any(not segment.supported for segment in self.segments)

    @property
    def gone(self) -> bool:
        """Was it quoted from documents of which none can be seen any more?"""
        return self.answer.kind == Answer.Kind.EXTRACTIVE and not self.quotes

    @property
    def can_retry(self) -> bool:
        failed = self.answer.state in (Answer.State.PARTIAL, Answer.State.FAILED)
        return self.withheld or self.gone or failed


def read(question: Question) -> Reading:
    """The answer in segments, with its visible citations."""
    answer = question.answer
    settle(answer)
    citations = visible_citations(question)
    is_chat = answer.kind == Answer.Kind.CHAT
    withheld = is_withheld(answer, citations)
    quotes = [citation for citation in citations if citation.cited]
    others = [citation for citation in citations if not citation.cited]
    segments = [] if withheld else _segments(answer, citations, quotes)
    return Reading(question, answer, segments, quotes, citations if is_chat else others, withheld)


def is_withheld(answer: Answer, visible: list[Citation]) -> bool:
    """Was a chat answer written from more than its asker may see now?"""
    return answer.kind == Answer.Kind.CHAT and answer.citations.count() != len(visible)


def _segments(answer: Answer, citations: list[Citation], quotes: list[Citation]) -> list[Segment]:
    """A chat answer's text taken apart; else the quotes, each with its number."""
    if answer.kind == Answer.Kind.CHAT:
        return parse(answer.text, {citation.number for citation in citations}).segments
    segments: list[Segment] = []
    for quote in quotes:
        before = "\n\n" if segments else ""
        mark = Segment(f"[{quote.number}]", quote.number)
        segments += [Segment(f"{before}{quote.quote} "), mark]
    return segments


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
        .defer(*long_columns("document"))
        .order_by("number")
    )


def settle(answer: Answer) -> None:
    """Mark an answer as cut off whose writer is gone, or that nobody began to write."""
    if answer.state != Answer.State.PENDING:
        return
    gone = Q(lease_until__lt=Now()) | Q(lease_until=None, created__lt=Now() - UNSTARTED)
    settled = Answer.objects.filter(gone, pk=answer.pk, state=Answer.State.PENDING).update(
        state=cut_off(),
        error=_("The answer was cut off before it was whole. Try again."),
        lease_until=None,
    )
    if settled:
        answer.refresh_from_db()


def cut_off() -> Case:
    """The state of an answer whose writing ended too soon: partial if there is some text."""
    failed, partial = Value(Answer.State.FAILED.value), Value(Answer.State.PARTIAL.value)
    return Case(When(text="", then=failed), default=partial)


def forget(document_ids: list[int]) -> None:
    """Drop chat answers written from documents that are being deleted: their words go too."""
    touched = Citation.objects.filter(document_id__in=document_ids).values("answer_id")
    Answer.objects.filter(kind=Answer.Kind.CHAT, pk__in=touched).update(
        text="",
        state=Answer.State.FAILED,
        error=_("A document that this answer used was deleted. Ask again."),
        lease_until=None,
    )
