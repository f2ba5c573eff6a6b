"""What the site adds to the model's own time: python -m bench.embedding [DOCUMENTS]

The same notes go in by the site's whole ingest (extract, split, count terms, embed, commit)
and their passages through the bare encoder, in turns and in the same process. The target is
1.1 times; sentence-transformers on torch is measured on some of the passages beside it.
"""

import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench._site import NOTES, ROOT, machine, median, peak_mb, seconds, site

ROUNDS = 3
PEER_PASSAGES = 64
TARGET = 1.1


def main(limit: int | None) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    with site():
        from django.contrib.auth.models import User

        from collections_app import encoders, services, vectors

        began = time.perf_counter()
        model = services.default_model()
        vectors.prepare(model)
        print(f"Machine: {machine()}")
        print(f"Model made ready (converted if new): {time.perf_counter() - began:.2f} s")
        encoder = vectors.encoder(model)
        first = seconds(lambda: encoder.encode(["How do I back up a database?"]))
        print(f"First vector, once loaded: {first:.2f} s")
        owner = User.objects.create_superuser("bench")
        ours, bare = _in_turns(owner, model, encoder, limit)
        print(f"Ratio of wall time {median(ours.wall) / median(bare.wall):.3f}", end=", ")
        print(f"of processor time {median(ours.cpu) / median(bare.cpu):.3f} (target {TARGET})")
        _peer(encoders, vectors.spec(model), encoder)
        _queries(encoder)


class Times:
    """Wall and processor seconds of each turn, printed as they come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def run(self, work: Callable[[], object]) -> None:
        cpu = time.process_time()
        self.wall.append(seconds(work))
        self.cpu.append(time.process_time() - cpu)
        print(f"  {self.name}: {self.wall[-1]:.2f} s, {self.cpu[-1]:.2f} s of processor")


def _in_turns(owner, model, encoder, limit: int | None) -> tuple[Times, Times]:
    from collections_app import ingest, services

    ours, bare = Times("whole ingest"), Times("bare encoder")
    encoder.encode(["to warm up " * 200] * 4)
    for number in range(ROUNDS):
        collection = services.create_collection(
            owner, f"notes {number}", visibility="private", model=model
        )
        _add(collection, limit)
        ours.run(ingest.run)
        texts = _passages(collection)
        bare.run(lambda texts=texts: encoder.encode(texts))
        ready = collection.documents.filter(state="ready").count()
        print(f"  {ready} documents, {len(texts)} passages")
        collection.delete()  # with its vectors: the next turn embeds again
    return ours, bare


def _add(collection, limit: int | None) -> None:
    """The notes, or what the standard library says of itself where they are absent."""
    from collections_app import services
    from collections_app.demo import library

    if NOTES.is_dir():
        paths = sorted(NOTES.rglob("*.md"))[:limit]
        named = [services.NamedPath(path, path.relative_to(NOTES).as_posix()) for path in paths]
        services.add_files(collection, named)
        return
    print(f"  {NOTES} is not here: the library's docstrings instead")
    services.add_documents(collection, itertools.islice(library.documents(), limit or 600))


def _passages(collection) -> list[str]:
    """What the encoder was given: each different text once."""
    from collections_app import vectors
    from collections_app.models import Passage
    from collections_app.pipeline.split import embedded_text

    texts = {
        one.content_hash: embedded_text(one.heading, one.text)
        for one in Passage.objects.filter(collection=collection).order_by("pk")
    }
    return [vectors.prefixed(collection.embedding_model, one, "passage") for one in texts.values()]


def _peer(encoders, spec, encoder) -> None:
    files = sorted((NOTES if NOTES.is_dir() else ROOT / "docs").rglob("*.md"))[:PEER_PASSAGES]
    texts = [path.read_text(errors="replace")[:900] for path in files]
    torch = encoders.load(spec, Path("unused"), "torch")
    torch.encode(texts[:2])
    encoder.encode(texts)
    theirs = Times("sentence-transformers, torch"), Times("ours")
    for _ in range(ROUNDS):
        theirs[0].run(lambda: torch.encode(texts))
        theirs[1].run(lambda: encoder.encode(texts))
    print(f"Torch takes {median(theirs[0].wall) / median(theirs[1].wall):.2f} times ours")


def _queries(encoder) -> None:
    texts = [f"how do I back up database number {n}" for n in range(50)]
    times = [seconds(lambda text=text: encoder.encode([text])) for text in texts]
    print(f"One short query: {1000 * median(times):.1f} ms (median of {len(texts)})")
    print(f"Largest memory of this process, torch included: {peak_mb(os.getpid())} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
