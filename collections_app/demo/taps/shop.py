"""A shop of drawn taps and fittings: one picture each, with its price and what it is like."""

import random
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..documents import DemoDocument
from .drawing import draw
from .tap import KINDS, Tap, description, made_up

COUNT = 2000
SIZE = 320  # pixels, as thumbnails are
FIRST = 5_000_000  # seeds: others than those of the drawings for training
HEIGHTS = {"rain": 0.8, "wall": 0.8, "waterfall": 0.9, "arc": 1.2, "spray": 1.2, "hand": 1.1}
_NAMES = (
    "Alva", "Brook", "Corda", "Delta", "Elm", "Fjord", "Grove", "Haven", "Iris", "Juno", "Kite",
    "Loch", "Mira", "Nile", "Orla", "Pavo", "Quill", "Rill", "Siena", "Tarn", "Umbra", "Vale",
    "Wren", "Yarrow", "Zephyr",
)  # fmt: skip
_PRICES = {
    "arc": 120, "basin": 60, "square": 90, "wall": 150, "waterfall": 110, "spray": 170,
    "bridge": 210, "garden": 25, "rain": 95, "hand": 45, "soap": 18, "ring": 15,
}  # fmt: skip
_METALS = {"gold": 1.6, "copper": 1.4, "chrome": 1.0, "black": 1.2}
_FINISHES = {"polished": 1.1, "matt": 1.0, "brushed": 1.15, "hammered": 1.3}


def documents() -> list[DemoDocument]:
    """The same on every run: the drawings are made by code."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_document, range(COUNT)))


def _document(number: int) -> DemoDocument:
    chance = random.Random(FIRST + number)  # noqa: S311 - the same each time
    tap = made_up(chance)
    name = f"{_NAMES[number % len(_NAMES)]} {100 + number}"
    return DemoDocument(
        external_id=f"{name.lower().replace(' ', '-')}.png",
        title=name,
        text=description(tap),
        media_type="image/png",
        metadata={
            "price": _price(tap, chance), "alt": description(tap), "kind": KINDS[tap.kind][0],
            "colour": tap.body, "finish": tap.finish,
        },
        picture=_png(tap, FIRST + number),
    )  # fmt: skip


def _png(tap: Tap, seed: int) -> bytes:
    """With its description, which becomes the text of the document."""
    image = _cut(draw(tap, seed, SIZE), HEIGHTS.get(tap.kind, 1.0))
    words, file = PngInfo(), BytesIO()
    words.add_text("Description", description(tap))
    image.save(file, "PNG", pnginfo=words, compress_level=3)
    return file.getvalue()


def _cut(image: Image.Image, height: float) -> Image.Image:
    """Wider or higher than it is drawn, as photos of a shop are: the middle of it stays."""
    width, full = image.size
    if height < 1:
        edge = round(full * (1 - height) / 2)
        return image.crop((0, edge, width, full - edge))
    edge = round(width * (1 - 1 / height) / 2)
    return image.crop((edge, 0, width - edge, full))


def _price(tap: Tap, chance: random.Random) -> float:
    factor = _METALS.get(tap.body, 0.9) * _FINISHES[tap.finish] * chance.uniform(0.75, 1.3)
    return round(_PRICES[tap.kind] * factor) - 0.1
