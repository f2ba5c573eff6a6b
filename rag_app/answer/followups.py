"""A follow-up question made to stand alone, so that its passages can be found."""

import logging
from collections.abc import Sequence
from contextlib import closing

from django.conf import settings

from rag_app.answer import chats
from rag_app.language import followups
from rag_app.language.chat import ChatError, ChatModel, Message

log = logging.getLogger(__name__)


def standalone(question: str, earlier: Sequence[Message]) -> str:
    """The question as the chat model rewrites it; without one, or where it fails, a question that
    points back is put behind the one before it."""
    asked = [one["content"].strip() for one in earlier if one["role"] == "user"]
    before = next((one for one in reversed(asked) if one), "")
    if not before or len(question) > followups.LONG:
        return question
    if (chat := chats.configured()) and (made := _rewritten(chat, question, earlier)):
        return made
    together = followups.joined(before, question)
    fits = len(together) <= settings.MAX_QUESTION_CHARS
    return together if fits and not followups.stands_alone(question) else question


def _rewritten(chat: ChatModel, question: str, earlier: Sequence[Message]) -> str:
    # A token has at least one character: so much fits into any context that answers do.
    limit = settings.CHAT_CONTEXT_TOKENS // 2
    reply = ""
    try:
        with closing(chat.stream(followups.rewriting(earlier, question, limit))) as pieces:
            for piece in pieces:
                reply += piece
                if len(reply) > 2 * followups.MOST_CHARS:
                    break
    except ChatError as problem:
        log.warning("a question was not rewritten: %s %s", type(problem).__name__, problem.detail)
        return ""
    return followups.rewritten(reply)
