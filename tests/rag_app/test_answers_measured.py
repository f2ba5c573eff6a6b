"""How good quoted answers are, measured over real notes; a minute, so `slow`."""

import pytest

from bench import quality
from bench._site import ROOT
from rag_app.answer import measuring

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LEAST = {"recall@5": 0.9, "facts": 0.8, "answered": 0.95, "refused": 0.8, "expected": 0.7}


@pytest.mark.skipif(not quality.NOTES.exists(), reason=f"{quality.NOTES} is not here")
def test_answers_over_the_notes_are_as_good_as_the_docs_say(no_chat):
    collection = quality.filled("til", quality.notes())  # once: most of the time goes into it
    for name in ("til_answers", "til_answers_held"):
        known = measuring.questions((ROOT / "tests" / "data" / f"{name}.json").read_bytes())
        rows = [measuring.measured(collection.owner, collection, one) for one in known]
        found = measuring.figures(rows)
        below = {key: (found[key], least) for key, least in LEAST.items() if found[key] < least}
        assert below == {}, name
        assert (found["supported"], found["supporting"]) == (1.0, 1.0), name
        assert measuring.by_documents(rows)[2]["facts"] >= 0.75, name
