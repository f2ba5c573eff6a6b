"""Chat models of the site: setting them up, changing them, trying them."""

import re
import time
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from collections_app import sealed
from collections_app.services import Rejected
from rag_app.answer import chats, problems, spending
from rag_app.language.chat import ChatError
from rag_app.language.llm_chat import installed
from rag_app.models import ChatModel

LEAST_TOKENS, MOST_TOKENS = 200, 10_000_000  # of a prompt
HELLO = "Reply with the word yes."
COLUMNS = (
    "name", "backend", "ref", "base_url", "context_tokens", "answer_tokens", "tokens_per_day",
    "price_in", "price_out", "is_default",
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """What a model said, how long it took in seconds, and what went wrong in words, if so."""

    said: str
    seconds: float
    problem: str = ""


@transaction.atomic
def save(row: ChatModel, *, api_key: str | None = None, **fields: Any) -> ChatModel:
    """Write the columns given; an `api_key` of None stays, an empty one goes. Raises Rejected."""
    before = row.name if row.pk else ""
    for name, value in fields.items():
        setattr(row, name, value)
    row.ref, row.name = row.ref.strip(), row.name.strip() or row.ref.strip()
    _check(row)
    if api_key is not None:
        row.secrets = sealed.seal({"api_key": api_key} if api_key else {}, sealed.CHATS)
    if row.is_default:
        ChatModel.objects.filter(is_default=True).exclude(pk=row.pk).update(is_default=False)
    try:
        row.clean_fields()
        with transaction.atomic():
            row.save()
    except ValidationError as error:
        told = (f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        raise Rejected("; ".join(told)) from error
    except IntegrityError as error:
        raise Rejected(
            _("There is a chat model named “%(name)s” already. Choose another name.")
            % {"name": row.name}
        ) from error
    if before and before != row.name:  # what it took stays its own
        spending.rename(before, row.name)
    return row


def tried(row: ChatModel) -> Tried:
    """One short question, asked as answers are."""
    began = time.monotonic()
    said, problem = "", ""
    try:
        client = chats.Chat(row.name, row.context_tokens, row).client()
        with closing(client.stream([{"role": "user", "content": HELLO}])) as pieces:
            for piece in pieces:
                said += piece
    except ChatError as error:
        problem = problems.in_words(problems.of(error))
        if error.detail and error.detail not in problem:
            problem += f" ({error.detail})"
    return Tried(said.strip()[:300], time.monotonic() - began, problem)


def _check(row: ChatModel) -> None:
    if row.backend not in ChatModel.Backend.values:
        raise Rejected(_("There is no backend “%(name)s”.") % {"name": row.backend})
    if not row.ref:
        raise Rejected(_("Name the model, as its server or plugin does."))
    if row.name in (chats.QUOTES, settings.CHAT_MODEL):
        raise Rejected(_("“%(name)s” means something else here.") % {"name": row.name})
    if row.backend == ChatModel.Backend.OPENAI_COMPATIBLE:
        row.base_url = _address(row.base_url)
    elif row.base_url:
        raise Rejected(_("Only a model of an OpenAI-compatible server has an address."))
    elif row.ref not in installed():
        raise Rejected(
            _(
                "No plugin of llm that is installed beside the site has the chat model “%(ref)s”."
                " Install its plugin: pip install -r requirements-llm.txt llm-…"
            )
            % {"ref": row.ref}
        )
    if not LEAST_TOKENS <= row.context_tokens <= MOST_TOKENS:
        raise Rejected(
            _("A prompt can have %(least)d to %(most)d tokens.")
            % {"least": LEAST_TOKENS, "most": MOST_TOKENS}
        )
    if 0 in (row.answer_tokens, row.tokens_per_day):
        raise Rejected(_("A limit of tokens is 1 or more; leave it empty for none."))
    if Decimal(row.price_in) < 0 or Decimal(row.price_out) < 0:
        raise Rejected(_("The price cannot be below zero."))


def _address(given: str) -> str:
    """http(s)://host[:port]/path without its last slash; a host alone gets /v1."""
    given = given.strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        good = good and not (parts.username or parts.password)
    except ValueError:
        good = False
    if not good or "?" in given or "#" in given or re.search(r"\s", given):
        raise Rejected(_("This is no address of a server, such as http://127.0.0.1:11434/v1."))
    return given if urlsplit(given).path else f"{given}/v1"
