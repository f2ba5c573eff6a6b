"""What a change will take, before it is begun."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from collections_app.models import Collection, EmbeddingModel, Passage, Probe

ROW_BYTES = 120  # of a passage and of a vector, besides the text and the numbers
INDEX_BYTES = 200  # of an HNSW entry, besides its numbers of two bytes
FILL = 0.8  # of a passage: it ends where a sentence does
_SIZE = """
SELECT coalesce(sum(octet_length(text)), 0), coalesce(sum(term_count), 0)
FROM collections_app_passage WHERE collection_id = %s AND model_id = %s
"""
TERM_BYTES = 10  # of a posting, about


@dataclass(frozen=True)
class Estimate:
    """`tokens` as the model in use counts them; `seconds` is None where the model's speed has
    not been measured. `bytes` are those of both until the old vectors are dropped."""

    documents: int
    passages: int
    tokens: int
    cost: Decimal
    seconds: float | None
    bytes: int


def estimate(collection: Collection, model: EmbeddingModel) -> Estimate:
    """In three queries. The text stays as long as it is; the number of passages goes with
    the model's limit."""
    counted = Passage.objects.filter(
        collection=collection, model=collection.embedding_model_id
    ).aggregate(
        documents=Count("document", distinct=True), passages=Count("pk"), tokens=Sum("token_count")
    )
    tokens = counted["tokens"] or 0
    limit = min(collection.passage_tokens or model.token_limit, model.token_limit)
    passages = max(counted["documents"], round(tokens / max(1.0, limit * FILL)))
    with connection.cursor() as cursor:
        cursor.execute(_SIZE, [collection.pk, collection.embedding_model_id])
        text, terms = cursor.fetchone()
    per_passage = 2 * ROW_BYTES + 4 * model.dimension + 2 * model.dimension + INDEX_BYTES
    speed = measured_speed(model)
    return Estimate(
        documents=counted["documents"],
        passages=passages,
        tokens=tokens,
        cost=price(model, tokens),
        seconds=tokens / speed if speed else None,
        bytes=int(text) + int(terms) * TERM_BYTES + passages * per_passage,
    )


def spent(collection: Collection) -> dict[str, Any]:
    """`tokens` and `cost` of the collection under all models that run elsewhere; None: none."""
    return collection.spending.aggregate(tokens=Sum("tokens"), cost=Sum("cost"))


def price(model: EmbeddingModel, tokens: int) -> Decimal:
    return model.price_per_million_tokens * tokens / 1_000_000


def measured_speed(model: EmbeddingModel) -> float | None:
    """Tokens per second of its last good probe."""
    probe = Probe.objects.filter(model=model, state=Probe.State.PASSED).first()
    return float(probe.found.get("tokens_per_second") or 0) or None if probe else None
