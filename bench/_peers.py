"""What others take for the nearest ten of the same vectors, each in this process."""

import importlib.util
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

Search = Callable[[np.ndarray], object]
PACKAGES = {"llm": "llm similar", "chromadb": "Chroma", "faiss": "FAISS, exact"}


def peers(vectors: np.ndarray) -> Iterator[tuple[str, Search | None]]:
    """Name and search of each; None where it is not installed (requirements-bench.txt)."""
    makers = {"llm": _llm, "chromadb": _chroma, "faiss": _faiss}
    for package, name in PACKAGES.items():
        if importlib.util.find_spec(package) is None:
            yield name, None
            continue
        with TemporaryDirectory() as folder:
            yield name, makers[package](vectors, Path(folder))


def _llm(vectors: np.ndarray, folder: Path) -> Search:
    import llm
    import sqlite_utils

    database = sqlite_utils.Database(sqlite3.connect(folder / "embeddings.db"))

    class Ready(llm.EmbeddingModel):  # the vectors are here: it only has a name
        model_id = "ready"

        def embed_batch(self, items):
            raise NotImplementedError

    collection = llm.Collection("bench", database, model=Ready())
    rows = (
        {"collection_id": collection.id, "id": str(n), "embedding": llm.encode(row), "updated": 0}
        for n, row in enumerate(vectors.tolist())
    )
    database["embeddings"].insert_all(rows)
    return lambda vector: collection.similar_by_vector(vector.tolist(), number=10)


def _chroma(vectors: np.ndarray, folder: Path) -> Search:
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(folder / "chroma"), settings)
    collection = client.create_collection("bench", metadata={"hnsw:space": "cosine"})
    for start in range(0, len(vectors), 5000):
        batch = vectors[start : start + 5000]
        ids = [str(start + n) for n in range(len(batch))]
        collection.add(ids=ids, embeddings=batch)
    return lambda vector: collection.query(query_embeddings=vector[None], n_results=10)


def _faiss(vectors: np.ndarray, _folder: Path) -> Search:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda vector: index.search(vector[None], 10)
