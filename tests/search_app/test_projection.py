"""The plane that vectors are placed on: explained variance, newcomers, and staying put."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from search_app.analysis import packing, projection
from search_app.analysis.projection import SIDE


def rows(count, seed=0, dimension=16):
    """Unit vectors in three loose groups."""
    draw = np.random.default_rng(seed)
    middles = np.random.default_rng(99).standard_normal((3, dimension))
    made = middles[draw.integers(3, size=count)] + 0.4 * draw.standard_normal((count, dimension))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def test_axes_and_variance_are_those_of_scikit_learn():
    vectors = rows(500)
    axes, places = projection.fit(vectors)
    reference = PCA(2).fit(vectors)
    assert axes.explained == pytest.approx(reference.explained_variance_ratio_, rel=1e-3)
    for ours, theirs in zip(axes.directions, reference.components_, strict=True):
        assert abs(float(ours @ theirs)) == pytest.approx(1, abs=1e-3)
    flat = reference.transform(vectors)
    distances = np.linalg.norm(flat[:1] - flat, axis=1)
    ours = np.linalg.norm(places[:1] - places, axis=1) * axes.side / SIDE
    assert ours == pytest.approx(distances, abs=2 * axes.side / SIDE)


def test_newcomers_have_the_place_that_they_had_had():
    vectors = rows(300)
    axes, places = projection.fit(vectors)
    assert np.abs(projection.place(vectors[:40], axes) - places[:40]).max() <= 1
    far = projection.place(10 * vectors, axes)
    assert (far.min(), far.max()) == (0, SIDE)


def test_a_map_made_anew_with_more_documents_looks_as_before():
    first, more = rows(400, seed=1), rows(40, seed=2)
    axes, places = projection.fit(first)
    was = (np.arange(400, dtype=np.int32), places)
    again, moved = projection.fit(np.concatenate([first, more]), axes, was)
    shift = np.linalg.norm(moved[:400] - places, axis=1) / SIDE
    assert np.median(shift) < 0.02
    assert again.side == axes.side
    assert again.explained.sum() == pytest.approx(axes.explained.sum(), abs=0.05)


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        (np.zeros((0, 8), np.float32), 0),
        (rows(1), 1),
        (np.repeat(rows(1), 5, axis=0), 5),
        (rows(2), 2),
    ],
)
def test_few_and_equal_vectors_have_places_too(vectors, expected):
    axes, places = projection.fit(vectors)
    assert places.shape == (expected, 2)
    assert np.isfinite(axes.explained).all()
    assert ((places >= 0) & (places <= SIDE)).all()


def test_labels_stand_where_a_group_is_densest():
    draw = np.random.default_rng(0)
    crowd = draw.normal((50_000, 10_000), 300, (80, 2))
    far = draw.uniform(0, SIDE, (20, 2))
    places = np.concatenate([crowd, far]).astype(np.int32)
    labels = np.zeros(100, np.int32)
    spot, empty = projection.densest(places, labels, 2)
    assert np.linalg.norm(spot - (50_000, 10_000)) < 1500
    assert empty.tolist() == [SIDE // 2, SIDE // 2]


def test_a_block_is_read_as_it_was_packed():
    arrays = {
        "a": np.arange(3, dtype=np.uint8),
        "b": np.array([1, 65_535], np.uint16),
        "c": np.array([1.5, np.nan], np.float32),
        "d": np.array([2**32 - 1], np.uint32),
    }
    header, found = packing.unpack(packing.pack({"name": "雨 rain"}, arrays))
    assert header == {"name": "雨 rain"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
