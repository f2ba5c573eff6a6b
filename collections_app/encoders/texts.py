"""The texts a converted model is tried on: short ones, long ones, code, several scripts."""

import importlib
import inspect

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
