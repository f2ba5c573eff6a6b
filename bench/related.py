"""Related lists: python -m bench.related [DOCUMENTS]

All top-10 lists of 20,000 documents, by the site (read, compute, write) and by the bare blocked
numpy product with its selection; then, where the shared notes are there, whether each list of
theirs equals the exact cosines, and what the widget of one costs within the server.
"""

import io
import sys

import numpy as np

from bench._site import NOTES, machine, median, seconds, site

DOCUMENTS = 20_000
ROUNDS = 3
BLOCK = 400  # rows of one product
ASKED = 200
TARGET, CACHED_MS, UNCACHED_MS = 1.5, 2.0, 8.0


def main(size: int) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    with site():
        print(f"Machine: {machine()}")
        _lists(size)
        if not NOTES.exists():
            print(f"No notes at {NOTES}: their lists and the widget are not measured.")
            return
        collection = _notes()
        _equal(collection)
        _widget(collection)


def _lists(size: int) -> None:
    """The site's whole refresh and the bare product, in turns."""
    from bench._corpus import Corpus, filled
    from search_app import related
    from search_app.models import DocumentVector
    from search_app.queries import documents

    collection = filled(Corpus(size))
    taken = seconds(lambda: documents.update_vectors(collection))
    print(f"Document vectors of {size:,}: {taken:.1f} s")
    ours, computed, bare = [], [], []
    for _ in range(ROUNDS):
        vectors = documents.matrix(collection).vectors
        bare.append(seconds(lambda vectors=vectors: _bare(vectors)))
        computed.append(seconds(lambda vectors=vectors: _computed(vectors)))
        DocumentVector.objects.filter(collection=collection).update(refill=True)
        ours.append(seconds(lambda: related.refresh(collection.pk)))
        print(f"  bare {bare[-1]:.2f} s, computed {computed[-1]:.2f} s, whole {ours[-1]:.2f} s")
    print(f"Computing alone over bare: {median(computed) / median(bare):.2f}")
    print(
        f"With reading and writing over bare: {median(ours) / median(bare):.2f} (target {TARGET})"
    )


def _bare(vectors: np.ndarray) -> None:
    for start in range(0, len(vectors), BLOCK):
        scores = vectors[start : start + BLOCK] @ vectors.T
        chosen = np.argpartition(scores, -11, axis=1)[:, -11:]
        np.argsort(-np.take_along_axis(scores, chosen, 1), axis=1)


def _computed(vectors: np.ndarray) -> None:
    """What `related` computes, without the database."""
    from search_app.analysis import nearest

    for block in nearest.blocks(np.arange(len(vectors)), len(vectors)):
        products = vectors[block] @ vectors.T
        products[np.arange(len(block)), block] = -np.inf
        rows, others = nearest.reaching(products, 10)
        scores = nearest.cosines(vectors, block[rows], others)
        nearest.ranked(rows, others, scores, 10)


def _notes():
    from django.contrib.auth.models import User

    from collections_app import ingest, services
    from search_app import related

    owner = User.objects.create_superuser("notes")
    collection = services.create_collection(owner, "notes", visibility="public")
    paths = sorted(NOTES.rglob("*.md"))
    services.add_documents(
        collection,
        [
            services.Incoming(
                path.relative_to(NOTES).as_posix(),
                body=path.read_text(encoding="utf-8"),
                media_type="text/markdown",
            )
            for path in paths
        ],
    )
    ingest.run()
    ingest.clean()  # as the site's worker does at night
    related.refresh(collection.pk)
    return collection


def _equal(collection) -> None:
    """Each stored list against the cosines of the means of the passages' vectors, in float64."""
    from search_app.models import RelatedDocument
    from search_app.queries import documents

    ids = list(collection.documents.order_by("pk").values_list("pk", flat=True))
    rows = {one.pk: documents.vector_of(one) for one in collection.documents.all()}
    matrix = np.array([rows[pk] for pk in ids], np.float64)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    scores = matrix @ matrix.T
    np.fill_diagonal(scores, -np.inf)
    stored: dict[int, list[tuple[int, float]]] = {pk: [] for pk in ids}
    found = RelatedDocument.objects.filter(document__collection=collection).order_by("rank")
    for document, other, score in found.values_list("document", "other", "score"):
        stored[document].append((other, score))
    equal = 0
    for place, pk in enumerate(ids):
        exact = np.sort(scores[place])[::-1][:10]
        own = [scores[place, ids.index(other)] for other, _score in stored[pk]]
        told = [score for _other, score in stored[pk]]
        equal += (
            len(own) == 10
            and np.allclose(own, exact, atol=1e-6)
            and np.allclose(told, own, atol=1e-6)
        )
    print(f"Notes whose list equals exact cosines: {equal} of {len(ids)}")


def _widget(collection) -> None:
    """Asked by one that has it (304), by one that has not, and after all was forgotten: the
    server's own time, from the request's first line to the answer's last byte."""
    from django.core.cache import cache
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    ids = list(collection.documents.order_by("pk").values_list("pk", flat=True))[:ASKED]
    for kind in ("/", ".html", ".json"):
        paths = [f"/related/{pk}{kind}" for pk in ids]
        tags = {path: _asked(path) for path in paths}
        same = [seconds(lambda path=path, tag=tag: _asked(path, tag)) for path, tag in tags.items()]
        kept = [seconds(lambda path=path: _asked(path)) for path in paths]
        cache.clear()
        made = [seconds(lambda path=path: _asked(path)) for path in paths]
        p50 = [1000 * median(times) for times in (same, kept, made)]
        print(
            f"Widget {kind}: p50 unchanged {p50[0]:.2f} ms, cached {p50[1]:.2f} ms (target "
            f"{CACHED_MS}), uncached {p50[2]:.2f} ms (target {UNCACHED_MS})"
        )


def _asked(path: str, tag: str = "") -> str:
    """The ETag of what the site's WSGI application answers."""
    from embedsite.wsgi import application

    head = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }
    found: dict[str, str] = {}
    answer = application(
        head | ({"HTTP_IF_NONE_MATCH": tag} if tag else {}),
        lambda status, headers: found.update(headers, status=status),
    )
    b"".join(answer)
    answer.close()
    expected = "304" if tag else "200"
    if not found["status"].startswith(expected):
        raise SystemExit(f"{path}: {found['status']} instead of {expected}")
    return found["ETag"]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
