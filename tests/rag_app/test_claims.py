"""How well support is told from its lack: sentences about notes, with the site's own model."""

import json
from pathlib import Path

import pytest

from rag_app.answer.checking import checked
from rag_app.models import Citation
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db

GIVEN = json.loads((Path(__file__).parents[1] / "data" / "claims.json").read_text())


@pytest.fixture
def judged(no_chat):
    """(told, found) of each sentence, checked against all notes as an answer's passages are."""
    collection = CollectionFactory(real=True)
    documents = embedded(collection, GIVEN["notes"])
    citations = [
        Citation(number=n, document=one, start=0, end=len(one.text), quote=one.text)
        for n, one in enumerate(documents, start=1)
    ]
    made = []
    for note, sentence, told in GIVEN["claims"]:
        (check,) = checked(sentence, citations)
        made.append((told, check, documents[check["spans"][0]["number"] - 1].external_id == note))
    return made


def shares(rows):
    """Of the supported that are found so, of the others that are marked, and of the right note."""
    true = [not check["why"] for told, check, _home in rows if told]
    false = [bool(check["why"]) for told, check, _home in rows if not told]
    homes = [home for told, _check, home in rows if told]
    return tuple(sum(one) / len(one) for one in (true, false, homes))


def test_supported_sentences_are_told_from_the_others(judged):
    tuned, held = shares(judged[::2]), shares(judged[1::2])
    print(f"\nsupported found, others marked, right note: tuned {tuned}, held {held}")  # noqa: T201
    for (_note, sentence, _told), (told, check, _home) in zip(GIVEN["claims"], judged, strict=True):
        if told == bool(check["why"]):
            print("wrong:", told, check["score"], check["why"], check["missing"], sentence)  # noqa: T201
    assert min(tuned[0], held[0]) >= 0.8
    assert min(tuned[1], held[1]) >= 0.8
    assert tuned[2] == held[2] == 1.0
