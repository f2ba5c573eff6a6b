"""The prompt of an answer, as the chat model was sent it."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.timezone import localdate

from collections_app import vectors
from collections_app.models import Viewer
from rag_app.answer import chats
from rag_app.answer.drafting import Draft
from rag_app.answer.packing import LeftOut, left_out
from rag_app.answer.reading import is_withheld, visible_citations
from rag_app.answer.templates import stored
from rag_app.language import budget
from rag_app.language.chat import Message
from rag_app.language.prompts import NumberedPassage
from rag_app.models import Answer, Citation, Question


@dataclass(frozen=True)
class Sent:
    """What goes to a chat model: the messages, their tokens and the most there may be (0 where
    that is not known any more), the passages in it and those that were left out. `withheld`: it
    holds passages that the viewer may not see, so nothing of it is shown."""

    chat_model: str
    messages: list[Message] = field(default_factory=list)
    tokens: int = 0
    limit: int = 0
    passages: list[Citation] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    withheld: bool = False


def sent(question: Question, viewer: Viewer | None = None) -> Sent | None:
    """None where no chat model was asked, as for quotes."""
    answer = question.answer
    if answer.kind != Answer.Kind.CHAT:
        return None
    viewer = question.asker if viewer is None else viewer
    citations = visible_citations(question, viewer)
    if is_withheld(answer, citations) or not citations:
        return Sent(answer.chat_model, withheld=True)
    passages = [NumberedPassage(one.number, str(one.document), one.quote) for one in citations]
    model = citations[0].document.collection.embedding_model
    limit = _limit(answer.chat_model)
    messages = chats.prompt(question, passages, model, limit, **told(answer))
    return Sent(
        answer.chat_model,
        messages,
        budget.tokens(messages, vectors.tokenizer(model)),
        limit,
        citations,
        left_out(viewer, answer.packing),
    )


def told(answer: Answer) -> dict[str, Any]:
    """What its prompt was made with besides question and passages, as `chats.prompt` takes it."""
    return {
        "marker": answer.marker,
        "template": stored(answer.template),
        "day": localdate(answer.created).isoformat(),
    }


def drafted(draft: Draft, viewer: Viewer) -> Sent | None:
    """What would be sent of a question that is not asked; None where no chat model would be."""
    if draft.kind != Answer.Kind.CHAT:
        return None
    for one in draft.citations:
        one.moved, one.url = 0, one.get_absolute_url()
        one.current = True  # type: ignore[attr-defined]  # as the database tells of stored ones
    return Sent(
        draft.chat_model,
        draft.messages,
        draft.tokens,
        draft.limit,
        draft.citations,
        left_out(viewer, draft.packing),
    )


def _limit(name: str) -> int:
    chat = chats.still(name)
    return chat.context_tokens if chat else 0
