"""Drawings of taps and fittings, by Pillow alone: the same for the same seed, on any machine."""

import random

from PIL import Image, ImageChops, ImageDraw

from .backgrounds import background
from .colours import Colour, mixed, shaken
from .shapes import SHAPES, Pen, draw_handles
from .tap import ACCENTS, BODIES, Tap


def draw(tap: Tap, seed: int, size: int) -> Image.Image:
    """An RGB picture of `size` pixels a side; the seed settles what the tap leaves open."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    picture = background(tap.setting, size, chance)
    scale, dx, dy = chance.uniform(0.84, 1.04), chance.uniform(-5, 5), chance.uniform(-4, 3)
    body, accent, water = (Image.new("L", (size, size)) for _ in range(3))
    pens = [Pen(mask, scale, dx, dy) for mask in (body, accent, water)]
    SHAPES[tap.kind](*pens)
    if tap.handles != "none":
        draw_handles(tap, pens[1])
    if chance.random() < 0.5:
        body, accent, water = (mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for mask in (body, accent, water))  # fmt: skip # noqa: E501
    _shadow(picture, ImageChops.lighter(body, accent))
    picture.paste((150, 205, 235), (0, 0), water.point(lambda value: value * 0.6))
    for mask, named in ((body, BODIES[tap.body]), (accent, ACCENTS[tap.accent])):
        _metal(picture, mask, shaken(named[1], chance, 10), tap.finish, chance)
    return picture


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
            shade = mixed(colour, white if n % 2 else black, 0.22)
            pen.line((0, n * step, size, n * step), shade, max(1, round(step / 2)))
    elif finish == "hammered":
        for row in range(26):
            for column in range(26):
                x = (column + row % 2 / 2) * 2 * step + chance.uniform(-0.4, 0.4) * step
                y, far = row * 2 * step, step * 0.72
                pen.ellipse((x - far, y - far, x + far, y + far), mixed(colour, black, 0.34))
                pen.ellipse((x - far, y - far, x + far / 3, y + far / 3), mixed(colour, white, 0.5))
    picture.paste(fill, (0, 0), mask)
    rim = max(1, size // 80)
    dark = ImageChops.subtract(mask, _moved(mask, -rim))
    light = ImageChops.subtract(mask, _moved(mask, rim))
    strength = {"polished": 0.75, "matt": 0.25}.get(finish, 0.5)
    picture.paste(mixed(colour, black, 0.6), (0, 0), dark.point(lambda value: value * strength))
    picture.paste(mixed(colour, white, 0.7), (0, 0), light.point(lambda value: value * strength))
    if finish == "polished":
        band = ImageChops.subtract(_moved(mask, rim * 2), _moved(mask, rim * 4))
        picture.paste(white, (0, 0), ImageChops.multiply(band, mask).point(lambda v: v * 0.85))
