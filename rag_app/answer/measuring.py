"""How good answers are: questions whose right documents and facts are known, asked as users do."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from rag_app.answer import chats
from rag_app.answer.asking import ask
from rag_app.answer.finding import find
from rag_app.answer.reading import Reading, read
from rag_app.answer.writing import write
from rag_app.models import Answer, Question

TOP = 5  # documents among which the right ones should be
LABELS = {
    f"recall@{TOP}": gettext_lazy("right documents among the first 5"),
    "facts": gettext_lazy("expected facts in the answer"),
    "answered": gettext_lazy("answered, of those that can be"),
    "refused": gettext_lazy("refused, of those that cannot be"),
    "supported": gettext_lazy("sentences that passages support"),
    "supporting": gettext_lazy("citations that support their sentence"),
    "expected": gettext_lazy("citations of right documents"),
}
LONGEST = 5000  # characters of an answer that are kept to be read
MOST = 1000  # questions of one file
OR = "|"  # between ways to say a fact
WORD = re.compile(r"\w")
DELETED = gettext_noop("The question was deleted while it was answered.")


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
    `documents`: how many it takes; `ranks`: at which place each of them was found, or None;
    `missing`: the facts that the answer has not. `sources`: numbers of the documents whose words
    the answer has. `problem`: why there is no answer, or half of one; then nothing is measured."""

    question: str
    answerable: bool
    answered: bool
    found: float | None = None
    facts: float | None = None
    supported: float | None = None
    supporting: float | None = None
    expected: float | None = None
    documents: int = 0
    ranks: Mapping[str, int | None] = field(default_factory=dict)
    missing: Sequence[str] = ()
    answer: str = ""
    sources: Sequence[int] = ()
    problem: str = ""
    seconds: float = 0.0
    tokens: int = 0
    cost: str = "0"


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


def measured(user: Viewer, collection: Collection, known: Known, chat: str = "") -> Measured:
    """Asked, answered by this chat model or by `chats.QUOTES`, and forgotten again. Raises
    Rejected and ModelMissing."""
    began = time.monotonic()
    finds = find(user, known.question, collection)
    places = list(dict.fromkeys(one.document.external_id for one in finds))
    ranks = {one: places.index(one) + 1 if one in places else None for one in known.documents}
    # Where nobody else writes the answer, nobody sees the question among those of its asker.
    with transaction.atomic() if chat == chats.QUOTES else nullcontext():
        question = ask(user, known.question, collection=collection, chat=chat)
        try:
            if question.answer.state == Answer.State.PENDING:
                write(question)
                question.answer.refresh_from_db()
            made = _measured(question, known, ranks)
        except (Question.DoesNotExist, Answer.DoesNotExist):  # by its asker, among the others
            made = Measured(known.question, bool(known.documents), False, problem=_(DELETED))
        finally:
            question.delete()
    return replace(made, seconds=round(time.monotonic() - began, 3))


def _measured(question: Question, known: Known, ranks: dict[str, int | None]) -> Measured:
    reading = read(question)
    answer = reading.answer
    base = Measured(
        known.question,
        bool(known.documents),
        answer.kind != Answer.Kind.NONE,
        _share([place is not None and place <= TOP for place in ranks.values()]),
        documents=len(known.documents),
        ranks=ranks,
        tokens=answer.prompt_tokens + answer.answer_tokens,
        cost=str(answer.cost),
    )
    if answer.state != Answer.State.COMPLETE:
        problem = reading.error or _("Too many answers are being given at this moment.")
        return replace(base, answered=False, problem=problem)
    missing = [one for one in known.facts if not _has(reading.text, one)]
    drawn = reading.citations if answer.kind == Answer.Kind.CHAT else reading.quotes
    return replace(
        base,
        facts=_share([one not in missing for one in known.facts]),
        missing=missing,
        answer=reading.text[:LONGEST],
        sources=sorted({one.document_id for one in drawn}),
        **_cited(reading, known),
    )


def _cited(reading: Reading, known: Known) -> dict[str, Any]:
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


def values(row: Measured) -> dict[str, float | None]:
    """What a question says of each figure; None where the figure is not about it."""
    return {
        f"recall@{TOP}": row.found,
        "facts": row.facts,
        "answered": float(row.answered) if row.answerable else None,
        "refused": float(not row.answered) if not row.answerable else None,
        "supported": row.supported,
        "supporting": row.supporting,
        "expected": row.expected,
    }


def figures(rows: Sequence[Measured]) -> dict[str, float | int | None]:
    """Means over the questions that each is about, without those that failed; None where there are
    none."""
    told = [one for one in rows if not one.problem]
    known = [values(one) for one in told]
    return {
        "questions": len(told),
        "answerable": sum(one.answerable for one in told),
        "failed": len(rows) - len(told),
        **{name: _mean([one[name] for one in known]) for name in LABELS},
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
