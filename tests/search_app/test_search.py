"""Search: what is found, in which order, and by whom."""

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app import services, vectors
from collections_app.encoders import ModelMissing
from collections_app.models import Collection, EmbeddingModel, Vector
from collections_app.services import Rejected
from search_app.analysis.fusion import Terms, fuse
from search_app.search import checked, passages, search
from tests.factories import CollectionFactory, EmbeddingModelFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

VISITOR = AnonymousUser()
NOTES = {
    "bread": "A recipe for bread with rye flour.",
    "harbour": "The harbour at dawn, with fishing boats.",
    "tmpdir": "Set sqlite_tmpdir where vacuum runs out of space.",
    "vacuum": "How to vacuum an SQLite database file.",
}


def ids(results):
    return [hit.document.external_id for hit in results.hits]


@pytest.fixture
def notes():
    collection = CollectionFactory(public=True)
    embedded(collection, NOTES)
    return collection


def test_small_words_are_marked_only_for_a_query_that_has_no_others(notes):
    def marked(query):
        found = {hit.document.external_id: hit.snippet for hit in search(VISITOR, query).hits}
        return [text for text, is_marked in found["harbour"] if is_marked]

    assert marked("the planets with rings") == []
    assert marked("with the") == ["The", "with"]


def test_search_ranks_documents_by_shared_words_and_meaning(notes):
    results = search(VISITOR, "bread recipes")
    assert (ids(results)[0], results.total) == ("bread", 4)
    hit = results.hits[0]
    assert hit.terms == ("bread", "recip")
    assert hit.snippet == [
        ("A ", False),
        ("recipe", True),
        (" for ", False),
        ("bread", True),
        (" with rye flour.", False),
    ]
    assert hit.vector_score == pytest.approx(cosine("bread recipes", NOTES["bread"]))
    assert hit.score > results.hits[1].score


def cosine(query, text):
    model = EmbeddingModel.objects.get(name="fake")
    return float(vectors.embed_query(model, query) @ vectors.embed(model, [text], "passage")[0])


def test_search_finds_an_identifier_first(notes):
    assert ids(search(VISITOR, "sqlite_tmpdir"))[0] == "tmpdir"
    assert ids(search(VISITOR, "SQLite vacuum"))[0] == "vacuum"


def test_search_without_a_shared_word_goes_by_meaning_and_marks_nothing(notes):
    results = search(VISITOR, "zeppelin")
    assert results.total == 4
    assert {(hit.keyword_score, hit.terms) for hit in results.hits} == {(0.0, ())}
    assert [marked for hit in results.hits for _text, marked in hit.snippet] == [False] * 4


def test_search_pages_go_on_where_the_last_ended(notes):
    every = ids(search(VISITOR, "vacuum the harbour"))
    pages = [search(VISITOR, "vacuum the harbour", limit=2, offset=n) for n in (0, 2, 4)]
    assert [ids(page) for page in pages] == [every[:2], every[2:], []]
    assert [page.total for page in pages] == [4, 4, 4]


def test_search_shows_each_document_once_with_its_best_passage():
    collection = CollectionFactory(public=True)
    paragraphs = [f"Paragraph {n} tells of " + "plain things " * 20 for n in range(6)]
    paragraphs[4] = "Only here a narwhal swims. " + "Cold water. " * 20
    embedded(collection, {"long": "\n\n".join(paragraphs), "short": "A narwhal."})
    results = search(VISITOR, "narwhal swims")
    assert sorted(ids(results)) == ["long", "short"]
    long = next(hit for hit in results.hits if hit.document.external_id == "long")
    assert "narwhal" in long.passage.text
    every = passages(VISITOR, "narwhal swims")
    assert len([hit for hit in every if hit.document == long.document]) > 1
    assert [hit.score for hit in every] == sorted((hit.score for hit in every), reverse=True)


def test_a_documents_passages_cover_the_query_together():
    collection = CollectionFactory(public=True)
    filler = "Plain words stand here to fill the passage up. " * 12
    whole = f"The narwhal swims. {filler}\n\n{filler}\n\nA zeppelin flies. {filler}"
    half = f"The narwhal swims. {filler}"
    embedded(collection, {"both": whole, "one": half})
    first, second = search(VISITOR, "narwhal zeppelin").hits
    assert (first.document.external_id, first.passage.ordinal) != ("one", 0)
    assert first.document.external_id == "both"
    assert second.document.external_id == "one"


