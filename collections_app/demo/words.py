"""Common English words, one document each, for arithmetic with meanings."""

from pathlib import Path

from collections_app.demo.documents import DemoDocument

_LIST = Path(__file__).with_name("words.txt")


def documents() -> list[DemoDocument]:
    words = _LIST.read_text(encoding="utf-8").split()
    return [DemoDocument(external_id=word, title=word, text=word) for word in words]
