"""What models that run elsewhere cost each collection, as their servers count tokens."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from collections_app.ingest.read import Reading
from collections_app.models import EmbeddingModel

MILLION = 1_000_000
# A collection that was deleted meanwhile is left out.
_ADD = """
INSERT INTO collections_app_spending AS known (model_id, collection_id, day, tokens, cost)
SELECT %s, id, %s, %s, %s FROM collections_app_collection WHERE id = %s
ON CONFLICT (model_id, collection_id, day) DO UPDATE
SET tokens = known.tokens + EXCLUDED.tokens, cost = known.cost + EXCLUDED.cost
"""


def new_tokens(readings: Iterable[Reading], found: Mapping[str, object]) -> Counter[int]:
    """By collection, our own count of tokens in passages that have no vector yet."""
    counts: Counter[int] = Counter()
    seen = set(found)
    for one in readings:
        for part in one.parts:
            if part.content_hash not in seen:
                seen.add(part.content_hash)
                counts[one.document.collection_id] += part.span.token_count
    return counts


def shared(tokens: int, counts: Mapping[int, int]) -> dict[int, int]:
    """`tokens` in the proportions of `counts`; nothing is lost in rounding."""
    total = sum(counts.values())
    if not tokens or not total:
        return {}
    shares: dict[int, int] = {}
    left_tokens, left = tokens, total
    for collection, count in sorted(counts.items()):
        shares[collection] = left_tokens * count // left
        left_tokens -= shares[collection]
        left -= count
    return shares


def cost(model: EmbeddingModel, tokens: int) -> Decimal:
    return Decimal(model.price_per_million_tokens) * tokens / MILLION


def note(model: EmbeddingModel, spent: Mapping[int, int]) -> None:
    """Add these tokens, by collection, to those of today."""
    today = timezone.now().date()
    with connection.cursor() as cursor:
        for collection, tokens in sorted(spent.items()):
            cursor.execute(_ADD, [model.pk, today, tokens, cost(model, tokens), collection])
