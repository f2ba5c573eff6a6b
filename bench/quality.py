"""How well search finds: python -m bench.quality [cranfield] [til]

The product's own search over `../shared/data/cranfield` (judged research questions) and over the
notes of `../shared/data/til` with our own queries (`tests/data/til_queries.json`): vague ones,
whose words hardly stand in the right notes, and precise ones. Each beside its two legs alone,
both of the same passages; "held" queries had no say in any choice. Nothing is tuned here.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench._site import NOTES, ROOT, machine, site

CRANFIELD = NOTES.parent / "cranfield"
QUERIES = ROOT / "tests" / "data" / "til_queries.json"
DEPTH = 10
ADD = 200  # documents that are added at once

Judged = Sequence[tuple[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Legs:
    """Documents best first for a text: the product's, by meaning alone and by words alone."""

    product: Callable[[str], list[str]]
    meaning: Callable[[str], list[str]]
    words: Callable[[str], list[str]]


def main() -> None:
    sys.stdout.reconfigure(line_buffering=True)
    wanted = sys.argv[1:] or ["cranfield", "til"]
    with site():
        print(f"Machine: {machine()}")
        print("| queries | measure | words | meaning | product |\n|---|---|---|---|---|")
        if "cranfield" in wanted:
            legs = legs_of(filled("cranfield", cranfield()))
            for name, judged in cranfield_queries().items():
                row(f"Cranfield, {name}", "nDCG@10", legs, judged, ndcg)
        if "til" in wanted:
            legs = legs_of(filled("til", notes()))
            for name, judged in til_queries().items():
                row(f"notes, {name}", "recall@5", legs, judged, recall)
            unanswered(legs_owner=legs)


def row(name: str, measure: str, legs: Legs, judged: Judged, value) -> None:
    means = mean(legs, judged, value)
    cells = " | ".join(f"{means[leg]:.3f}" for leg in ("words", "meaning", "product"))
    print(f"| {name} ({len(judged)}) | {measure} | {cells} |")


def mean(legs: Legs, judged: Judged, value) -> dict[str, float]:
    """The mean of the measure for each leg and for the product."""
    return {
        leg: sum(value(find(text)[:DEPTH], right) for text, right in judged) / len(judged)
        for leg, find in vars(legs).items()
    }


def ndcg(found: Sequence[str], right: Mapping[str, float]) -> float:
    """nDCG of the documents found, with the judgements as gains."""
    from math import log2

    def gained(grades) -> float:
        return sum(grade / log2(place + 2) for place, grade in enumerate(grades))

    return gained([right.get(one, 0.0) for one in found]) / gained(
        sorted(right.values(), reverse=True)[:DEPTH]
    )


def recall(found: Sequence[str], right: Mapping[str, float]) -> float:
    """The share of the right documents among the first five."""
    return len(set(found[:5]) & right.keys()) / len(right)


def legs_of(collection) -> Legs:
    """The product's search in this collection, and its legs."""
    from search_app.ranking import rank
    from search_app.search import search

    def product(text: str) -> list[str]:
        hits = search(collection.owner, text, collection=collection, limit=DEPTH).hits
        return [hit.document.external_id for hit in hits]

    names = dict(collection.documents.values_list("pk", "external_id"))

    def by(value) -> Callable[[str], list[str]]:
        def find(text: str) -> list[str]:
            scored = [one for one in rank([collection], text) if value(one)]
            scored.sort(key=lambda one: (-value(one), one.passage_id))
            return list(dict.fromkeys(names[one.document_id] for one in scored))

        return find

    return Legs(product, by(lambda one: one.cosine), by(lambda one: one.keywords))


def unanswered(legs_owner: Legs) -> None:
    """How often 'no good match' is said of what is there, and not said of what is not."""
    from collections_app.models import Collection
    from search_app.ranking import rank

    collection = Collection.objects.get(name="til")

    def is_none(text: str) -> bool:
        return not any(one.good for one in rank([collection], text))

    def share(texts: Sequence[str]) -> str:
        return f"{sum(map(is_none, texts))} of {len(texts)}"

    written = json.loads(QUERIES.read_text())
    for kind in ("vague", "precise"):
        texts = [one["text"] for half in written[kind].values() for one in half]
        print(f"'No good match' is said of {share(texts)} {kind} queries that have an answer,")
    print(f"and of {share(written['unanswerable'])} that have none.")


def filled(name: str, documents: Mapping[str, tuple[str, str]]):
    """A collection of these (title, text), embedded by the product's own line."""
    from django.contrib.auth.models import User

    from collections_app import ingest
    from collections_app.services import Incoming, add_documents, create_collection

    owner, _made = User.objects.get_or_create(username="bench", is_superuser=True)
    collection = create_collection(owner, name)
    incoming = [
        Incoming(external_id=key, title=title, body=text, media_type=media)
        for key, (title, text) in documents.items()
        for media in ["text/markdown" if key.endswith(".md") else "text/plain"]
    ]
    for start in range(0, len(incoming), ADD):
        add_documents(collection, incoming[start : start + ADD])
    ingest.run()
    return collection


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def cranfield() -> dict[str, tuple[str, str]]:
    """(title, text) by id; those without text are left out, as nothing could find them."""
    rows = lines(CRANFIELD / "corpus.jsonl")
    return {row["id"]: (row["title"], row["text"]) for row in rows if row["text"].strip()}


def cranfield_queries() -> dict[str, Judged]:
    """Every other query had a say in the choices, those between them had none; and all."""
    grades: dict[str, dict[str, float]] = {}
    for line in (CRANFIELD / "qrels.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if float(grade) > 0:
            grades.setdefault(query, {})[document] = float(grade)
    rows = [row for row in lines(CRANFIELD / "queries.jsonl") if row["id"] in grades]
    every = [(row["text"], grades[row["id"]]) for row in rows]
    return {"tune": every[::2], "held": every[1::2], "all": every}


def notes() -> dict[str, tuple[str, str]]:
    paths = sorted(NOTES.rglob("*.md"))
    return {str(path.relative_to(NOTES)): ("", path.read_text()) for path in paths}


def til_queries() -> dict[str, Judged]:
    written = json.loads(QUERIES.read_text())
    return {
        f"{kind}, {half}": [(one["text"], dict.fromkeys(one["right"], 1.0)) for one in queries]
        for kind in ("vague", "precise")
        for half, queries in written[kind].items()
    }


if __name__ == "__main__":
    main()
