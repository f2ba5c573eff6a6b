"""The chat models there are, and a prompt within the budget of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from collections_app import sealed, vectors
from collections_app.models import EmbeddingModel, Passage
from collections_app.rows import Rows
from collections_app.services import Rejected
from rag_app.answer import spending
from rag_app.answer.finding import Find
from rag_app.language import budget, chat, prompts
from rag_app.language.context import Context, Piece, packed
from rag_app.language.llm_chat import LlmChat
from rag_app.language.openai_compatible import OpenAICompatible
from rag_app.language.usage import Usage
from rag_app.models import ChatModel, Question

TOTAL_TO_SILENCE = 5  # a whole answer may take this many times the longest silence
QUOTES = "quotes"  # asked for in place of a chat model
MILLION = 1_000_000
ROWS = Rows(ChatModel)
FIND = f"SELECT {ROWS.columns('chat')} FROM {ChatModel._meta.db_table} chat ORDER BY name"  # noqa: S608


class Client(chat.ChatModel, Protocol):
    """A chat model that tells what an answer took."""

    @property
    def usage(self) -> Usage: ...


@dataclass(frozen=True)
class Chat:
    """A chat model that can be asked; `row` is None for that of the settings."""

    name: str
    context_tokens: int
    row: ChatModel | None = None

    def client(self, seconds: float | None = None) -> Client:
        """One that is silent for no longer than the settings say, or than so many seconds.
        Raises Unreachable where its key cannot be read."""
        silence = min(settings.CHAT_TIMEOUT_SECONDS, seconds or settings.CHAT_TIMEOUT_SECONDS)
        total = TOTAL_TO_SILENCE * silence
        if self.row is None:
            return OpenAICompatible(
                settings.CHAT_BASE_URL,
                settings.CHAT_MODEL,
                settings.CHAT_API_KEY,
                silence_seconds=silence,
                total_seconds=total,
            )
        row, key = self.row, key_of(self.row)
        if row.backend == ChatModel.Backend.LLM_PLUGIN:
            return LlmChat(row.ref, key, silence, total)
        return OpenAICompatible(
            row.base_url,
            row.ref,
            key,
            silence_seconds=silence,
            total_seconds=total,
            answer_tokens=row.answer_tokens,
        )

    def cost(self, usage: Usage) -> Decimal:
        """In the currency of its prices."""
        if self.row is None:
            return Decimal(0)
        return (self.row.price_in * usage.prompt + self.row.price_out * usage.answer) / MILLION


def key_of(row: ChatModel) -> str:
    """Raises Unreachable where SECRETS_KEY has changed."""
    try:
        return str(sealed.unseal(row.secrets, sealed.CHATS).get("api_key", ""))
    except sealed.KeyChanged as error:
        raise chat.Unreachable(
            "its key cannot be read: SECRETS_KEY or SECRET_KEY has changed; enter it again"
        ) from error


def available() -> list[Chat]:
    """Those that can be asked, the default first."""
    with connection.cursor() as cursor:
        cursor.execute(FIND)
        made = [ROWS.made(row) for row in cursor.fetchall()]
    rows = [Chat(row.name, row.context_tokens, row) for row in made]
    if settings.CHAT_BASE_URL and settings.CHAT_MODEL:
        rows.append(Chat(settings.CHAT_MODEL[:200], settings.CHAT_CONTEXT_TOKENS))
    # That of the settings is the default unless a row is; rows are in the order of their names.
    return sorted(
        rows, key=lambda one: 2 if one.row and not one.row.is_default else one.row is None
    )


def chosen(name: str) -> Chat | None:
    """The one of this name, the default without one, None for quotes. Raises Rejected."""
    if name == QUOTES:
        return None
    known = available()
    if not name:
        return known[0] if known else None
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise Rejected(_("There is no chat model “%(name)s”. Choose another one.") % {"name": name})
    return found


def still(name: str) -> Chat | None:
    """The same for an answer that was begun: None where the model is gone as well."""
    try:
        return chosen(name)
    except Rejected:
        return None


def configured() -> Client | None:
    """The default chat model, or None: then answers are quoted, not written."""
    found = chosen("")
    return found.client() if found else None


def check_limit(chosen: Chat) -> None:
    """Raises Rejected where it has used up its tokens of the last 24 hours."""
    row = chosen.row
    if row is None or not row.tokens_per_day:
        return
    used = used_since_yesterday(row)
    if used >= row.tokens_per_day:
        raise Rejected(
            _(
                "The chat model %(name)s has used its %(limit)d tokens of a day. Ask another one,"
                " ask for quotes, or wait."
            )
            % {"name": row.name, "limit": row.tokens_per_day}
        )


def used_since_yesterday(row: ChatModel) -> int:
    """Tokens of prompts and answers in the last 24 hours."""
    return spending.spent(spending.yesterday()).get(row.name, spending.Spent()).tokens


def counted(
    usage: Usage, messages: Sequence[chat.Message], text: str, model: EmbeddingModel
) -> Usage:
    """What the server tells; else by the tokenizer that prompts are packed with."""
    counter = vectors.tokenizer(model)
    return Usage(
        usage.prompt or budget.tokens(messages, counter), usage.answer or counter.count(text)
    )


def context(
    question: Question,
    finds: Sequence[Find],
    model: Chat,
    marker: str,
    template: prompts.Template,
) -> Context:
    """What the chat model is sent of the passages found. Raises QuestionTooLong, PinnedTooLong.

    Tokens are counted with the embedding model's tokenizer: a chat model's own is not known,
    and the word pieces of the small vocabularies of embedding models are rarely fewer.
    """

    def prompt(chosen: Sequence[prompts.NumberedPassage]) -> list[chat.Message]:
        day = localdate().isoformat()
        return prompts.messages(question.looked_for, chosen, marker, question.role, template, day)

    counter = vectors.tokenizer(finds[0].model)
    pieces = [
        Piece(
            one.document.pk,
            str(one.document),
            one.text,
            one.passage.start,
            one.passage.end,
            one.pinned,
            _tokens(one.passage, counter) if one.model == finds[0].model else None,
        )
        for one in finds
    ]
    return packed(pieces, prompt, counter, model.context_tokens)


def _tokens(passage: Passage, counter: budget.Counter) -> int:
    """Those of its words: it was counted when it was split, with its headings before it."""
    if not passage.heading:
        return passage.token_count
    return max(0, passage.token_count - counter.count(passage.heading) + counter.count(""))


def prompt(
    question: Question,
    passages: Sequence[prompts.NumberedPassage],
    model: EmbeddingModel,
    limit: int,
    role: str = "",
    marker: str = "",
    template: prompts.Template | None = None,
    day: str = "",
) -> list[chat.Message]:
    """The prompt of these passages. With a `role` other than the question's some may have no room
    any more: best first, those that have are in it. Raises budget.QuestionTooLong."""
    marker = marker or prompts.new_marker()

    def made(chosen: Sequence[prompts.NumberedPassage]) -> list[chat.Message]:
        words = template or prompts.Template()
        return prompts.messages(
            question.looked_for, chosen, marker, role or question.role, words, day
        )

    if not role:
        return made(passages)
    return made(budget.pack(passages, made, vectors.tokenizer(model), limit))
