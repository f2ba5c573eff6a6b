"""Groups of vectors and their names, without a database."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_app.analysis import clustering
from search_app.analysis.naming import Words


def blobs(sizes, dimension=16, noise=0.05, seed=1):
    """Vectors around one axis for each size."""
    random = np.random.default_rng(seed)
    rows = [np.eye(dimension)[axis] for axis, size in enumerate(sizes) for _ in range(size)]
    return (np.array(rows) + random.normal(0, noise, (sum(sizes), dimension))).astype(np.float32)


@pytest.mark.parametrize("wanted", [None, 3])
def test_clear_groups_are_found_largest_first(wanted):
    found = clustering.group(blobs([5, 20, 10]), wanted, seed=0)
    assert found.labels.tolist() == [2] * 5 + [0] * 20 + [1] * 10
    assert found.silhouette > 0.7
    assert found.centroids.argmax(axis=1).tolist() == [1, 2, 0]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 12), st.one_of(st.none(), st.integers(1, 15)), st.integers(0, 9))
def test_grouping_holds_for_any_number(count, wanted, seed):
    vectors = blobs([count], noise=0.5, seed=seed)
    found = clustering.group(vectors, wanted, seed)
    k = len(found.centroids)
    assert k == (min(wanted, count) if wanted else k)
    assert set(found.labels.tolist()) == set(range(k))
    sizes = np.bincount(found.labels).tolist()
    assert sizes == sorted(sizes, reverse=True)
    assert np.linalg.norm(found.centroids, axis=1) == pytest.approx(np.ones(k), abs=1e-5)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert found.scores == pytest.approx((unit * found.centroids[found.labels]).sum(1), abs=1e-5)
    again = clustering.group(vectors, wanted, seed)
    assert again.labels.tolist() == found.labels.tolist()


def test_no_vectors_make_no_groups():
    found = clustering.group(np.empty((0, 4), np.float32), 3, seed=0)
    assert (found.labels.tolist(), found.centroids.shape, found.silhouette) == ([], (0, 4), None)


def test_equal_vectors_are_one_group_whatever_is_wanted():
    found = clustering.group(np.ones((6, 4), np.float32), 4, seed=0)
    assert (set(found.labels.tolist()), found.silhouette) == ({0}, None)


def test_opposite_vectors_in_one_group_have_a_centroid():
    found = clustering.group(np.array([[1, 0], [-1, 0]], np.float32), 1, seed=0)
    assert np.linalg.norm(found.centroids[0]) == pytest.approx(1)


def test_many_vectors_go_in_batches_and_are_judged_by_a_sample(monkeypatch):
    monkeypatch.setattr(clustering, "LARGE", 50)
    monkeypatch.setattr(clustering, "SAMPLE", 40)
    found = clustering.group(blobs([60, 40, 20]), None, seed=0)
    assert np.bincount(found.labels).tolist() == [60, 40, 20]


def named(language, *groups):
    words = Words(len(groups), language)
    for label, texts in enumerate(groups):
        for title, text in texts:
            words.add(label, title, text)
    return words.names()


def test_names_are_words_as_written_that_the_others_lack():
    bread, ships = named(
        "english",
        [("Baking loaves", "The guide to baking loaves with SQLite.")] * 3,
        [("Sailing ships", "The guide to sailing ships with SQLite.")] * 3,
    )
    assert bread.terms[0].lower() == "baking loaves"
    assert ships.terms[0].lower() == "sailing ships"
    assert not {"the", "with", "to"} & {term.lower() for term in bread.terms + ships.terms}


def test_code_and_addresses_name_nothing():
    [one, _] = named(
        "english",
        [("Bread", "Rye.\n\n```\nimport frobnicate\n```\n\nhttps://zork.example/quux")],
        [("Ships", "Sail.")],
    )
    assert sorted(one.terms) == ["Bread", "Rye"]


def test_one_long_text_does_not_name_its_group():
    first, _ = named(
        "english",
        [("Bread one", "Rye"), ("Bread two", "Oats"), ("Other", "zork " * 300)],
        [("Ships", "Sail")],
    )
    assert first.terms[0].startswith("Bread")


def test_names_are_distinct_even_where_texts_are_the_same():
    names = [one.name for one in named("english", *[[("Bread", "Rye bread.")]] * 3)]
    assert len(set(names)) == 3


def test_a_group_without_words_has_a_number():
    assert [one.name for one in named("english", [("12", "34")], [("56", "!")])] == ["#1", "#2"]


def test_chinese_names_are_whole_words():
    first, second = named(
        "chinese",
        [("機器學習入門", "介紹機器學習的概念。"), ("應用", "神經網路與機器學習。")],
        [("台北美食", "夜市有牛肉麵。"), ("小吃", "夜市的牛肉麵很好吃。")],
    )
    assert "機器學習" in first.terms[:2]
    assert "牛肉麵" in second.terms[:3]


@pytest.mark.parametrize(
    ("language", "text", "silent"),
    [
        ("german", "Für die Häuser über dem Fluß", {"Für", "die", "über", "dem"}),
        ("french", "Les maisons où l'été était très chaud", {"Les", "était", "très"}),
        ("spanish", "El río también está cerca", {"El", "también", "está"}),
    ],
)
def test_function_words_of_other_languages_name_nothing(language, text, silent):
    [only] = named(language, [("", text)])
    assert only.terms
    assert not silent & set(" ".join(only.terms).split())
