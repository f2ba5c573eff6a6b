"""What is behind a drawn tap: tiles, wood, marble, brick, terrazzo, or nothing."""

import random

from PIL import Image, ImageDraw

from .colours import Colour, mixed, shaken


def background(setting: str, size: int, chance: random.Random) -> Image.Image:
    grounds: dict[str, Colour] = {
        "white tiles": (238, 240, 240), "blue tiles": (120, 168, 206), "wood": (168, 120, 76),
        "marble": (206, 204, 202), "brick": (164, 84, 66), "terrazzo": (228, 220, 208),
        "plain": (222, 224, 218),
    }  # fmt: skip
    ground = shaken(grounds[setting], chance, 8)
    picture = Image.new("RGB", (size, size), ground)
    pen = ImageDraw.Draw(picture)
    thin = max(1, size // 110)
    if setting in ("white tiles", "blue tiles"):
        _grid(pen, size, size / chance.choice((5, 6, 7)), mixed(ground, (0, 0, 0), 0.24), thin)
    elif setting == "brick":
        _bricks(pen, size, mixed(ground, (255, 240, 225), 0.55), thin * 2)
    elif setting == "wood":
        for n in range(7):
            x = n * size / 6 + chance.uniform(-1, 1)
            pen.line((x, 0, x, size), mixed(ground, (40, 20, 5), 0.55), thin)
            for _ in range(3):
                x += size / 24
                pen.line((x, 0, x, size), mixed(ground, (60, 30, 10), 0.22), thin)
    elif setting == "marble":
        for _ in range(9):
            x, y = chance.uniform(-0.2, 1) * size, chance.uniform(-0.2, 1) * size
            points = [
                (x + n * size / 7, y + n * size / 9 * chance.uniform(0.3, 1.6)) for n in range(6)
            ]
            pen.line(points, mixed(ground, (90, 90, 96), chance.uniform(0.3, 0.8)), thin)
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
