"""From a question to its passages, and to a first answer where no chat model is needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from collections_app.copying import copy_rows
from collections_app.models import Viewer
from collections_app.services import Rejected
from rag_app.answer import chats, gate, packing, quoting
from rag_app.answer.finding import Find, find
from rag_app.answer.places import place_of
from rag_app.answer.steering import stored
from rag_app.answer.templates import kept, template_of
from rag_app.language.budget import QuestionTooLong
from rag_app.language.chat import Message
from rag_app.language.context import PinnedTooLong, Span
from rag_app.language.prompts import Template, new_marker
from rag_app.models import Answer, Citation, Question

CITATIONS = (
    "answer_id number document_id passage_id start end quote content_hash score place cited why"
    " pinned",
    "int8 int2 int8 int8 int4 int4 text text float8 jsonb bool jsonb bool",
)
NEAREST = 5  # passages shown beside an answer, or in place of one


@dataclass
class Draft:
    """An answer before it is saved. Citations are numbered in their order. Of a chat model's:
    the prompt, its tokens and the most there may be, and what became of each passage found."""

    kind: Answer.Kind
    state: Answer.State = Answer.State.COMPLETE
    chat_model: str = ""
    citations: list[Citation] = field(default_factory=list)
    marker: str = ""
    packing: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    tokens: int = 0
    limit: int = 0
    template: dict[str, Any] = field(default_factory=dict)

    def save(self, question: Question) -> None:
        """As the answer of a question that is stored, with its citations as `drafted`."""
        answer = Answer.objects.create(
            question=question,
            kind=self.kind,
            state=self.state,
            chat_model=self.chat_model,
            marker=self.marker,
            packing=self.packing,
            template=self.template,
        )
        copy_rows(Citation, *CITATIONS, (_row(answer, one) for one in self.citations))
        for citation in self.citations:
            citation.answer = answer
        answer.drafted = self.citations
        question.answer = answer


def draft(user: Viewer, question: Question, template: Template | None = None) -> Draft:
    """What is answered as far as it is known at once; in the words of this template, or of the
    collection's. Raises Rejected and ModelMissing."""
    chat = chats.chosen(question.chat)
    if chat:
        chats.check_limit(chat)
    finds = find(
        user,
        question.looked_for,
        question.collection,
        question.among,
        filters=question.filters,
        pinned=stored(question.pinned),
        dropped=stored(question.dropped),
    )
    about = gate.relevant([one for one in finds if not one.pinned])
    used = [*(one for one in finds if one.pinned), *about]
    if not used:
        made = _nothing(finds)
    elif chat is None:
        made = _quoted(used)
    else:
        made = _written(question, used, chat, template or template_of(question.collection))
    for number, citation in enumerate(made.citations, start=1):
        citation.number = number
    return made


def _nothing(finds: Sequence[Find]) -> Draft:
    nearest = [_citation(found, cited=False) for found in finds[:NEAREST]]
    return Draft(Answer.Kind.NONE, citations=nearest)


def _quoted(finds: Sequence[Find]) -> Draft:
    """The best sentences, then the passages that were found but not quoted."""
    citations = [
        _citation(finds[quote.passage], quote.start, quote.end, quote.score)
        for quote in quoting.quotes(finds)
    ]
    if not citations:
        return _nothing(finds)
    used = {citation.passage_id for citation in citations}
    others = [found for found in finds if found.passage.pk not in used]
    shown = [one for n, one in enumerate(others) if n < NEAREST or one.pinned]
    citations += [_citation(found, cited=False) for found in shown]
    return Draft(Answer.Kind.EXTRACTIVE, citations=citations)


def _written(
    question: Question, finds: Sequence[Find], chat: chats.Chat, template: Template
) -> Draft:
    marker = new_marker()
    try:
        context = chats.context(question, finds, chat, marker, template)
    except QuestionTooLong as error:
        raise Rejected(
            _("The question leaves no room for passages in the chat model's context. Shorten it.")
        ) from error
    except PinnedTooLong as error:
        raise Rejected(
            _("The pinned passages do not fit into the chat model's context. Unpin one of them.")
        ) from error
    if not context.spans:
        raise Rejected(
            _("No passage fits beside the question in the chat model's context. Shorten it.")
        )
    return Draft(
        Answer.Kind.CHAT,
        Answer.State.PENDING,
        chat.name,
        [_merged(finds, span) for span in context.spans],
        marker,
        packing.kept(finds, context),
        context.messages,
        context.tokens,
        chat.context_tokens,
        kept(template),
    )


def _merged(finds: Sequence[Find], span: Span) -> Citation:
    """A passage of the prompt: what was found best of it, with its neighbours."""
    made = _citation(finds[span.pieces[0]], span.piece.start, span.piece.end, cited=False)
    made.pinned = any(finds[place].pinned for place in span.pieces)
    return made


def _row(answer: Answer, one: Citation) -> tuple[Any, ...]:
    return (
        answer.pk, one.number, one.document_id, one.passage_id, one.start, one.end, one.quote,
        one.content_hash, one.score, Jsonb(one.place), one.cited, Jsonb(one.why), one.pinned,
    )  # fmt: skip


def _citation(
    found: Find,
    start: int | None = None,
    end: int | None = None,
    score: float | None = None,
    *,
    cited: bool = True,
) -> Citation:
    """A span of the found document: the whole passage unless told otherwise."""
    start = found.passage.start if start is None else start
    end = found.passage.end if end is None else end
    return Citation(
        document=found.document,
        passage=found.passage,
        start=start,
        end=end,
        quote=found.text[start:end],
        content_hash=found.document.content_hash,
        score=found.cosine if score is None else score,
        place=place_of(found.passage.place, found.text, found.passage.start, start, end),
        cited=cited,
        why=found.why,
        pinned=found.pinned,
    )
