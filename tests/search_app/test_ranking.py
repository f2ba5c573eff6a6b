"""What decides a ranking: titles, full matches, the weights in force, and chance."""

import numpy as np
import pytest

from search_app.analysis.ranked import Pool
from search_app.analysis.weights import Weights
from search_app.analysis.wholes import held_by_title, wholes
from search_app.models import RankingWeights
from search_app.queries import samples
from search_app.queries.scope import Scope
from search_app.ranking import Ranking, rank
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db


def ids(collection, text, **options):
    names = dict(collection.documents.values_list("pk", "external_id"))
    return list(
        dict.fromkeys(names[one.document_id] for one in rank([collection], text, **options))
    )


@pytest.fixture
def collection():
    return CollectionFactory()


def test_two_words_of_a_title_find_it_before_a_text_that_has_them_more_often(collection):
    filler = {f"other{n}": f"Nothing of the kind, number {n}." for n in range(20)}
    embedded(collection, {"often": "Copper kettle, copper kettle, copper kettle.", **filler})
    embedded(collection, {"titled": "How it is cleaned."}, title="Cleaning a copper kettle")
    assert ids(collection, "copper kettle")[:2] == ["titled", "often"]


def test_an_identifier_is_first_whatever_lies_nearer(collection):
    filler = {f"other{n}": f"Files that are open, number {n}." for n in range(20)}
    embedded(collection, {"named": "Call open_files here.", **filler})
    assert ids(collection, "open_files")[0] == "named"


def test_an_unknown_identifier_is_looked_for_by_its_parts(collection):
    embedded(collection, {"a": "The stand of a book.", "b": "A harbour."})
    [first, *_rest] = rank([collection], "book_stand")
    assert (set(first.terms), first.coverage) == ({"book", "stand"}, 1.0)


def test_equal_passages_tie_in_the_order_they_came(collection):
    embedded(collection, dict.fromkeys(("c", "a", "b"), "The same text."), title="Same")
    assert [ids(collection, "same text") for _ in range(3)] == [["c", "a", "b"]] * 3


def test_stored_weights_are_those_of_the_collection_before_those_of_the_model(collection):
    embedded(collection, {"a": "Rye bread.", "b": "A harbour."})

    def part():
        return rank([collection], "rye bread")[0].by_meaning

    usual = part()
    model = collection.embedding_model
    RankingWeights.objects.create(model=model, weights=Weights(meaning=0.4).to_json())
    assert part() == pytest.approx(2 * usual)
    RankingWeights.objects.create(
        model=model, collection=collection, weights=Weights(meaning=0.6).to_json()
    )
    assert part() == pytest.approx(3 * usual)
    assert rank([collection], "rye bread", Weights())[0].by_meaning == pytest.approx(usual)


def test_what_a_filter_leaves_is_all_that_is_ranked(collection):
    [_first, second] = embedded(collection, {"a": "Rye bread.", "b": "Rye in a harbour."})
    left = np.array(sorted(second.passages.values_list("pk", flat=True)), np.int64)
    assert ids(collection, "rye bread", left=Scope((collection.pk,), left)) == ["b"]


def test_nothing_is_good_where_nothing_is_about_the_query(collection):
    subjects = ["rye bread", "fishing boats", "copper kettle", "winter apples", "old clocks"]
    texts = {f"{s}{n}": f"About {s}, part {n}." for s in subjects for n in range(4)}
    embedded(collection, texts)
    assert not any(one.good for one in rank([collection], "zeppelin orbit"))
    assert rank([collection], "fishing boats")[0].good


def test_few_passages_on_one_matter_still_match(collection):
    """Their pairs lie as near to each other as a good match does, and tell nothing of chance."""
    text = "Fishing boats lie behind the old harbour wall all winter, in rain and snow, {}."
    embedded(collection, {f"d{n}": text.format(n) for n in range(5)})
    assert all(one.good for one in rank([collection], "harbour wall in winter snow"))
    assert not any(one.good for one in rank([collection], "zeppelin orbit"))


def test_a_collection_of_few_passages_does_not_make_all_of_a_large_one_match(collection):
    embedded(
        collection, {f"d{n}": f"Matter {n} of its own: {'abcdefgh'[n % 8] * 5}." for n in range(60)}
    )
    small = CollectionFactory(owner=collection.owner, embedding_model=collection.embedding_model)
    embedded(small, {"a": "Fishing boats.", "b": "Fishing boats again."})
    model = collection.embedding_model
    assert samples.line([collection.pk, small.pk], model) == samples.cutoff([collection.pk], model)
    assert samples.line([small.pk], model) == samples.USUAL


def pool(first, scores, cosines, documents=None, contents=None):
    """Candidates from passage `first` on, whose keywords are their cosines or 0."""
    n = len(scores)
    passages, cosines = np.arange(first, first + n), np.array(cosines, float)
    return Pool(
        passages=passages,
        documents=np.array(documents or passages),
        contents=np.array(contents or passages),
        alike={},
        scores=np.array(scores, float),
        good=np.array(scores) > 0.5,
        evidence=np.nan_to_num(cosines),
        cosines=cosines,
        keywords=np.nan_to_num(cosines),
        coverage=np.zeros(n),
        parts={"by_meaning": np.array(scores, float)},
        held=np.array([[True, True]] * n),
        rarity={"rye": 1.0, "oat": 2.0},
    )


def test_ranks_in_a_leg_begin_at_one_and_are_shared_by_equals():
    ranking = Ranking([pool(1, [4, 3, 2, 1], [0.1, np.nan, 0.5, 0.5])])
    assert [one.vector_rank for one in ranking] == [3, None, 1, 1]
    assert [one.keyword_rank for one in ranking] == [3, None, 1, 1]
    assert [one.cosine for one in ranking] == [0.1, None, 0.5, 0.5]
    assert list(ranking[0].terms) == ["oat", "rye"]


def test_pools_are_one_ranking_and_a_deeper_look_goes_behind_it():
    first = Ranking([pool(1, [1, 3], [0.1, 0.2]), pool(11, [2, 3], [0.3, 0.4], [7, 8])])
    assert [one.passage_id for one in first] == [2, 12, 11, 1]
    assert (first[1].cosine, first.documents.tolist()) == (0.4, [2, 8, 7, 1])
    deeper = Ranking([pool(1, [9, 9, 9], [0.1, 0.2, 0.3]), pool(21, [5, 4], [0.3, 0.4], [8, 9])])
    both = first.then(deeper.by_document())
    assert [one.passage_id for one in both] == [2, 12, 11, 1, 3, 22]
    assert [one.passage_id for one in both[3:5]] == [1, 3]
    assert both.good.tolist() == [True] * 6


def test_a_document_is_ranked_by_its_best_passage():
    ranking = Ranking([pool(1, [1, 3, 2, 4], [0.1] * 4, [5, 5, 6, 6])])
    assert [one.passage_id for one in ranking.by_document()] == [4, 2]
    assert len(Ranking([])) == 0


def test_a_whole_is_a_term_that_has_parts():
    assert wholes("open_files and boats", "english") == {"open_files"}
    assert held_by_title("Fishing boats", "english") == {"fish", "boat"}
