"""How well search finds, measured over real notes and judged questions; minutes, so `slow`."""

import pytest

from bench import quality
from search_app.ranking import rank

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BEST_LEG = 1e-9  # the product is no worse than the better leg, up to rounding


def without(path):
    return pytest.mark.skipif(not path.exists(), reason=f"{path} is not here: it is no part of us")


@without(quality.CRANFIELD)
def test_judged_questions_are_answered_better_than_by_either_leg():
    legs = quality.legs_of(quality.filled("cranfield", quality.cranfield()))
    for name, judged in quality.cranfield_queries().items():
        found = quality.mean(legs, judged, quality.ndcg)
        assert found["product"] > max(found["words"], found["meaning"]) + 0.03, name
        assert name != "all" or found["product"] >= 0.44


@without(quality.NOTES)
def test_neither_vague_nor_precise_queries_lose_by_the_other_leg():
    legs = quality.legs_of(collection := quality.filled("til", quality.notes()))
    for name, judged in quality.til_queries().items():
        if name.endswith("held"):
            found = quality.mean(legs, judged, quality.recall)
            assert found["product"] >= max(found["words"], found["meaning"]) - BEST_LEG, name
            unseen = [not any(one.good for one in rank([collection], text)) for text, _ in judged]
            assert sum(unseen) <= len(unseen) * (0.02 if "precise" in name else 0.3), name
