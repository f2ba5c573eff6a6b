"""How good answers are: questions whose right documents and facts are known, asked as users do."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from rag_app.answer.asking import ask
from rag_app.answer.finding import find
from rag_app.answer.reading import Reading, read
from rag_app.answer.writing import write
from rag_app.models import Answer

TOP = 5  # documents among which the right ones should be
MOST = 1000  # questions of one file
OR = "|"  # between ways to say a fact
WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Known:
    """A question, the ids of the documents that answer it, and facts that an answer must have,
    each in one of its ways. Without documents it has no answer in the collection."""

    question: str
    documents: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """`found`, `facts`: the shares of the right documents among the first TOP and of the facts in
    the answer; None where there are none to find. `supported`: the share of the answer's sentences
    that passages support; `supporting`, `expected`: of its citations, the shares that support
    their sentence and that are of a right document; None where nothing was answered or cited.
    `documents`: how many it takes."""

    question: str
    answerable: bool
    answered: bool
    found: float | None = None
    facts: float | None = None
    supported: float | None = None
    supporting: float | None = None
    expected: float | None = None
    documents: int = 0


def questions(content: bytes) -> list[Known]:
    """From `{"questions": [{"question", "documents", "facts"}]}`, or the list alone. Raises
    Rejected."""
    try:
        given = json.loads(content)
        rows = given["questions"] if isinstance(given, dict) else given
        known = [_known(row) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Rejected(
            _(
                "These are no questions. A JSON list is read, of objects with “question”, and for"
                " those that can be answered “documents” (ids) and “facts” (words)."
            )
        ) from error
    if not 1 <= len(known) <= MOST:
        raise Rejected(
            _("There are %(count)d questions; it must be 1 to %(most)d.")
            % {"count": len(known), "most": MOST}
        )
    return known


def _known(row: dict[str, Any]) -> Known:
    lists = [row.get(name, []) for name in ("documents", "facts")]
    for texts in ([row["question"]], *lists):
        if not isinstance(texts, list) or not all(isinstance(one, str) and one for one in texts):
            raise ValueError(row)
    return Known(row["question"], tuple(lists[0]), tuple(lists[1]))


def measured(user: Viewer, collection: Collection, known: Known) -> Measured:
    """Asked, answered and forgotten again. Raises Rejected and ModelMissing."""
    finds = find(user, known.question, collection)
    first = list(dict.fromkeys(one.document.external_id for one in finds))[:TOP]
    question = ask(user, known.question, collection=collection)
    try:
        if question.answer.state == Answer.State.PENDING:
            write(question)
            question.answer.refresh_from_db()
        reading = read(question)
        return Measured(
            known.question,
            bool(known.documents),
            reading.answer.kind != Answer.Kind.NONE,
            _share([one in first for one in known.documents]),
            _share([_has(reading.text, one) for one in known.facts]),
            documents=len(known.documents),
            **_cited(reading, known),
        )
    finally:
        question.delete()


def _cited(reading: Reading, known: Known) -> dict[str, float | None]:
    """Of an answer as its reader sees it: its sentences, and the citations behind them."""
    homes = {one.number: one.document.external_id for one in reading.citations}
    marks = [one for one in reading.segments if one.number is not None]
    said = [one for one in reading.segments if one.number is None and WORD.search(one.text)]
    right = [homes.get(one.number or 0) in known.documents for one in marks]
    return {
        "supported": _share([one.supported for one in said]),
        "supporting": _share([one.supported for one in marks]),
        "expected": _share(right) if known.documents else None,
    }


def figures(rows: Sequence[Measured]) -> dict[str, float | int | None]:
    """Means over the questions that each is about; None where there are none."""
    return {
        "questions": len(rows),
        "answerable": sum(one.answerable for one in rows),
        f"recall@{TOP}": _mean([one.found for one in rows]),
        "facts": _mean([one.facts for one in rows]),
        "answered": _share([one.answered for one in rows if one.answerable]),
        "refused": _share([not one.answered for one in rows if not one.answerable]),
        "supported": _mean([one.supported for one in rows]),
        "supporting": _mean([one.supporting for one in rows]),
        "expected": _mean([one.expected for one in rows]),
    }


def by_documents(rows: Sequence[Measured]) -> dict[int, dict[str, float | int | None]]:
    """The figures of questions that take one document, of those that take two, and so on; under
    0 those that have no answer."""
    takes = sorted({one.documents for one in rows})
    return {n: figures([one for one in rows if one.documents == n]) for n in takes}


def _has(text: str, fact: str) -> bool:
    return any(_plain(way) in _plain(text) for way in fact.split(OR))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _share(held: Sequence[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return fmean(known) if known else None
