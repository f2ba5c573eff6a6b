"""Is any of the passages found about the question at all?

There is always a nearest passage. Where chance alone would bring as near a one, saying "not in
your documents" is the honest answer, unless it holds the question's rare words: a name or an
error code means little to an embedding model, and much to the one who asks.
"""

from collections.abc import Sequence

from collections_app.models import Passage
from collections_app.pipeline.terms import terms
from rag_app.answer.finding import Find
from search_app.queries import samples
from search_app.queries.postings import statistics
from search_app.queries.scope import Scope

# Of a passage that is no nearer than 95 of 100 pairs of passages are, so much of the question's
# weight must stand in it, each term weighing as much as it is rare; less where it is nearer.
# Chosen on questions over 578 notes: docs/ranking.md, "Answers".
SHARE = 0.6
WORTH = 0.3  # of cosine: all of the question against none of it
FEW = 50  # passages whose pairs tell little of chance
USUAL = 0.35  # the most that chance brings by such few


def relevant(finds: Sequence[Find]) -> list[Find]:
    """Those found by what has an answer here: by the question, or by some of its parts."""
    lines = {pk: _cutoff(pk, finds) for pk in {one.document.collection_id for one in finds}}
    answered = {
        found.asked
        for found, share in zip(finds, covered(finds), strict=True)
        if found.cosine + WORTH * (share - SHARE) >= lines[found.document.collection_id]
    }
    return [found for found in finds if found.asked in answered]


def _cutoff(collection: int, finds: Sequence[Find]) -> float:
    model = next(one.model for one in finds if one.document.collection_id == collection)
    chance = samples.cutoff([collection], model)
    rows = Passage.objects.filter(collection_id=collection, model=model)
    return min(chance, USUAL) if rows[:FEW].count() < FEW else chance


def covered(finds: Sequence[Find]) -> list[float]:
    """For each passage, the share of the weight of what was asked that stands in it, 0 to 1."""
    if not finds:
        return []
    homes = tuple(sorted({found.document.collection_id for found in finds}))
    wanted = {
        key: statistics(Scope(homes), key[0], terms(key[2], key[1]))
        for key in {_key(found) for found in finds}
    }
    return [
        wanted[_key(found)].coverage(
            set(terms(found.passage.text, found.language)).intersection(wanted[_key(found)].rarity)
        )
        for found in finds
    ]


def _key(found: Find) -> tuple[int, str, str]:
    return found.model.pk, found.language, found.asked
