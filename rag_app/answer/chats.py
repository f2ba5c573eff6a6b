"""The configured chat model, its prompt within the budget, and its failures in words."""

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.models import EmbeddingModel
from rag_app.language import budget, chat, prompts
from rag_app.language.openai_compatible import OpenAICompatible

TOTAL_TO_SILENCE = 5  # a whole answer may take this many times the longest silence


def configured() -> OpenAICompatible | None:
    """The chat model of the settings, or None: then answers are quoted, not written."""
    if not (settings.CHAT_BASE_URL and settings.CHAT_MODEL):
        return None
    silence = settings.CHAT_TIMEOUT_SECONDS
    return OpenAICompatible(
        settings.CHAT_BASE_URL,
        settings.CHAT_MODEL,
        settings.CHAT_API_KEY,
        silence_seconds=silence,
        total_seconds=TOTAL_TO_SILENCE * silence,
    )


def pack(
    question: str,
    passages: Sequence[prompts.NumberedPassage],
    model: EmbeddingModel,
    role: str = "",
) -> tuple[list[prompts.NumberedPassage], list[chat.Message]]:
    """The passages that fit the budget, best first, and the prompt made of them.

    Tokens are counted with the embedding model's tokenizer: a chat model's own is not known,
    and the word pieces of the small vocabularies of embedding models are rarely fewer.
    Raises budget.QuestionTooLong.
    """
    marker = prompts.new_marker()

    def prompt(chosen: Sequence[prompts.NumberedPassage]) -> list[chat.Message]:
        return prompts.messages(question, chosen, marker, role)

    counter = vectors.tokenizer(model)
    packed = budget.pack(passages, prompt, counter, settings.CHAT_CONTEXT_TOKENS)
    return packed, prompt(packed)


def in_words(error: chat.ChatError) -> str:
    """What went wrong and what to do, for the one who asked."""
    match error:
        case chat.Unreachable():
            return _("The chat server cannot be reached. See that it runs, then try again.")
        case chat.TimedOut():
            return _("The chat server took too long. Try again in a moment.")
        case chat.CutOff():
            return _("The chat server stopped in the middle of its answer. Try again.")
        case chat.TooLarge():
            return _("The chat server's answer was too long and was stopped.")
        case chat.Refused():
            return _("The chat server refused: %(reason)s. Its operator can say why.") % {
                "reason": error.detail.rstrip(".")
            }
        case _other:
            return _(
                "The chat server sent something that is not an answer (%(reason)s). "
                "Check CHAT_BASE_URL, then try again."
            ) % {"reason": _other.detail}
