"""The history of a figure as a drawing: points for an SVG, with no style of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from search_app.evaluation.measures import NDCG
from search_app.models import Evaluation

WIDTH, HEIGHT = 640.0, 160.0
EDGE = 8.0  # left free around the drawing


@dataclass(frozen=True)
class Point:
    """A run: where it stands, and how far its interval goes up and down."""

    x: float
    y: float
    high: float
    low: float
    value: float
    when: datetime | None
    pk: int


@dataclass(frozen=True)
class Chart:
    """From 0 at the bottom to 1 at the top; the oldest run at the left."""

    width: float
    height: float
    points: list[Point]

    @property
    def line(self) -> str:
        """As an SVG `polyline` takes it."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


def chart(runs: Sequence[Evaluation]) -> Chart | None:
    """nDCG@10 of the runs, oldest first; None where there are fewer than two."""
    if len(runs) < 2:
        return None
    step = (WIDTH - 2 * EDGE) / (len(runs) - 1)
    points = []
    for place, run in enumerate(runs):
        one = run.figures["measures"][NDCG]
        mean = one["mean"]
        low, high = (mean if one[end] is None else one[end] for end in ("low", "high"))
        points.append(
            Point(
                x=round(EDGE + place * step, 1),
                y=_height(mean),
                high=_height(high),
                low=_height(low),
                value=mean,
                when=run.finished,
                pk=run.pk,
            )
        )
    return Chart(WIDTH, HEIGHT, points)


def _height(value: float) -> float:
    return round(HEIGHT - EDGE - value * (HEIGHT - 2 * EDGE), 1)
