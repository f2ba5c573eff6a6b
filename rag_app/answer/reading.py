"""A stored answer as its asker may see it now."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from math import ceil

from django.db.models import (
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Now, StrIndex, Substr
from django.urls import reverse
from django.utils import timezone

from collections_app.models import Document, Viewer, long_columns
from rag_app.answer import problems
from rag_app.answer.checking import stored
from rag_app.answer.waiting import waiting
from rag_app.language.citations import Segment, checked, parse
from rag_app.models import Answer, Citation, Question

UNSTARTED = timedelta(minutes=5)  # a chat answer that nothing began to write in this time


@dataclass(frozen=True)
class Reading:
    """An answer and the citations whose documents the asker may see.

    `quotes` are cited; `passages` are those of a chat model's prompt, cited or not, or those
    found beside the quotes. Each has `current`: False once the document no longer says this at
    this place, and `moved`: how many characters further on it does, None where it does not at
    all. `withheld`: a chat answer was written from a
    passage that the asker may no longer see, so its text is not shown. `own`: it is read by an
    asker with an account, who is told what the chat server itself says of a failure.
    """

    question: Question
    answer: Answer
    segments: list[Segment] = field(default_factory=list)
    quotes: list[Citation] = field(default_factory=list)
    passages: list[Citation] = field(default_factory=list)
    withheld: bool = False
    own: bool = False

    @cached_property
    def waiting(self) -> int:
        """How many documents it cannot know yet, where it is that none is about the question."""
        return waiting(self.question)

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
        """Does no passage support some sentence of the answer?"""
        return any(not segment.supported for segment in self.segments)

    @property
    def doubts(self) -> list[Segment]:
        """The sentences that were checked and found without support."""
        unsaid = [one for one in self.segments if one.why and one.number is None]
        return [one for one in unsaid if any(map(str.isalnum, one.text))]  # no full stop alone

    @property
    def unfounded(self) -> bool:
        """Does no passage support any sentence of a written answer that is whole?"""
        said = [one for one in self.answer.checks if one["score"] < 1 or one["spans"]]
        whole = self.answer.state == Answer.State.COMPLETE and not self.withheld
        return whole and bool(said) and all(one["why"] for one in said)

    @property
    def gone(self) -> bool:
        """Was it quoted from documents of which none can be seen any more?"""
        return self.answer.kind == Answer.Kind.EXTRACTIVE and not self.quotes

    @property
    def is_whole(self) -> bool:
        """Does its reader see all the passages it has?"""
        return self.answer.citations.count() == len(self.citations)

    @property
    def can_retry(self) -> bool:
        failed = self.answer.state in (Answer.State.PARTIAL, Answer.State.FAILED)
        return self.withheld or self.gone or failed

    @property
    def error(self) -> str:
        """What went wrong and what to do, in the reader's language; else empty."""
        kept = self.answer.problem
        if not kept:  # of an answer from before kinds were kept, or of none
            return self.answer.error
        wait = self.retry_in if self.answer.retry_at else None
        return problems.in_words(kept, wait, server=self.own)

    @property
    def retry_in(self) -> int:
        """In how many seconds the chat server may be asked again, where it said so; else 0."""
        at = self.answer.retry_at
        return max(0, ceil((at - timezone.now()).total_seconds())) if at else 0


def read(question: Question, viewer: Viewer | None = None) -> Reading:
    """The answer in segments, with the citations that its asker may see, or that the viewer may."""
    settle(question.answer)
    citations = visible_citations(question, viewer)
    withheld = is_withheld(question.answer, citations)
    return _reading(question, citations, withheld, own=viewer is None)


def read_drafted(question: Question) -> Reading:
    """The answer of a question that was asked in this moment, for its asker: with its passages as
    they were found, whose words and whose collections were looked at then."""
    citations = question.answer.drafted
    for one in citations:
        one.current, one.moved = True, 0  # type: ignore[attr-defined]  # as of those read
        one.url = opened(one, question)
    return _reading(question, citations, withheld=False, own=True)


def _reading(
    question: Question, citations: list[Citation], withheld: bool, *, own: bool
) -> Reading:
    answer = question.answer
    is_chat = answer.kind == Answer.Kind.CHAT
    quotes = [citation for citation in citations if citation.cited]
    others = [citation for citation in citations if not citation.cited]
    segments = [] if withheld else _segments(answer, citations, quotes)
    segments = _opening(segments, citations, question)
    passages = citations if is_chat else others
    own = own and has_account(question)
    return Reading(question, answer, segments, quotes, passages, withheld, own)


