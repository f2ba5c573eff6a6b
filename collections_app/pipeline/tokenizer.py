"""Counting tokens as the embedding model does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import tokenizers

_WINDOW = 50_000  # characters handed to the tokenizer at once: keeps memory flat
_TEXTS = 16  # the same for whole texts: each token takes some 300 bytes until it is cut


class Tokenizer(Protocol):
    """Both methods are pure and may be called from any thread."""

    def count(self, text: str) -> int:
        """Tokens of `text` as the model would see it alone, special tokens included."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """(start, end) of each token in characters of `text`, special tokens left out."""


class WordTokenizer:
    """Words and single marks, plus two special tokens: what the fake encoder counts with."""

    _token = re.compile(r"\w+|[^\w\s]")

    def count(self, text: str) -> int:
        return sum(1 for _ in self._token.finditer(text)) + 2

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in self._token.finditer(text)]


class ModelTokenizer:
    """The tokenizer.json of a model folder, with truncation and padding off."""

    def __init__(self, file: Path) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, text: str) -> int:
        return len(
            self._tokenizer.encode_batch_fast([text])[0]
        )  # fast: where each stands is not told

    def offsets(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for start, window in _windows(text):
            encoded = self._tokenizer.encode(window, add_special_tokens=False)
            found.extend((start + a, start + b) for a, b in encoded.offsets)
        return found

    def ids(self, texts: list[str], limit: int) -> list[list[int]]:
        """Token ids of each text, special tokens included, no longer than `limit`.

        Longer texts lose their end but keep the closing special token, as the model's
        own library does it.
        """
        spare = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        ids: list[list[int]] = []
        for start in range(0, len(texts), _TEXTS):
            for encoded in self._tokenizer.encode_batch_fast(texts[start : start + _TEXTS]):
                row = encoded.ids
                ids.append(row if len(row) <= limit else self._cut(row, limit, spare))
        return ids

    def _cut(self, row: list[int], limit: int, spare: int) -> list[int]:
        """Drop content tokens from the end; special tokens stand around the content."""
        frame = self._tokenizer.encode("").ids
        opening = 0
        while opening < spare and row[opening] == frame[opening]:
            opening += 1
        closing = spare - opening
        return row[: limit - closing] + row[len(row) - closing :]


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """(start, piece) of about `_WINDOW` characters, cut at white space where there is some."""
    start = 0
    while start < len(text):
        end = start + _WINDOW
        if end < len(text):
            space = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
            end = space if space > start + _WINDOW // 2 else end
        yield start, text[start:end]
        start = end
