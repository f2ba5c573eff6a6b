"""Figures of a run as they are kept with it: plain JSON, rounded, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from rag_app.answer import measuring
from rag_app.answer.measuring import LABELS, Measured
from rag_app.models import MeasuredAnswer
from search_app.evaluation.intervals import difference, interval

APART = ("answer", "sources")  # columns of their own: see `models.MeasuredAnswer`


def kept(row: Measured) -> dict[str, Any]:
    """Columns of a `MeasuredAnswer`."""
    given = asdict(row)
    apart = {name: given.pop(name) for name in APART}
    return apart | {"measured": given}


def of_row(row: MeasuredAnswer) -> Measured:
    return Measured(**row.measured, answer=row.answer, sources=row.sources)


def figures(rows: Sequence[Measured]) -> dict[str, Any]:
    """Counts, each figure's mean with its interval or None, the means by how many documents a
    question takes, and what the answers took."""
    told = [measuring.values(one) for one in rows if not one.problem]
    means = measuring.figures(rows)
    counts = {name: means[name] for name in ("questions", "answerable", "failed")}
    return counts | {
        "measures": {name: _interval([one[name] for one in told]) for name in LABELS},
        "by_documents": measuring.by_documents(rows),
        "seconds": round(sum(one.seconds for one in rows), 1),
        "tokens": sum(one.tokens for one in rows),
        "cost": str(sum(Decimal(one.cost) for one in rows)),
    }


def change(before: Mapping[int, Measured], after: Mapping[int, Measured]) -> dict[str, Any]:
    """How far each figure is above what it was, over the questions that both runs measured, by
    their numbers; None for a figure that none of them is about."""
    both = [
        pk for pk, one in after.items() if pk in before and not (one.problem or before[pk].problem)
    ]
    pairs = [(measuring.values(before[pk]), measuring.values(after[pk])) for pk in both]
    return {
        "questions": len(both),
        "measures": {name: _difference([(a[name], b[name]) for a, b in pairs]) for name in LABELS},
    }


def _interval(values: Sequence[float | None]) -> dict[str, Any] | None:
    known = [one for one in values if one is not None]
    return asdict(interval(known)) if known else None


def _difference(
    pairs: Sequence[tuple[float | None, float | None]],
) -> dict[str, Any] | None:
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        return None
    return asdict(difference([a for a, _b in known], [b for _a, b in known]))
