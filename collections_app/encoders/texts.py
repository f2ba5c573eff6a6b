"""What a converted model is tried on: texts short and long, code, several scripts; pictures."""

import importlib
import inspect
from io import BytesIO

from PIL import Image, ImageDraw

SENTENCES = [
    "Hello world",
    "A boat lies in the harbour, and nobody is on the quay this early in the morning.",
    "How do I back up a SQLite database while it is in use?",
    "def area(width: float, height: float) -> float:\n    return width * height",
    "清晨的港口很安靜，船都還沒有出海。",
    "Ein Überblick über die Zubereitung von Käsespätzle: 250 g Mehl, 3 Eier, ⅛ l Wasser.",
]
LIBRARY = ["asyncio", "collections", "datetime", "json", "logging", "pathlib", "socket", "string"]
DOCSTRINGS = 100
MOST_CHARS = 400  # of one: torch is slow on a busy machine


def all_texts() -> list[str]:
    """The same on every machine with this Python: sentences, longer ones, and docstrings.

    The docstrings stand near each other, so that lost neighbours show.
    """
    longer = [" ".join([text] * times) for times in (2, 9, 40) for text in SENTENCES]
    return SENTENCES + longer + _docstrings()


def pictures() -> list[bytes]:
    """The same on every machine: discs on grounds, of several colours, sizes and shapes."""
    found = []
    colours = [(220, 40, 40), (40, 160, 60), (40, 70, 200), (240, 200, 40)]
    for n in range(16):
        image = Image.linear_gradient("L").convert("RGB").resize((160 + 40 * (n % 3), 200))
        image = Image.blend(image, Image.new("RGB", image.size, colours[n // 4]), 0.6)
        far = 30 + 4 * n
        ImageDraw.Draw(image).ellipse((20, 20, 20 + far, 20 + far), colours[n % 4])
        file = BytesIO()
        image.save(file, "PNG")
        found.append(file.getvalue())
    return found


def _docstrings() -> list[str]:
    found: dict[str, None] = {}
    for name in LIBRARY:
        for _name, thing in inspect.getmembers(importlib.import_module(name)):
            members = inspect.getmembers(thing) if inspect.isclass(thing) else []
            for _member, each in [(_name, thing), *members]:
                text = inspect.getdoc(each) if callable(each) else None
                if text and len(text) > 100:
                    found[text[:MOST_CHARS]] = None
    step = max(1, len(found) // DOCSTRINGS)
    return list(found)[::step][:DOCSTRINGS]
