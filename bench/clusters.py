"""Clusters: python -m bench.clusters [VECTORS]

20 clusters of 20,000 vectors of 384 dimensions: the whole computation of the site (grouping until
nothing moves, centroids, scores, silhouette, matching with the former clusters) beside
scikit-learn's bare MiniBatchKMeans as it comes, in turns. No database takes part.
"""

import sys

import numpy as np

from bench._site import machine, median, seconds

VECTORS = 20_000
DIMENSION = 384
CLUSTERS = 20
ROUNDS = 5
TARGET = 1.3


def main(count: int) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    print(f"Machine: {machine()}")
    vectors, _labels = _vectors(count)
    _first(vectors[:2000])  # imports are not what is measured
    _bare(vectors[:2000])
    former = np.random.default_rng(1).permutation(_ours(vectors, None))
    bare, first, again = [], [], []
    for _round in range(ROUNDS):
        bare.append(seconds(lambda: _bare(vectors)))
        first.append(seconds(lambda: _first(vectors)))
        bare.append(seconds(lambda: _bare(vectors)))
        again.append(seconds(lambda: _ours(vectors, former)))
        print(f"  bare {bare[-2]:.2f} {bare[-1]:.2f} s, first {first[-1]:.2f} s,", end=" ")
        print(f"again {again[-1]:.2f} s")
    print(f"First time over bare: {median(first) / median(bare):.2f} (target {TARGET})")
    print(f"Again, from former ones that are no good: {median(again) / median(bare):.2f}")


def _vectors(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors in loose groups, and the group of each."""
    draw = np.random.default_rng(0)
    labels = draw.integers(CLUSTERS, size=count)
    made = draw.standard_normal((CLUSTERS, DIMENSION), np.float32)[labels]
    made += 2 * draw.standard_normal((count, DIMENSION), np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True), labels


def _bare(vectors: np.ndarray) -> None:
    from sklearn.cluster import MiniBatchKMeans

    MiniBatchKMeans(CLUSTERS, random_state=0).fit_predict(vectors)


def _first(vectors: np.ndarray) -> None:
    _ours(vectors, None)


def _ours(vectors: np.ndarray, former: np.ndarray | None) -> np.ndarray:
    """What `search_app.building` computes; the labels."""
    from search_app.analysis import clustering, matching

    found = clustering.group(vectors, CLUSTERS, 0, former)
    was = np.full(len(vectors), -1) if former is None else former
    matching.match(vectors, was, found.labels)
    return found.labels


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else VECTORS)
