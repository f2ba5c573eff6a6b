"""Each sentence of a written answer, checked against the passages it was written from."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache

from collections_app import encoders, vectors
from collections_app.models import Collection
from collections_app.pipeline.terms import terms
from rag_app.language.support import Check, Entails, Source, Span, check
from rag_app.models import Citation
from search_app.queries.postings import statistics
from search_app.queries.scope import Scope

log = logging.getLogger(__name__)

FAILED = "entailment-failed"  # in the cache of this process
RETRY_SECONDS = 60


def checked(text: str, citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """What `Answer.checks` keeps; nothing where there is nothing to check.

    All is judged under the model and in the language of the first passage's collection. Where
    the model cannot be had, words alone decide.
    """
    if not text.strip() or not citations:
        return []
    home = citations[0].document.collection
    sources = [
        Source(one.number, str(one.document), one.quote, one.start)
        for one in sorted(citations, key=lambda one: one.number)
    ]
    homes = tuple(sorted({one.document.collection_id for one in citations}))
    weigh = _weigher(home, homes, text)
    try:
        made = check(text, sources, _embed(home), weigh, _entails())
    except (encoders.ModelMissing, encoders.ItemRefused) as error:
        log.warning("Answers are checked by words alone: %s", error)
        made = check(text, sources, None, weigh)
    return [asdict(one) for one in made]


def stored(checks: Sequence[dict[str, Any]]) -> list[Check]:
    """As they were made."""
    return [
        Check(
            one["start"],
            one["end"],
            one["score"],
            one["why"],
            tuple(Span(**span) for span in one["spans"]),
            tuple(one["missing"]),
            tuple(one["marked"]),
        )
        for one in checks
    ]


def _embed(home: Collection) -> Callable[[list[str]], Any]:
    return lambda texts: vectors.embed(home.embedding_model, texts, "passage")


def _weigher(
    home: Collection, homes: tuple[int, ...], answer: str
) -> Callable[[str], dict[str, float]]:
    """The answer's terms weigh as much as they are rare in the collections."""
    known = sorted(set(terms(answer, home.language)))
    rarity = statistics(Scope(homes), home.embedding_model_id, known).rarity

    def weigh(text: str) -> dict[str, float]:
        return {term: rarity.get(term, 0.0) for term in terms(text, home.language)}

    return weigh


def _entails() -> Entails | None:
    """The model of inference of the settings, or None: without one, or while it fails."""
    if not settings.ENTAILMENT_MODEL or cache.get(FAILED):
        return None
    try:
        model = encoders.load_entailment(settings.ENTAILMENT_MODEL, Path(settings.MODELS_DIR))
    except encoders.ModelMissing as error:
        log.warning("Answers are checked without ENTAILMENT_MODEL: %s", error)
        cache.set(FAILED, str(error), RETRY_SECONDS)  # or each answer would try to load it
        return None
    return lambda pairs: [float(one) for one in model.probabilities(pairs)]
