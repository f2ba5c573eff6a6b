"""Every number that ranking uses. The defaults are measured: docs/ranking.md."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

MOST = 1_000_000  # scores are sums and products of weights, and must stay finite
OF_WORDS = ("keywords", "full_match", "title")  # what each leg alone adds to a score
OF_MEANING = ("meaning", "neighbours", "feedback")


class WeightsError(ValueError):
    """These are no weights; the message says what is wrong."""


@dataclass(frozen=True)
class Weights:
    """How much each kind of evidence counts. All are 0 or more."""

    meaning: float = 0.2  # a standard deviation of cosine above the mean
    keywords: float = 0.1  # a point of BM25 that is all that the query's words can give
    full_match: float = 0.5  # a passage that holds all of the query's words
    coverage_from: float = 0.3  # share of the query's rarity below which there is no bonus
    title: float = 0.8  # a title that holds all of the query's words
    neighbours: float = 0.7  # the vouching of a document of the same meaning
    feedback: float = 0.4  # the best documents' vectors, added to the query's

    def __post_init__(self) -> None:
        for name, value in self.to_json().items():
            if not 0 <= value <= MOST:  # nor is NaN
                raise WeightsError(
                    f"{name} is {value}; it must be a number from 0 on, {MOST} at most."
                )
        if self.coverage_from >= 1:
            raise WeightsError(f"coverage_from is {self.coverage_from}; it must be below 1.")

    @classmethod
    def from_json(cls, values: Mapping[str, object], base: "Weights | None" = None) -> "Weights":
        """`base`, or the defaults, with these changed. Raises WeightsError."""
        known = {field.name for field in fields(cls)}
        changed: dict[str, float] = {}
        for name, value in values.items():
            if name not in known:
                raise WeightsError(f"{name} is no weight; they are {', '.join(sorted(known))}.")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise WeightsError(f"{name} is {value!r}; it must be a number.")
            changed[name] = float(min(value, MOST + 1))  # an int may be too large for a float
        return replace(base or cls(), **changed)

    def balanced(self, balance: float) -> "Weights":
        """From words alone (0) over these as they are (0.5) to meaning alone (1)."""
        scales = dict.fromkeys(OF_WORDS, min(1.0, 2 * (1 - balance)))
        scales |= dict.fromkeys(OF_MEANING, min(1.0, 2 * balance))
        values = self.to_json()
        return replace(self, **{name: values[name] * scale for name, scale in scales.items()})

    def to_json(self) -> dict[str, float]:
        """As `from_json` reads it; all of them, so that stored ones outlive other defaults."""
        return dict(vars(self))
