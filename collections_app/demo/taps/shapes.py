"""The shapes of taps and fittings, and of their handles."""

from collections.abc import Callable

from PIL import Image, ImageDraw

from .tap import Tap

Box = tuple[float, float, float, float]
UNITS = 100  # of width and height, however many pixels there are


class Pen:
    """Draws in units of a hundredth of the picture, scaled and moved as the tap is."""

    def __init__(self, image: Image.Image, scale: float, dx: float, dy: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self._unit = image.width / UNITS
        self._scale, self._dx, self._dy = scale, dx, dy

    def _at(self, x: float, y: float) -> tuple[float, float]:
        # The foot stays where it is when a tap is larger or smaller.
        x = 50 + (x - 50) * self._scale + self._dx
        y = 88 + (y - 88) * self._scale + self._dy
        return x * self._unit, y * self._unit

    def _wide(self, width: float) -> int:
        return max(1, round(width * self._scale * self._unit))

    def line(self, *points: tuple[float, float], width: float, fill: int = 255) -> None:
        places = [self._at(*point) for point in points]
        self._draw.line(places, fill, self._wide(width), joint="curve")
        for x, y in (places[0], places[-1]):
            half = self._wide(width) / 2
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill)

    def box(self, box: Box, radius: float = 0, fill: int = 255) -> None:
        corners = (*self._at(*box[:2]), *self._at(*box[2:]))
        self._draw.rounded_rectangle(corners, self._wide(radius) if radius else 0, fill)

    def oval(self, box: Box, fill: int = 255) -> None:
        self._draw.ellipse((*self._at(*box[:2]), *self._at(*box[2:])), fill)

    def arc(self, box: Box, start: int, end: int, width: float) -> None:
        corners = (*self._at(*box[:2]), *self._at(*box[2:]))
        self._draw.arc(corners, start, end, 255, self._wide(width))

    def shape(self, *points: tuple[float, float]) -> None:
        self._draw.polygon([self._at(*point) for point in points], 255)


def draw_handles(tap: Tap, pen: Pen) -> None:
    """Left and right of the foot, or of the plate on the wall, or on top of the pipe."""
    left, right, y = {
        "wall": (24, 76, 43), "bridge": (26, 74, 58), "garden": (44, 60, 32),
        "waterfall": (26, 74, 74),
    }.get(tap.kind, (20, 62, 78))  # fmt: skip
    if tap.handles == "lever":
        x = {"garden": 52, "wall": 76, "bridge": 74, "waterfall": 50}.get(tap.kind, 38)
        y = {"waterfall": 48, "garden": 30}.get(tap.kind, y)
        pen.line((x, y), (x + 17, y - 9), width=5)
        return
    for x in (left, right):
        if tap.handles == "knobs":
            pen.oval((x - 7, y - 7, x + 7, y + 7))
        else:
            pen.line((x - 9, y), (x + 9, y), width=4.5)
            pen.line((x, y - 9), (x, y + 9), width=4.5)


def _arc(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((29, 82, 47, 90), 2)
    body.line((38, 86), (38, 34), width=7)
    body.arc((34.5, 14, 73.5, 54), 180, 360, 7)
    body.line((70, 33), (70, 44), width=7)
    accent.box((65, 43, 75, 49), 2)


def _basin(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((27, 82, 49, 90), 2)
    body.box((31, 58, 45, 88), 5)
    body.line((38, 62), (72, 54), width=9)
    body.line((72, 54), (74, 60), width=8)
    accent.box((69, 60, 79, 65), 1)


def _square(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((28, 84, 48, 90))
    body.box((33, 26, 43, 88))
    body.box((33, 26, 78, 36))
    body.box((68, 30, 78, 44))
    accent.box((68, 43, 78, 49))


def _wall(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((18, 37, 82, 49), 6)
    body.line((50, 43), (50, 60), width=8)
    body.arc((30, 44, 54, 76), 0, 90, 7)
    body.line((42, 76), (38, 76), width=7)
    accent.oval((43, 36, 57, 50))


def _waterfall(body: Pen, accent: Pen, water: Pen) -> None:
    water.shape((32, 60), (68, 60), (72, 92), (28, 92))
    body.box((40, 48, 60, 90), 3)
    body.shape((30, 50), (70, 50), (74, 62), (26, 62))
    accent.box((26, 60, 74, 64), 1)


def _spray(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((28, 80, 48, 90), 2)
    body.line((38, 86), (38, 30), width=5)
    body.arc((35, 10, 73, 50), 180, 360, 4)
    for n in range(9):  # the coils
        body.line((33, 34 + n * 4.6), (43, 32 + n * 4.6), width=2.4)
    body.line((71, 30), (71, 40), width=5)
    accent.shape((67, 40), (75, 40), (79, 62), (63, 62))


def _bridge(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((21, 64, 31, 90), 2)
    body.box((69, 64, 79, 90), 2)
    body.line((26, 68), (74, 68), width=7)
    body.line((50, 68), (50, 36), width=7)
    body.arc((46.5, 20, 76.5, 50), 180, 345, 7)
    accent.oval((44, 62, 56, 74))


def _garden(body: Pen, accent: Pen, water: Pen) -> None:
    body.line((6, 54), (60, 54), width=10)
    body.box((42, 44, 62, 64), 4)
    body.line((52, 44), (52, 34), width=5)
    body.arc((50, 49, 76, 79), 270, 360, 9)
    body.line((72, 64), (72, 76), width=9)
    accent.box((66, 74, 78, 81), 2)


def _rain(body: Pen, accent: Pen, water: Pen) -> None:
    body.line((16, 14), (50, 14), width=6)
    body.line((50, 14), (50, 28), width=6)
    body.oval((20, 26, 80, 38))
    accent.box((22, 34, 78, 40), 3)
    for n in range(8):
        x = 25 + n * 7.1
        water.line((x, 44 + n % 2 * 4), (x, 82 - n % 3 * 6), width=1.8)


def _hand(body: Pen, accent: Pen, water: Pen) -> None:
    body.line((34, 74), (58, 34), width=7)
    body.oval((46, 10, 82, 42))
    accent.oval((53, 16, 75, 36))
    body.arc((10, 56, 38, 92), 60, 300, 3)
    body.line((31, 88), (66, 90), width=3)


def _soap(body: Pen, accent: Pen, water: Pen) -> None:
    body.box((34, 48, 66, 90), 7)
    body.box((43, 40, 57, 50), 2)
    accent.line((50, 42), (50, 28), width=5)
    accent.line((50, 28), (72, 28), width=6)
    accent.line((72, 28), (72, 34), width=5)


def _ring(body: Pen, accent: Pen, water: Pen) -> None:
    accent.box((40, 16, 60, 34), 4)
    body.arc((24, 30, 76, 82), 0, 360, 6)
    body.line((50, 26), (50, 34), width=6)


SHAPES: dict[str, Callable[[Pen, Pen, Pen], None]] = {
    "arc": _arc, "basin": _basin, "square": _square, "wall": _wall, "waterfall": _waterfall,
    "spray": _spray, "bridge": _bridge, "garden": _garden, "rain": _rain, "hand": _hand,
    "soap": _soap, "ring": _ring,
}  # fmt: skip
