"""What chat models took: counted by the hour, for limits, sums and the page of chat models.

Counted when an answer ends, whole or not, and kept when its question is deleted, asked again or
was never kept (other tools, boxes on other sites): none of these is a way around a limit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from rag_app.language.usage import Usage
from rag_app.models import ChatUse

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Spent:
    """Tokens of prompts and answers together, the price, and how many answers."""

    tokens: int = 0
    cost: Decimal = Decimal(0)
    answers: int = 0


def add(name: str, usage: Usage, cost: Decimal, *, answers: int = 1) -> None:
    """Count this to the model of this name."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    rows = ChatUse.objects.filter(name=name, hour=hour)
    more = _more(answers, usage.prompt, usage.answer, cost)
    if rows.update(**more):
        return
    try:
        with transaction.atomic():
            ChatUse.objects.create(
                name=name,
                hour=hour,
                answers=answers,
                prompt_tokens=usage.prompt,
                answer_tokens=usage.answer,
                cost=cost,
            )
    except IntegrityError:  # another process began the hour at this moment
        rows.update(**more)


@transaction.atomic
def rename(before: str, after: str) -> None:
    """A model that is called otherwise keeps what it took; under `after` there may be some."""
    for one in ChatUse.objects.filter(name=before):
        more = _more(one.answers, one.prompt_tokens, one.answer_tokens, one.cost)
        if ChatUse.objects.filter(name=after, hour=one.hour).update(**more):
            one.delete()
    ChatUse.objects.filter(name=before).update(name=after)


def _more(answers: int, prompt_tokens: int, answer_tokens: int, cost: Decimal) -> dict[str, Any]:
    """What an hour's row has when this is added to it."""
    return {
        "answers": F("answers") + answers,
        "prompt_tokens": F("prompt_tokens") + prompt_tokens,
        "answer_tokens": F("answer_tokens") + answer_tokens,
        "cost": F("cost") + cost,
    }


def spent(since: datetime | None = None) -> dict[str, Spent]:
    """By the model's name, in all or since then; the hour that it falls into counts whole."""
    rows = ChatUse.objects.order_by()
    if since:
        rows = rows.filter(hour__gt=since - timedelta(hours=1))
    sums = rows.values("name").annotate(
        tokens=Sum(F("prompt_tokens") + F("answer_tokens")), paid=Sum("cost"), n=Sum("answers")
    )
    return {one["name"]: Spent(one["tokens"], one["paid"], one["n"]) for one in sums}


def yesterday() -> datetime:
    return timezone.now() - DAY
