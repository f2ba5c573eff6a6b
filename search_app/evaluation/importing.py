"""Judged queries from files, and to files."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from collections_app.batches import batched
from collections_app.intake.incoming import CONTROL, problem_with_id
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app.evaluation import formats
from search_app.evaluation.formats import BadLine
from search_app.evaluation.judging import ROWS, insert
from search_app.models import JudgedQuery, Judgement
from search_app.search import checked

NAME_LENGTH = 200


@dataclass(frozen=True)
class File:
    """A file that was sent: what to call it, and what is in it."""

    name: str
    text: str


@dataclass
class Imported:
    """How much came in, and each line that did not. `absent`: judged documents that the
    collection does not have; they count once it has them."""

    queries: int = 0
    judgements: int = 0
    absent: int = 0
    problems: list[BadLine] = field(default_factory=list)


@transaction.atomic
def bring_in(
    collection: Collection, owner: User, queries: File | None, judged: File, *, shared: bool
) -> Imported:
    """Write queries and judgements; those of the same ids are replaced. No bad line stops it."""
    done = Imported()
    if queries:
        _write_queries(collection, owner, queries, shared, done)
    _write_judgements(collection, owner, judged, done)
    return done


def written(queries: QuerySet[JudgedQuery]) -> list[formats.Query]:
    """The queries as `formats` writes them, in the order they came."""
    found = queries.order_by("pk").prefetch_related("judgements")
    return [
        (one.name, one.text, [(each.external_id, each.grade) for each in one.judgements.all()])
        for one in found
    ]


def _write_queries(
    collection: Collection, owner: User, file: File, shared: bool, done: Imported
) -> None:
    read = formats.queries(file.name, file.text)
    done.problems += read.problems
    rows: dict[str, JudgedQuery] = {}
    for line, name, text in read.rows:
        try:
            rows[name] = JudgedQuery(
                collection=collection,
                owner=owner,
                name=_checked_name(name),
                text=checked(text),
                source=JudgedQuery.Source.IMPORTED,
                shared=shared,
            )
        except Rejected as error:
            done.problems.append(BadLine(file.name, line, str(error)))
    for some in batched(rows.values(), ROWS):
        JudgedQuery.objects.bulk_create(
            some,
            update_conflicts=True,
            unique_fields=["collection", "owner", "name"],
            update_fields=["text", "source", "shared", "updated"],
        )
    done.queries = len(rows)


def _write_judgements(collection: Collection, owner: User, file: File, done: Imported) -> None:
    read = formats.judgements(file.name, file.text)
    done.problems += read.problems
    queries = JudgedQuery.objects.filter(collection=collection, owner=owner)
    known = dict(queries.values_list("name", "pk"))
    grades: dict[tuple[int, str], int] = {}
    for line, name, external_id, grade in read.rows:
        if message := _problem_with(name, external_id, known):
            done.problems.append(BadLine(file.name, line, message))
        else:
            grades[known[name], external_id] = grade
    Judgement.objects.filter(query__in={query for query, _document in grades}).delete()
    insert((query, external_id, grade) for (query, external_id), grade in grades.items())
    named = {external_id for _query, external_id in grades}
    there = set[str]()
    for ids in batched(named, ROWS):
        rows = collection.documents.filter(external_id__in=ids)
        there.update(rows.values_list("external_id", flat=True))
    done.judgements, done.absent = len(grades), len(named - there)


def _problem_with(name: str, external_id: str, known: dict[str, int]) -> str:
    if name not in known:
        return _("There is no query with the id “%(id)s”.") % {"id": name}
    return problem_with_id(external_id)


def _checked_name(name: str) -> str:
    if not name or len(name) > NAME_LENGTH or CONTROL.search(name):
        raise Rejected(
            _("The id of a query has 1 to %(most)d characters, none of them a control character.")
            % {"most": NAME_LENGTH}
        )
    return name
