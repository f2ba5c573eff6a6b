"""The judged queries of a collection, as a run takes them."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from collections_app.models import Collection, Viewer
from search_app.models import JudgedQuery, Judgement

MOST = 1000  # queries in one run; of more, this many are drawn
# Of queries with the same text the later kind has the last word on a document.
TRUST = (
    JudgedQuery.Source.CLICK,
    JudgedQuery.Source.IMPORTED,
    JudgedQuery.Source.THUMBS,
    JudgedQuery.Source.TYPED,
)


@dataclass
class Case:
    """A query's text and the grades of documents that the collection has."""

    query: int  # of the JudgedQuery, by its number
    text: str
    grades: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Cases:
    """`left_out`: queries for which the collection has no right document. `missing`: judged
    documents that it does not have. `drawn` of how many, where there were too many."""

    cases: list[Case]
    left_out: int
    missing: int
    drawn_from: int


def rows(collection: Collection, owner: Viewer, *, shared_only: bool) -> QuerySet[JudgedQuery]:
    """Shared queries, and the owner's own unless only shared ones count.

    Anyone may share queries of a public collection: those count of people who may edit it, and
    what one of these has accepted.
    """
    people = get_user_model().objects.filter(
        judged_queries__collection=collection, judged_queries__shared=True
    )
    editors = [one.pk for one in people.distinct() if collection.is_editable_by(one)]
    wanted = Q(shared=True) & (Q(accepted=True) | Q(owner_id__in=editors))
    if not shared_only:
        wanted |= Q(owner_id=owner.pk)
    return JudgedQuery.objects.filter(wanted, collection=collection)


def cases(queries: QuerySet[JudgedQuery], seed: int = 0) -> Cases:
    """What can be measured of these queries of one collection; equal texts are one."""
    known = list(queries.order_by("pk").values_list("pk", "text", "source"))
    known.sort(key=lambda row: TRUST.index(JudgedQuery.Source(row[2])))
    by_text: dict[str, Case] = {}
    of_query: dict[int, Case] = {}
    for pk, text, _source in known:
        of_query[pk] = by_text.setdefault(text, Case(pk, text))
    missing = _grade(of_query, queries)
    useful = [case for case in by_text.values() if any(case.grades.values())]
    useful.sort(key=lambda case: case.query)
    left_out, drawn_from = len(by_text) - len(useful), len(useful)
    if len(useful) > MOST:
        useful = random.Random(seed).sample(useful, MOST)  # noqa: S311 - no secret
    return Cases(useful, left_out, missing, drawn_from)


def halves(found: Iterable[Case], seed: int) -> tuple[list[Case], list[Case]]:
    """Two halves, drawn: one to tune on, and one that is held out."""
    shuffled = list(found)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
    middle = (len(shuffled) + 1) // 2
    return shuffled[:middle], shuffled[middle:]


def _grade(of_query: dict[int, Case], queries: QuerySet[JudgedQuery]) -> int:
    """Write the grades into the cases, in the order of trust; how many name no document."""
    judgements = Judgement.objects.filter(query__in=queries.order_by())
    place = {pk: number for number, pk in enumerate(of_query)}
    there = list(judgements.there().values_list("query", "external_id", "grade"))
    for pk, external_id, grade in sorted(there, key=lambda row: place.get(row[0], -1)):
        if case := of_query.get(pk):  # one that came meanwhile waits for the next run
            case.grades[external_id] = grade
    return max(judgements.count() - len(there), 0)
