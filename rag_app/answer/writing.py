"""Having a chat model write an answer, while others may watch."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rag_app.answer import chats
from rag_app.answer.reading import settle, visible_citations
from rag_app.language.budget import QuestionTooLong
from rag_app.language.chat import ChatError, ChatModel, Message
from rag_app.language.citations import parse
from rag_app.language.prompts import NumberedPassage
from rag_app.models import Answer, Citation, Question

log = logging.getLogger(__name__)

SAVE_SECONDS = 1.0  # between two saves of a text that grows
LOOK_SECONDS = 0.5  # between two looks at a text that another process writes
LEASE_MARGIN = 30.0  # seconds on top of the longest silence of a chat server


@dataclass(frozen=True)
class Event:
    """passages: {"passages": [...]}, text: {"text": delta}, done: {"state": ...},
    error: {"state": ..., "message": ...}. Done or error comes last, and once."""

    kind: Literal["passages", "text", "done", "error"]
    data: dict[str, Any]


def stream(question: Question, *, role: str = "", chat: ChatModel | None = None) -> Iterator[Event]:
    """The passages, then the answer as it is written, saved as it grows.

    The first caller has the model write; any other follows what the first one saves. An
    answer that is finished is given as it stands. Closing the iterator stops the model
    and leaves a partial answer. `role` replaces the first sentence of the system prompt.
    """
    answer = Answer.objects.get(question=question)
    citations = visible_citations(question)
    yield Event("passages", {"passages": [_as_data(citation) for citation in citations]})
    chat = chat or chats.configured()
    if _claim(answer):
        yield from _write(question, answer, citations, role, chat)
    else:
        yield from _follow(answer)
    yield _last(answer)


def _as_data(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "title": str(citation.document),
        "url": citation.get_absolute_url(),
        "score": round(citation.score, 4),
        "quote": citation.quote,
    }


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.CHAT_TIMEOUT_SECONDS + LEASE_MARGIN)


def _claim(answer: Answer) -> bool:
    """Take the writing of a pending answer; only one caller ever gets it."""
    waiting = Answer.objects.filter(pk=answer.pk, state=Answer.State.PENDING, lease_until=None)
    return waiting.update(lease_until=_lease()) == 1


def _write(
    question: Question,
    answer: Answer,
    citations: list[Citation],
    role: str,
    chat: ChatModel | None,
) -> Iterator[Event]:
    text = ""
    # Stands if the reader leaves, or this process fails in a way not foreseen.
    error = _("The answer was interrupted before it was whole. Try again.")
    saved = time.monotonic()
    try:
        if chat is None:
            error = _("No chat model is configured any more. Ask again for a quoted answer.")
            return
        with closing(chat.stream(_prompt(question, citations, role))) as pieces:
            for piece in pieces:
                text += piece
                yield Event("text", {"text": piece})
                if time.monotonic() - saved > SAVE_SECONDS:
                    saved = time.monotonic()
                    if not _pending(answer).update(text=text, lease_until=_lease()):
                        return  # settled, asked again or deleted meanwhile
        error = "" if text.strip() else _("The chat model gave an empty answer. Try again.")
    except ChatError as problem:
        log.warning("chat model failed: %s %s", type(problem).__name__, problem.detail)
        error = chats.in_words(problem)
    except QuestionTooLong:
        error = _("The prompt is too long for the chat model's context. Shorten it.")
    finally:
        _finish(answer, citations, text, error)


def _prompt(question: Question, citations: list[Citation], role: str) -> list[Message]:
    passages = [
        NumberedPassage(citation.number, str(citation.document), citation.quote)
        for citation in citations
    ]
    model = citations[0].document.collection.embedding_model
    return chats.pack(question.text, passages, model, role)[1]


def _pending(answer: Answer) -> Any:
    return Answer.objects.filter(pk=answer.pk, state=Answer.State.PENDING)


def _finish(answer: Answer, citations: list[Citation], text: str, error: str) -> None:
    """Save what there is; no row is changed when the answer is no longer ours to write."""
    state = Answer.State.COMPLETE
    if error:
        state = Answer.State.PARTIAL if text.strip() else Answer.State.FAILED
    cited = parse(text, {citation.number for citation in citations}).cited
    with transaction.atomic():
        if _pending(answer).update(text=text, state=state, error=error, lease_until=None):
            answer.citations.filter(number__in=cited).update(cited=True)


def _follow(answer: Answer) -> Iterator[Event]:
    """Give what another process saves until it is done or gone."""
    sent = 0
    while True:
        row = Answer.objects.filter(pk=answer.pk).first()
        if row is None:
            return
        settle(row)
        if len(row.text) > sent:
            yield Event("text", {"text": row.text[sent:]})
            sent = len(row.text)
        if row.state != Answer.State.PENDING:
            return
        time.sleep(LOOK_SECONDS)


def _last(answer: Answer) -> Event:
    row = Answer.objects.filter(pk=answer.pk).first()
    if row is None:
        message = _("This question was asked again or deleted. Load the page again.")
        return Event("error", {"state": Answer.State.FAILED.value, "message": message})
    if row.state == Answer.State.COMPLETE:
        return Event("done", {"state": row.state})
    return Event("error", {"state": row.state, "message": row.error})
