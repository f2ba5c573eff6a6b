"""A follow-up question made to stand alone, so that its passages can be found."""

import logging
from collections.abc import Sequence
from contextlib import closing

from django.conf import settings

from rag_app.answer import chats, spending
from rag_app.language import followups
from rag_app.language.chat import ChatError, Message

log = logging.getLogger(__name__)

SECONDS = 20.0  # that a rewriting may be silent: the question waits for it
LEAST_CHARS = 100  # of a conversation: with fewer there is nothing to put in


def standalone(question: str, earlier: Sequence[Message], chat: str = "") -> str:
    """The question as the chat model of this name, or the default one, rewrites it; without one,
    or where it fails, a question that points back is put behind the one before it."""
    asked = [one["content"].strip() for one in earlier if one["role"] == "user"]
    before = next((one for one in reversed(asked) if one), "")
    if not before or len(question) > followups.LONG:
        return question
    if (model := chats.chosen(chat)) and (made := _rewritten(model, question, earlier)):
        return made
    together = followups.joined(before, question)
    fits = len(together) <= settings.MAX_QUESTION_CHARS
    return together if fits and not followups.stands_alone(question) else question


def _rewritten(model: chats.Chat, question: str, earlier: Sequence[Message]) -> str:
    # The rules take less than half of the smallest context, and a token has a character at least.
    limit = model.context_tokens // 2 - len(question)
    if limit < LEAST_CHARS:
        return ""
    reply = ""
    try:
        chats.check_limit(model)
        messages = followups.rewriting(earlier, question, limit)
        client = model.client(SECONDS)
        with closing(client.stream(messages)) as pieces:
            for piece in pieces:
                reply += piece
                if len(reply) > 2 * followups.MOST_CHARS:
                    break
        spending.add(model.name, client.usage, model.cost(client.usage), answers=0)
    except ChatError as problem:
        log.warning("a question was not rewritten: %s %s", type(problem).__name__, problem.detail)
        return ""
    return followups.rewritten(reply)
