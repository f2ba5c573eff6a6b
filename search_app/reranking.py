"""The best results read once more by a cross-encoder, where one is set (`RERANKER`).

Nothing depends on it: where it cannot be had, the ranking stays as it was, and says so.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from collections_app import encoders
from collections_app.models import Passage, Viewer
from collections_app.pipeline.split import embedded_text
from search_app.ranking import Ranking, Scored

logger = logging.getLogger(__name__)

FAILED = "reranker-failed"  # in the cache of this process
RETRY_SECONDS = 60
KEPT = 64  # searches whose scores are remembered, for their next pages


@dataclass(frozen=True)
class Read:
    """A ranking in its order, and why the reranker has not read them, in English: empty where it
    has, or where none is set."""

    best: Ranking
    problem: str = ""


def read(best: Ranking, text: str) -> Read:
    """The first RERANK_DEPTH by what the reranker says of their passages; the rest behind them."""
    if not settings.RERANKER or not len(best):
        return Read(best)
    if failed := cache.get(FAILED):
        return Read(best, failed)
    head = best[: settings.RERANK_DEPTH]
    try:
        scores = _scores(settings.RERANKER, text, tuple(_texts(head)))
    except encoders.ModelMissing as error:
        logger.warning("Ranking without the reranker: %s", error)
        cache.set(FAILED, str(error), RETRY_SECONDS)  # or each search would try to load it
        return Read(best, str(error))
    return Read(best.reranked(scores))


def applies(balance: float | None) -> bool:
    """Words alone, 0, and meaning alone, 1, are what they say."""
    return balance not in (0, 1)


def problem() -> str:
    """Why the reranker that is set cannot be used, as far as is known without loading it."""
    failed: str = cache.get(FAILED, "")
    return failed or encoders.missing_reranker(settings.RERANKER, Path(settings.MODELS_DIR))


def told(user: Viewer, problem: str) -> str:
    """To whom it may be told: paths of this machine are for staff."""
    if not problem or getattr(user, "is_staff", False):
        return problem
    return _("The reranker is not there now. Results are ranked without it.")


@lru_cache(maxsize=KEPT)
def _scores(ref: str, query: str, texts: tuple[str, ...]) -> list[float]:
    reranker = encoders.load_reranker(ref, Path(settings.MODELS_DIR))
    scores: list[float] = reranker.scores(query, texts).tolist()
    return scores


def _texts(found: Sequence[Scored]) -> list[str]:
    """Each passage under its headings, as it was embedded; empty where it is gone by now."""
    rows = Passage.objects.filter(pk__in=[one.passage_id for one in found])
    texts = {
        pk: embedded_text(heading, text)
        for pk, heading, text in rows.values_list("pk", "heading", "text")
    }
    return [texts.get(one.passage_id, "") for one in found]