def test_equal_documents_tie_in_the_order_they_came():
    collection = CollectionFactory(public=True)
    embedded(collection, dict.fromkeys(("c", "a", "b"), "The same text."), title="Same")
    found = [ids(search(VISITOR, "same text", fold=False)) for _ in range(3)]
    assert found == [["c", "a", "b"]] * 3


@pytest.mark.parametrize("reader", ["owner", "visitor", "other"])
def test_private_content_is_found_by_its_owner_alone(reader):
    collection = CollectionFactory()
    embedded(collection, {"secret": "The treasure is under the oak."})
    user = {"owner": collection.owner, "visitor": VISITOR, "other": UserFactory()}[reader]
    found = ["secret"] if reader == "owner" else []
    assert ids(search(user, "treasure oak")) == found
    assert ids(search(user, "treasure oak", collection=collection)) == found
    assert [hit.document.external_id for hit in passages(user, "treasure oak")] == found


def test_private_content_changes_nothing_in_what_others_see(notes):
    before = search(VISITOR, "vacuum bread")
    embedded(CollectionFactory(), {f"s{n}": f"Vacuum {n} of bread." for n in range(5)})
    after = search(VISITOR, "vacuum bread")
    assert [(h.document, h.score) for h in after.hits] == [
        (h.document, h.score) for h in before.hits
    ]


def test_search_in_a_collection_leaves_the_others_out(notes):
    other = CollectionFactory(public=True)
    embedded(other, {"else": "Bread again."})
    assert sorted(ids(search(VISITOR, "bread"))) == ["bread", "else", "harbour", "tmpdir", "vacuum"]
    assert ids(search(VISITOR, "bread", collection=other)) == ["else"]


def test_deleted_documents_are_gone_at_once(notes):
    services.delete_documents(notes.documents.filter(external_id="bread"))
    assert sorted(ids(search(VISITOR, "bread"))) == ["harbour", "tmpdir", "vacuum"]


def test_documents_that_are_not_ready_are_not_found(notes):
    services.add_documents(notes, [services.Incoming("new", body="Bread of tomorrow.")])
    assert "new" not in ids(search(VISITOR, "bread of tomorrow"))


def test_an_edited_document_is_found_as_it_was_until_it_is_embedded(notes):
    document = notes.documents.get(external_id="bread")
    services.edit_document(document, body="Now it is about volcanoes.")
    hit = search(VISITOR, "rye flour").hits[0]
    assert (hit.document, hit.passage.text) == (document, NOTES["bread"])


def test_search_in_an_empty_collection_finds_nothing():
    collection = CollectionFactory()
    results = search(collection.owner, "anything", collection=collection)
    assert (results.hits, results.total) == ([], 0)


def test_search_with_no_collection_at_all_finds_nothing():
    assert (search(VISITOR, "anything").hits, passages(VISITOR, "anything")) == ([], [])


def test_languages_are_searched_each_with_its_own_terms():
    german = CollectionFactory(public=True, language=Collection.Language.GERMAN)
    chinese = CollectionFactory(public=True, language=Collection.Language.CHINESE)
    embedded(german, {"de": "Die Häuser am Fluss sind alt."})
    embedded(chinese, {"zh": "台北的夜市有很多美食。", "other": "今天下雨，帶傘出門。"})
    assert search(VISITOR, "altes Haus").hits[0].document.external_id == "de"
    hit = search(VISITOR, "夜市美食").hits[0]
    assert hit.document.external_id == "zh"
    assert [text for text, marked in hit.snippet if marked] == ["夜市", "美食"]


def test_models_are_searched_each_in_its_own_space(notes):
    small = EmbeddingModelFactory(name="small", dimension=32)
    other = CollectionFactory(public=True, embedding_model=small)
    embedded(other, {"small": "Rye bread with butter."})
    assert set(ids(search(VISITOR, "rye bread"))[:2]) == {"bread", "small"}


def test_a_passage_without_a_vector_is_found_by_its_words(notes):
    Vector.objects.filter(passage__document__external_id="tmpdir").delete()
    hit = search(VISITOR, "sqlite_tmpdir").hits[0]
    assert (hit.document.external_id, hit.vector_score) == ("tmpdir", None)
    assert hit.keyword_score > 0


