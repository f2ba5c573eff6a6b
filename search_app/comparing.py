"""The model that is searched under and the one that stands beside it, side by side."""

from dataclasses import dataclass

from collections_app.models import Document, EmbeddingModel, ModelChange, Shadow, Viewer
from search_app.evaluation.cases import Case, cases, rows
from search_app.evaluation.measures import MEASURES, Figures
from search_app.evaluation.searching import Seeker
from search_app.queries import beside
from search_app.search import Hit, search

SHOWN = 10
MOST_JUDGED = 100  # queries: somebody waits for them


@dataclass(frozen=True)
class Place:
    """A document that either model finds among its first; ranks begin at 1, None: not there."""

    document: Document
    old_rank: int | None
    new_rank: int | None
    old_score: float | None
    new_score: float | None

    @property
    def moved(self) -> int | None:
        """Places up under the new model; None where one of the two does not find it."""
        if self.old_rank is None or self.new_rank is None:
            return None
        return self.old_rank - self.new_rank


@dataclass(frozen=True)
class Judged:
    """Means over judged queries, by the name of the measure: under the old, under the new."""

    queries: int
    old: Figures
    new: Figures

    @property
    def lines(self) -> list[tuple[str, float, float]]:
        return [(name, self.old[name], self.new[name]) for name in self.old]


def compare(user: Viewer, change: ModelChange, text: str) -> list[Place]:
    """What both find for the text, in the order of the new model, then what it has lost. While
    the change is being built, both search the documents that are done alone.

    Raises what `search` raises.
    """
    old, new = (_found(user, change, model, text) for model in (change.old, change.new))
    places = {hit.document.pk: hit.document for hit in (*new, *old)}
    ranks = [{hit.document.pk: n for n, hit in enumerate(hits, 1)} for hits in (old, new)]
    scores = [{hit.document.pk: hit.score for hit in hits} for hits in (old, new)]
    return [
        Place(
            document,
            old_rank=ranks[0].get(pk),
            new_rank=ranks[1].get(pk),
            old_score=scores[0].get(pk),
            new_score=scores[1].get(pk),
        )
        for pk, document in places.items()
    ]


def judged(user: Viewer, change: ModelChange) -> Judged | None:
    """Both models on the collection's judged queries; None where there are none.

    While the change is being built, over the documents that are done, and over the queries for
    which one of these is right.
    """
    within = beside.made(change)
    found = cases(rows(change.collection, user, shared_only=False)).cases
    if within:
        found = _answerable(change, found)
    found = found[:MOST_JUDGED]
    if not found:
        return None
    means = []
    for model in (change.old, change.new):
        figures = Seeker(user, change.collection, model, within).figures(found)
        means.append(
            {name: sum(one[name] for one in figures.values()) / len(figures) for name in MEASURES}
        )
    return Judged(len(found), *means)


def _answerable(change: ModelChange, found: list[Case]) -> list[Case]:
    """Those with a right document among the ones that are done, and the grades of these alone."""
    done = set(
        change.shadows.filter(state=Shadow.State.DONE).values_list(
            "document__external_id", flat=True
        )
    )
    for case in found:
        case.grades = {pk: grade for pk, grade in case.grades.items() if pk in done}
    return [case for case in found if any(case.grades.values())]


def _found(user: Viewer, change: ModelChange, model: EmbeddingModel, text: str) -> list[Hit]:
    return search(
        user,
        text,
        collection=change.collection,
        limit=SHOWN,
        model=model,
        within=beside.made(change),
    ).hits
