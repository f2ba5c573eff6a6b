"""Judged queries written by hand, and what every way of writing them shares."""

import hashlib
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from collections_app.intake.incoming import problem_with_id
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app.models import BEST_GRADE, JudgedQuery, Judgement
from search_app.search import checked

GRADES_OF_ONE = 1000  # judgements of a query written by hand
ROWS = 2000  # written at once

Grades = Mapping[str, int]  # by id of the document


@transaction.atomic
def write(
    collection: Collection,
    owner: User,
    text: str,
    grades: Grades,
    *,
    shared: bool = False,
    accepted: bool = False,
    query: JudgedQuery | None = None,
) -> JudgedQuery:
    """Make a judged query, or write `query` anew; `accepted`: by someone who may edit the
    collection. Raises Rejected.

    Judgements of documents that the collection does not have stay as they are.
    """
    text = checked(text)
    if message := _problem_with(grades):
        raise Rejected(message)
    if query is None:
        query = JudgedQuery(collection=collection, owner=owner)
    if query.source != JudgedQuery.Source.IMPORTED:
        query.name = name_of(query.source, text)
    others = JudgedQuery.objects.filter(collection=collection, owner=query.owner_id)
    if others.filter(name=query.name).exclude(pk=query.pk).exists():
        raise Rejected(_("You have judged this query already. Edit that one."))
    query.text, query.shared, query.accepted = text, shared, accepted
    query.save()
    known = Judgement.objects.filter(query=query)
    known.filter(Q(pk__in=known.there()) | Q(external_id__in=list(grades))).delete()
    insert((query.pk, external_id, grade) for external_id, grade in grades.items())
    return query


def insert(rows: Iterable[tuple[int, str, int]]) -> None:
    """Write judgements that are not there: number of the query, id of the document, grade."""
    made = [Judgement(query_id=query, external_id=one, grade=grade) for query, one, grade in rows]
    Judgement.objects.bulk_create(made, batch_size=ROWS)


def name_of(source: str, text: str) -> str:
    """Of a query that has no id from a file: the same for the same words."""
    return f"{source}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _problem_with(grades: Grades) -> str:
    """What is wrong with the grades; empty when nothing is."""
    if len(grades) > GRADES_OF_ONE:
        return _("These are too many judgements of one query: the most is %(most)d.") % {
            "most": GRADES_OF_ONE
        }
    for external_id, grade in grades.items():
        if message := problem_with_id(external_id):
            return message
        if isinstance(grade, bool) or not isinstance(grade, int) or not 0 <= grade <= BEST_GRADE:
            return _("A grade is a whole number from 0 to %(best)d.") % {"best": BEST_GRADE}
    return ""