def test_the_score_a_leg_did_not_bring_is_looked_up(notes, monkeypatch):
    monkeypatch.setattr("search_app.search.DEPTHS", (1,))
    results = search(VISITOR, "harbour sqlite_tmpdir")
    for hit in results.hits:
        assert hit.vector_score == pytest.approx(
            cosine("harbour sqlite_tmpdir", NOTES[hit.document.external_id])
        )
        assert hit.keyword_score > 0


def test_a_model_that_is_missing_leaves_its_collection_to_the_keywords(notes):
    EmbeddingModel.objects.filter(pk=notes.embedding_model_id).update(
        name="gone", backend="sentence-transformers", ref="/nowhere"
    )
    with pytest.raises(ModelMissing):
        search(VISITOR, "bread")
    embedded(CollectionFactory(public=True), {"else": "Plain water."})
    hit = search(VISITOR, "rye bread").hits[0]
    assert (hit.document.external_id, hit.vector_score) == ("bread", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to search for"),
        (" \t\n", "nothing to search for"),
        ("\x00", "nothing to search for"),
        ("x" * 2001, "too long to search for: 2001 characters"),
    ],
)
def test_a_bad_query_is_rejected(text, message):
    for find in (checked, lambda bad: search(VISITOR, bad), lambda bad: passages(VISITOR, bad)):
        with pytest.raises(Rejected, match=message):
            find(text)


@pytest.mark.parametrize(
    "text", ["bread\x00 rye", "bread \ud800 rye", "(bread) & 'rye' | %_\\", "bread rye " * 200]
)
def test_odd_queries_find_as_their_words_do(notes, text):
    assert ids(search(VISITOR, text[:2000]))[0] == "bread"


def test_a_query_of_signs_alone_goes_by_meaning(notes):
    assert search(VISITOR, "?!").total == 4


def test_query_count_does_not_grow_with_what_is_found(notes):
    def count(limit):
        with CaptureQueriesContext(connection) as queries:
            assert len(search(VISITOR, "vacuum", limit=limit).hits) == limit
        return len(queries)

    count(1)
    embedded(notes, {f"more{n}": f"Vacuum number {n}." for n in range(20)})
    embedded(CollectionFactory(public=True), {"far": "Vacuum elsewhere."})
    count(1)  # what is kept of a collection is kept now
    one = count(1)
    assert (count(3), count(20)) == (one, one)


def test_scores_are_the_sum_of_their_parts(notes):
    """By hand: one document of four, from its cosine and its BM25."""
    hits = search(VISITOR, "rye zeppelin").hits
    cosines = np.array([hit.vector_score for hit in hits])
    z = (cosines - cosines.mean()) / cosines.std()
    idf_known, idf_unknown = np.log(1 + 3.5 / 1.5), np.log(1 + 4.5 / 0.5)
    terms = Terms(4, 1.0, {"rye": idf_known, "zeppelin": idf_unknown})
    keywords = np.array([hit.keyword_score for hit in hits])
    coverage = np.where(keywords > 0, idf_known / (idf_known + idf_unknown), 0.0)
    parts = fuse(z, keywords, coverage, np.zeros(4), terms)
    assert [one.scored.by_meaning for one in hits] == pytest.approx(list(parts.meaning))
    assert [one.scored.by_keywords for one in hits] == pytest.approx(list(parts.keywords))
    assert [one.scored.by_full_match for one in hits] == pytest.approx(list(parts.full_match))
    for hit in hits:
        whole = sum(value for name, value in hit.scored._asdict().items() if name.startswith("by_"))
        assert hit.score == pytest.approx(whole)
    found = {hit.document.external_id: hit.scored for hit in hits}["bread"]
    assert (found.keyword_rank, list(found.terms)) == (1, ["rye"])
    assert [hit.scored.keyword_rank for hit in hits if not hit.terms] == [None] * 3


def test_small_words_of_a_query_find_nothing_where_it_has_others():
    collection = CollectionFactory()
    embedded(collection, {"a": "how do we go on", "b": "boats of the harbour"})
    [hit] = [
        hit
        for hit in search(collection.owner, "how do boats go", collection=collection).hits
        if hit.terms
    ]
    assert (hit.document.external_id, hit.terms) == ("b", ("boat",))
