"""Test questions of a collection: written by hand, brought in from a file, and given back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app.batches import batched
from collections_app.intake.incoming import problem_with_id
from collections_app.models import Collection
from collections_app.services import Rejected
from collections_app.texts import UNSTORABLE
from rag_app.answer.asking import checked
from rag_app.answer.measuring import MOST, OR, Known
from rag_app.models import TestQuestion

MOST_OF_ONE = 100  # documents, and facts, of a question
FACT_LENGTH = 500
ROWS = 2000  # ids looked for at once
DEMO = Path(__file__).resolve().parents[1] / "demo"


@dataclass
class Brought:
    """How many questions came in anew and in place of one with the same words. `absent`: documents
    named that the collection does not have. `problems`: questions that did not come in, and why."""

    added: int = 0
    changed: int = 0
    absent: int = 0
    problems: list[str] = field(default_factory=list)


@transaction.atomic
def write(
    collection: Collection,
    text: str,
    documents: Sequence[str],
    facts: Sequence[str],
    question: TestQuestion | None = None,
) -> TestQuestion:
    """Keep a question, or write `question` anew; without documents the collection does not answer
    it. Documents of before that the collection does not have any more stay where it is still
    answered. Raises Rejected."""
    known = _checked(Known(text, tuple(documents), tuple(facts)))
    if unknown := set(known.documents) - there(collection, known.documents):
        raise Rejected(
            _("The collection has no document with the id “%(id)s”.") % {"id": min(unknown)}
        )
    _lock(collection)
    rows = TestQuestion.objects.filter(collection=collection)
    if question and not (question := rows.filter(pk=question.pk).first()):
        raise Rejected(_("The question was deleted meanwhile. Add it anew."))
    others = rows.exclude(pk=question.pk) if question else rows
    if others.filter(text=known.question).exists():
        raise Rejected(_("This question is among the test questions already. Edit that one."))
    if question is None:
        _check_number(rows.count() + 1)
        question = TestQuestion(collection=collection)
    before = question.documents
    gone = [one for one in before if one not in there(collection, before)]
    _fill(question, known, gone if known.documents else [])
    question.save(force_update=not question._state.adding)
    return question


@transaction.atomic
def bring_in(collection: Collection, given: Iterable[Known]) -> Brought:
    """Keep the questions; one with the words of another takes its place, and one that makes no
    sense stops none. Raises Rejected where there would be too many."""
    _lock(collection)
    done, named = Brought(), set[str]()
    rows = {one.text: one for one in TestQuestion.objects.filter(collection=collection)}
    added: dict[str, TestQuestion] = {}
    changed: list[TestQuestion] = []
    for number, one in enumerate(given, start=1):
        try:
            known = _checked(one)
        except Rejected as error:
            done.problems.append(
                _("Question %(number)d: %(problem)s") % {"number": number, "problem": error}
            )
            continue
        named.update(known.documents)
        row = rows.get(known.question)
        if row is None:
            row = added.setdefault(known.question, TestQuestion(collection=collection))
            _fill(row, known)
        elif (row.documents, row.facts) != (list(known.documents), list(known.facts)):
            _fill(row, known)
            row.updated = Now()
            changed.append(row)
    _check_number(len(rows) + len(added))
    TestQuestion.objects.bulk_create(added.values())
    TestQuestion.objects.bulk_update(changed, ["documents", "facts", "updated"])
    done.added, done.changed = len(added), len(changed)
    done.absent = len(named - there(collection, named))
    return done


def written(collection: Collection) -> dict[str, Any]:
    """The questions as `bring_in` and `measuring.questions` take them, in the order they came.
    Documents that the collection does not have are not named; a question that is answered by such
    alone is left out."""
    rows = list(TestQuestion.objects.filter(collection=collection).order_by("pk"))
    known = there(collection, (each for one in rows for each in one.documents))
    return {"questions": [as_file(one) for one in map_known(rows, known) if one is not None]}


def map_known(rows: Iterable[TestQuestion], known: set[str]) -> list[Known | None]:
    """Each question with those of its documents that are there; None where it had some, and none
    of them is."""
    made: list[Known | None] = []
    for row in rows:
        documents = tuple(one for one in row.documents if one in known)
        lost = row.documents and not documents
        made.append(None if lost else Known(row.text, documents, tuple(row.facts)))
    return made


def as_file(known: Known) -> dict[str, Any]:
    """As an object of the file; what it has none of is left out."""
    lists = {"documents": list(known.documents), "facts": list(known.facts)}
    return {"question": known.question} | {name: some for name, some in lists.items() if some}


def there(collection: Collection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that documents of the collection have."""
    found = set[str]()
    for some in batched(set(ids), ROWS):
        rows = collection.documents.filter(external_id__in=some)
        found.update(rows.values_list("external_id", flat=True))
    return found


def demo() -> dict[str, Path]:
    """Files with questions of ours, by the name of the demo collection that they are about."""
    return {one.stem: one for one in sorted(DEMO.glob("*.json"))}


def _lock(collection: Collection) -> None:
    """Two that write at once do so one after the other."""
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)


def _fill(row: TestQuestion, known: Known, gone: Sequence[str] = ()) -> None:
    row.text = known.question
    row.documents = [*known.documents, *gone]
    row.facts = list(known.facts)


def _check_number(questions: int) -> None:
    if questions > MOST:
        raise Rejected(
            _("A collection can have %(most)d test questions; these would be %(count)d.")
            % {"most": MOST, "count": questions}
        )


def _checked(known: Known) -> Known:
    """Without blanks around, and nothing twice. Raises Rejected."""
    documents = tuple(dict.fromkeys(one.strip() for one in known.documents))
    facts = tuple(dict.fromkeys(one.strip() for one in known.facts))
    if problem := next(filter(None, map(problem_with_id, documents)), ""):
        raise Rejected(problem)
    if max(len(documents), len(facts)) > MOST_OF_ONE:
        raise Rejected(
            _("A question can have %(most)d documents and as many facts.") % {"most": MOST_OF_ONE}
        )
    if facts and not documents:
        raise Rejected(_("It has facts, but no document that they stand in. Name one."))
    for fact in facts:
        if len(fact) > FACT_LENGTH or UNSTORABLE.search(fact):
            raise Rejected(
                _("A fact is a few words of text, %(most)d characters at most.")
                % {"most": FACT_LENGTH}
            )
        if not all(way.strip() for way in fact.split(OR)):
            raise Rejected(_("Each way to say a fact has words: “%(fact)s”.") % {"fact": fact})
    return Known(checked(known.question), documents, facts)