def has_account(question: Question) -> bool:
    """Was it asked by a user, not by a visitor or on another site?"""
    return question.user_id is not None


def is_withheld(answer: Answer, visible: list[Citation]) -> bool:
    """Was a chat answer written from more than its asker may see now? `visible` are those of
    `visible_citations`."""
    if answer.kind != Answer.Kind.CHAT:
        return False
    if not visible:
        return answer.citations.exists()
    total: int = visible[0].in_all  # type: ignore[attr-defined]  # told with each
    return total != len(visible)


def _segments(answer: Answer, citations: list[Citation], quotes: list[Citation]) -> list[Segment]:
    """A chat answer's text taken apart; else the quotes, each with its number."""
    if answer.kind == Answer.Kind.CHAT:
        numbers = {citation.number for citation in citations}
        if answer.checks and answer.state != Answer.State.PENDING:
            return checked(answer.text, stored(answer.checks), numbers)
        return parse(answer.text, numbers).segments
    segments: list[Segment] = []
    for quote in quotes:
        before = "\n\n" if segments else ""
        mark = Segment(f"[{quote.number}]", quote.number)
        segments += [Segment(f"{before}{quote.quote} "), mark]
    return segments


def _opening(
    segments: list[Segment], citations: list[Citation], question: Question
) -> list[Segment]:
    """The same; those that stand for a citation with its words and the address that opens it."""
    known = {citation.number: citation for citation in citations}
    made = []
    for one in segments:
        if one.number is not None:
            home = known[one.number]
            start = home.start if one.start is None else one.start
            end = home.end if one.end is None else one.end
            quote = home.quote[start - home.start : end - home.start]
            url = opened(home, question, start, end)
            one = replace(one, start=start, end=end, quote=quote, url=url)
        made.append(one)
    return made


def visible_citations(question: Question, viewer: Viewer | None = None) -> list[Citation]:
    """What its asker, or the viewer, may see of them: in order, each with `current` and `moved`
    set (`Reading`), with `url`, which opens it, and `in_all`, how many the answer has; documents
    come without their texts."""
    viewer = question.asker if viewer is None else viewer
    length = F("end") - F("start")
    of_answer = Citation.objects.filter(answer=OuterRef("answer")).order_by().values("answer")
    rows = (
        Citation.objects.filter(
            answer__question=question, document__in=Document.objects.visible_to(viewer)
        )
        .annotate(
            current=ExpressionWrapper(
                Q(quote=Substr("document__text", F("start") + 1, length)),
                output_field=BooleanField(),
            ),
            elsewhere=StrIndex("document__text", F("quote")),
            in_all=Subquery(of_answer.annotate(n=Count("pk")).values("n")),
        )
        .select_related("document")
        .defer(*long_columns("document"))
        .order_by("number")
    )
    found: list[Citation] = []
    for one in rows:
        at = one.start if one.current else one.elsewhere - 1  # StrIndex counts from 1, 0 is none
        one.moved = None if at < 0 else at - one.start
        one.url = opened(one, question)
        found.append(one)
    return found


def opened(
    citation: Citation, question: Question, start: int | None = None, end: int | None = None
) -> str:
    """The address of the document at the span, wherever that stands by now, or, where the
    document no longer has it, of the text as it was."""
    start = citation.start if start is None else start
    end = citation.end if end is None else end
    if citation.moved is not None:
        return citation.at_span(start + citation.moved, end + citation.moved)
    address = reverse("citation", args=[question.pk, citation.number])
    return f"{address}?start={start}&end={end}#mark"


def settle(answer: Answer) -> None:
    """Mark an answer as cut off whose writer is gone, or that nobody began to write."""
    fresh = answer.lease_until is None and answer.created > timezone.now() - UNSTARTED
    if answer.state != Answer.State.PENDING or fresh:
        return
    gone = Q(lease_until__lt=Now()) | Q(lease_until=None, created__lt=Now() - UNSTARTED)
    settled = Answer.objects.filter(gone, pk=answer.pk, state=Answer.State.PENDING).update(
        state=cut_off(), lease_until=None, **problems.columns({"kind": "gone"})
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
        checks=[],
        state=Answer.State.FAILED,
        lease_until=None,
        **problems.columns({"kind": "deleted"}),
    )
