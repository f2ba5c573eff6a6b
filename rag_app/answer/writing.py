"""Having a chat model write an answer, while others may watch."""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rag_app.answer import chats, problems, spending
from rag_app.answer.checking import checked
from rag_app.answer.reading import (
    Reading,
    cut_off,
    has_account,
    is_withheld,
    settle,
    visible_citations,
)
from rag_app.answer.sending import told as made_with
from rag_app.language.budget import QuestionTooLong
from rag_app.language.chat import ChatError, ChatModel, Message, TooLarge
from rag_app.language.prompts import NumberedPassage
from rag_app.language.safe import said
from rag_app.language.usage import Usage
from rag_app.models import Answer, Citation, Question

log = logging.getLogger(__name__)

AT_ONCE = settings.ANSWERS_AT_ONCE  # in one process: each holds a thread, and pages need some too
SAVE_SECONDS = 0.5  # between two saves of a text that grows
LOOK_SECONDS = 0.5  # between two looks at a text that another process writes
MOST_CHARS = 100_000  # of an answer: each of its sentences is checked
LEASE_MARGIN = 30.0  # seconds on top of the longest silence of a chat server
_PLACES = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Event:
    """passages: {"passages": [...]}, text: {"text": delta}, wait: {} (nothing new yet),
    done: {"state": ...}, failed: {"state": ..., "message": ...}, busy: {}.

    Done, failed or busy comes last, and once.
    """

    kind: Literal["passages", "text", "wait", "done", "failed", "busy"]
    data: dict[str, Any]


def stream(
    question: Question, *, role: str = "", chat: ChatModel | None = None
) -> Generator[Event, None, None]:
    """The passages, then the answer as it is written, saved as it grows.

    The first caller has the model write; any other follows what the first one saves. An
    answer that is finished is given as it stands. Closing the iterator stops the model
    and leaves a partial answer. `role` replaces the first sentence of the system prompt.
    Busy, and nothing else, comes where too many answers are being given already.
    """
    if not _PLACES.acquire(blocking=False):
        yield Event("busy", {})
        return
    try:
        yield from _stream(question, role, chat)
    finally:
        _PLACES.release()


def write(question: Question, *, role: str = "") -> None:
    """Have the answer written to its end, or to its failure, which is saved with it."""
    with closing(stream(question, role=role)) as events:
        for _event in events:
            pass


def stop(question: Question) -> None:
    """Stop the writing of an answer; what was saved of it stays."""
    pending = Answer.objects.filter(question=question, state=Answer.State.PENDING)
    told = problems.columns({"kind": "stopped"})
    pending.update(state=cut_off(), lease_until=None, **told)


def _stream(question: Question, role: str, chat: ChatModel | None) -> Iterator[Event]:
    answer = Answer.objects.get(question=question)
    citations = visible_citations(question)
    yield Event("passages", {"passages": [_as_data(citation) for citation in citations]})
    if is_withheld(answer, citations):
        message = _("You may no longer see a document that this answer uses. Ask again.")
        yield Event("failed", {"state": Answer.State.FAILED.value, "message": message})
        return
    if _claim(answer):
        yield from _write(question, answer, citations, role, chat)
    else:
        yield from _follow(answer)
    yield _last(question, answer)


def _as_data(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "title": str(citation.document),
        "url": citation.url,
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
    text, told, prompt = "", {}, []
    # Stands if the reader leaves, or this process fails in a way not foreseen.
    problem: problems.Problem = {"kind": "interrupted"}
    saved = float("-inf")  # the first piece is kept at once: it may be stopped after it
    model = client = None
    try:
        model = chats.still(answer.chat_model)
        if model is None:
            problem = {"kind": "no model"}
            return
        prompt = _prompt(question, citations, role, model.context_tokens, answer)
        client = chat or model.client()
        with closing(client.stream(prompt)) as pieces:
            for piece in said(pieces):
                text += piece
                yield Event("text", {"text": piece})
                if len(text) > MOST_CHARS:
                    raise TooLarge(f"more than {MOST_CHARS} characters")
                if time.monotonic() - saved > SAVE_SECONDS:
                    saved = time.monotonic()
                    if not _pending(answer).update(text=text, lease_until=_lease()):
                        return  # settled, asked again or deleted meanwhile
        problem = {} if text.strip() else {"kind": "empty"}
        told = _taken(model, getattr(client, "usage", Usage()), prompt, text, citations)
    except ChatError as error:
        log.warning("chat model failed: %s %s", type(error).__name__, error.detail)
        problem = problems.of(error)
        if wait := problem.get("wait"):
            told = {"retry_at": Now() + timedelta(seconds=wait)}
    except QuestionTooLong:
        problem = {"kind": "too long"}
    finally:
        if model and text and "cost" not in told:  # what was sent and said was paid for
            told |= _taken(model, getattr(client, "usage", Usage()), prompt, text, citations)
        _finish(answer, citations, text, problem, told)


def _taken(
    model: chats.Chat,
    usage: Usage,
    prompt: list[Message],
    text: str,
    citations: list[Citation],
) -> dict[str, Any]:
    """Columns of the answer that tell what it took, which is counted to the model as well."""
    counter = citations[0].document.collection.embedding_model
    used = chats.counted(usage, prompt, text, counter)
    spending.add(model.name, used, model.cost(used))
    return {
        "prompt_tokens": used.prompt,
        "answer_tokens": used.answer,
        "cost": model.cost(used),
    }


def _prompt(
    question: Question, citations: list[Citation], role: str, limit: int, answer: Answer
) -> list[Message]:
    passages = [
        NumberedPassage(citation.number, str(citation.document), citation.quote)
        for citation in citations
    ]
    model = citations[0].document.collection.embedding_model
    return chats.prompt(question, passages, model, limit, role, **made_with(answer))


def _pending(answer: Answer) -> Any:
    return Answer.objects.filter(pk=answer.pk, state=Answer.State.PENDING)


def _finish(
    answer: Answer,
    citations: list[Citation],
    text: str,
    problem: problems.Problem,
    told: dict[str, Any],
) -> None:
    """Save what there is; no row is changed when the answer is no longer ours to write."""
    state = Answer.State.COMPLETE
    if problem:
        state = Answer.State.PARTIAL if text.strip() else Answer.State.FAILED
    checks = checked(text, citations)
    cited = {span["number"] for one in checks if not one["why"] for span in one["spans"]}
    cited |= {number for one in checks if one["why"] for number in one["marked"]}
    with transaction.atomic():
        done = {"text": text, "state": state, "checks": checks, **told}
        done |= problems.columns(problem)
        if _pending(answer).update(**done, lease_until=None):
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
        yield Event("wait", {})  # so that a reader who has left is noticed
        time.sleep(LOOK_SECONDS)


def _last(question: Question, answer: Answer) -> Event:
    row = Answer.objects.filter(pk=answer.pk).first()
    if row is None:
        message = _("This question was asked again or deleted. Load the page again.")
        return Event("failed", {"state": Answer.State.FAILED.value, "message": message})
    if row.state == Answer.State.COMPLETE:
        return Event("done", {"state": row.state})
    told = {"state": row.state, "message": Reading(question, row, own=has_account(question)).error}
    if row.retry_at:
        told["retry_at"] = row.retry_at.isoformat()
    return Event("failed", told)
