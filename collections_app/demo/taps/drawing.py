"""Drawings of taps and fittings, by Pillow alone: the same for the same seed, on any machine."""

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw

from .tap import ACCENTS, BODIES, Tap

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
UNITS = 100  # of width and height, however many pixels there are


class _Pen:
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


def draw(tap: Tap, seed: int, size: int) -> Image.Image:
    """An RGB picture of `size` pixels a side; the seed settles what the tap leaves open."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    picture = _background(tap.setting, size, chance)
    scale, dx, dy = chance.uniform(0.84, 1.04), chance.uniform(-5, 5), chance.uniform(-4, 3)
    body, accent, water = (Image.new("L", (size, size)) for _ in range(3))
    pens = [_Pen(mask, scale, dx, dy) for mask in (body, accent, water)]
    _SHAPES[tap.kind](*pens)
    if tap.handles != "none":
        _handles(tap, pens[1])
    if chance.random() < 0.5:
        body, accent, water = (mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for mask in (body, accent, water))  # fmt: skip # noqa: E501
    _shadow(picture, ImageChops.lighter(body, accent))
    picture.paste((150, 205, 235), (0, 0), water.point(lambda value: value * 0.6))
    for mask, named in ((body, BODIES[tap.body]), (accent, ACCENTS[tap.accent])):
        _metal(picture, mask, _shaken(named[1], chance, 10), tap.finish, chance)
    return picture


def _shaken(colour: Colour, chance: random.Random, most: int) -> Colour:
    red, green, blue = (max(0, min(255, part + chance.randint(-most, most))) for part in colour)
    return red, green, blue


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _moved(mask: Image.Image, pixels: int) -> Image.Image:
    return ImageChops.offset(mask, pixels, pixels)


def _shadow(picture: Image.Image, mask: Image.Image) -> None:
    far = max(1, picture.width // 45)
    picture.paste((20, 20, 24), (0, 0), _moved(mask, far).point(lambda value: value * 0.28))


def _metal(
    picture: Image.Image, mask: Image.Image, colour: Colour, finish: str, chance: random.Random
) -> None:
    """Fill the mask: the finish's pattern, a dark rim on one side and light on the other."""
    size, white, black = picture.width, (255, 255, 255), (0, 0, 0)
    fill = Image.new("RGB", picture.size, colour)
    pen = ImageDraw.Draw(fill)
    step = size / 50
    if finish == "brushed":
        for n in range(50):
            shade = _mixed(colour, white if n % 2 else black, 0.22)
            pen.line((0, n * step, size, n * step), shade, max(1, round(step / 2)))
    elif finish == "hammered":
        for row in range(26):
            for column in range(26):
                x = (column + row % 2 / 2) * 2 * step + chance.uniform(-0.4, 0.4) * step
                y, far = row * 2 * step, step * 0.72
                pen.ellipse((x - far, y - far, x + far, y + far), _mixed(colour, black, 0.34))
                pen.ellipse(
                    (x - far, y - far, x + far / 3, y + far / 3), _mixed(colour, white, 0.5)
                )
    picture.paste(fill, (0, 0), mask)
    rim = max(1, size // 80)
    dark = ImageChops.subtract(mask, _moved(mask, -rim))
    light = ImageChops.subtract(mask, _moved(mask, rim))
    strength = {"polished": 0.75, "matt": 0.25}.get(finish, 0.5)
    picture.paste(_mixed(colour, black, 0.6), (0, 0), dark.point(lambda value: value * strength))
    picture.paste(_mixed(colour, white, 0.7), (0, 0), light.point(lambda value: value * strength))
    if finish == "polished":
        band = ImageChops.subtract(_moved(mask, rim * 2), _moved(mask, rim * 4))
        picture.paste(white, (0, 0), ImageChops.multiply(band, mask).point(lambda v: v * 0.85))


def _background(setting: str, size: int, chance: random.Random) -> Image.Image:
    grounds: dict[str, Colour] = {
        "white tiles": (238, 240, 240), "blue tiles": (120, 168, 206), "wood": (168, 120, 76),
        "marble": (206, 204, 202), "brick": (164, 84, 66), "terrazzo": (228, 220, 208),
        "plain": (222, 224, 218),
    }  # fmt: skip
    ground = _shaken(grounds[setting], chance, 8)
    picture = Image.new("RGB", (size, size), ground)
    pen = ImageDraw.Draw(picture)
    thin = max(1, size // 110)
    if setting in ("white tiles", "blue tiles"):
        _grid(pen, size, size / chance.choice((5, 6, 7)), _mixed(ground, (0, 0, 0), 0.24), thin)
    elif setting == "brick":
        _bricks(pen, size, _mixed(ground, (255, 240, 225), 0.55), thin * 2)
    elif setting == "wood":
        for n in range(7):
            x = n * size / 6 + chance.uniform(-1, 1)
            pen.line((x, 0, x, size), _mixed(ground, (40, 20, 5), 0.55), thin)
            for _ in range(3):
                x += size / 24
                pen.line((x, 0, x, size), _mixed(ground, (60, 30, 10), 0.22), thin)
    elif setting == "marble":
        for _ in range(9):
            x, y = chance.uniform(-0.2, 1) * size, chance.uniform(-0.2, 1) * size
            points = [
                (x + n * size / 7, y + n * size / 9 * chance.uniform(0.3, 1.6)) for n in range(6)
            ]
            pen.line(points, _mixed(ground, (90, 90, 96), chance.uniform(0.3, 0.8)), thin)
    elif setting == "terrazzo":
        for _ in range(130):
            x, y = chance.uniform(0, size), chance.uniform(0, size)
            far = chance.uniform(0.6, 1.9) * size / 100
            chip = chance.choice(((150, 92, 70), (82, 96, 96), (190, 160, 110), (110, 110, 116)))
            pen.ellipse((x - far, y - far, x + far, y + far), chip)
    return picture


def _grid(pen: ImageDraw.ImageDraw, size: int, step: float, colour: Colour, width: int) -> None:
    place = 0.0
    while place < size:
        pen.line((0, place, size, place), colour, width)
        pen.line((place, 0, place, size), colour, width)
        place += step


def _bricks(pen: ImageDraw.ImageDraw, size: int, colour: Colour, width: int) -> None:
    for row in range(10):
        y = row * size / 9
        pen.line((0, y, size, y), colour, width)
        for column in range(6):
            x = (column + row % 2 / 2) * size / 4.5
            pen.line((x, y, x, y + size / 9), colour, width)


def _handles(tap: Tap, pen: _Pen) -> None:
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


def _arc(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((29, 82, 47, 90), 2)
    body.line((38, 86), (38, 34), width=7)
    body.arc((34.5, 14, 73.5, 54), 180, 360, 7)
    body.line((70, 33), (70, 44), width=7)
    accent.box((65, 43, 75, 49), 2)


def _basin(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((27, 82, 49, 90), 2)
    body.box((31, 58, 45, 88), 5)
    body.line((38, 62), (72, 54), width=9)
    body.line((72, 54), (74, 60), width=8)
    accent.box((69, 60, 79, 65), 1)


def _square(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((28, 84, 48, 90))
    body.box((33, 26, 43, 88))
    body.box((33, 26, 78, 36))
    body.box((68, 30, 78, 44))
    accent.box((68, 43, 78, 49))


def _wall(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((18, 37, 82, 49), 6)
    body.line((50, 43), (50, 60), width=8)
    body.arc((30, 44, 54, 76), 0, 90, 7)
    body.line((42, 76), (38, 76), width=7)
    accent.oval((43, 36, 57, 50))


def _waterfall(body: _Pen, accent: _Pen, water: _Pen) -> None:
    water.shape((32, 60), (68, 60), (72, 92), (28, 92))
    body.box((40, 48, 60, 90), 3)
    body.shape((30, 50), (70, 50), (74, 62), (26, 62))
    accent.box((26, 60, 74, 64), 1)


def _spray(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((28, 80, 48, 90), 2)
    body.line((38, 86), (38, 30), width=5)
    body.arc((35, 10, 73, 50), 180, 360, 4)
    for n in range(9):  # the coils
        body.line((33, 34 + n * 4.6), (43, 32 + n * 4.6), width=2.4)
    body.line((71, 30), (71, 40), width=5)
    accent.shape((67, 40), (75, 40), (79, 62), (63, 62))


def _bridge(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((21, 64, 31, 90), 2)
    body.box((69, 64, 79, 90), 2)
    body.line((26, 68), (74, 68), width=7)
    body.line((50, 68), (50, 36), width=7)
    body.arc((46.5, 20, 76.5, 50), 180, 345, 7)
    accent.oval((44, 62, 56, 74))


def _garden(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.line((6, 54), (60, 54), width=10)
    body.box((42, 44, 62, 64), 4)
    body.line((52, 44), (52, 34), width=5)
    body.arc((50, 49, 76, 79), 270, 360, 9)
    body.line((72, 64), (72, 76), width=9)
    accent.box((66, 74, 78, 81), 2)


def _rain(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.line((16, 14), (50, 14), width=6)
    body.line((50, 14), (50, 28), width=6)
    body.oval((20, 26, 80, 38))
    accent.box((22, 34, 78, 40), 3)
    for n in range(8):
        x = 25 + n * 7.1
        water.line((x, 44 + n % 2 * 4), (x, 82 - n % 3 * 6), width=1.8)


def _hand(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.line((34, 74), (58, 34), width=7)
    body.oval((46, 10, 82, 42))
    accent.oval((53, 16, 75, 36))
    body.arc((10, 56, 38, 92), 60, 300, 3)
    body.line((31, 88), (66, 90), width=3)


def _soap(body: _Pen, accent: _Pen, water: _Pen) -> None:
    body.box((34, 48, 66, 90), 7)
    body.box((43, 40, 57, 50), 2)
    accent.line((50, 42), (50, 28), width=5)
    accent.line((50, 28), (72, 28), width=6)
    accent.line((72, 28), (72, 34), width=5)


def _ring(body: _Pen, accent: _Pen, water: _Pen) -> None:
    accent.box((40, 16, 60, 34), 4)
    body.arc((24, 30, 76, 82), 0, 360, 6)
    body.line((50, 26), (50, 34), width=6)


_SHAPES: dict[str, Callable[[_Pen, _Pen, _Pen], None]] = {
    "arc": _arc, "basin": _basin, "square": _square, "wall": _wall, "waterfall": _waterfall,
    "spray": _spray, "bridge": _bridge, "garden": _garden, "rain": _rain, "hand": _hand,
    "soap": _soap, "ring": _ring,
}  # fmt: skip
