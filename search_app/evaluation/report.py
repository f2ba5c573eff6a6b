"""Figures as they are kept with an evaluation: plain JSON, rounded, with intervals."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from search_app.evaluation.cases import Cases
from search_app.evaluation.intervals import DIGITS, difference, interval
from search_app.evaluation.measures import MEASURES, Figures

PerQuery = Mapping[int, Figures]


def counts(found: Cases) -> dict[str, int]:
    """What was measured, and what could not be."""
    return {
        "queries": len(found.cases),
        "left_out": found.left_out,
        "missing": found.missing,
        "drawn_from": found.drawn_from,
    }


def means(figures: PerQuery, seed: int) -> dict[str, Any]:
    """Each measure's mean over the queries, with its interval."""
    return {
        name: asdict(interval([one[name] for one in figures.values()], seed)) for name in MEASURES
    }


def gains(before: PerQuery, after: PerQuery, seed: int) -> dict[str, Any]:
    """How far each measure is above what it was, over the queries of both."""
    both = [query for query in before if query in after]
    return {
        name: asdict(
            difference(
                [before[query][name] for query in both],
                [after[query][name] for query in both],
                seed,
            )
        )
        for name in MEASURES
    }


def lines(
    figures: PerQuery, other: PerQuery | None = None, half: Mapping[int, str] | None = None
) -> list[dict[str, Any]]:
    """A line for each query: its number, its figures, those it is compared with, its half."""
    written = []
    for query, values in figures.items():
        line: dict[str, Any] = {"query": query, **_rounded(values)}
        if other is not None:
            line["other"] = _rounded(other[query])
        if half is not None:
            line["half"] = half[query]
        written.append(line)
    return written


def of_lines(written: list[dict[str, Any]]) -> dict[int, Figures]:
    """The figures back from `lines`."""
    return {line["query"]: {name: line[name] for name in MEASURES} for line in written}


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, DIGITS) for name, value in figures.items()}
