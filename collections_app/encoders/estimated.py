"""Counting the tokens of a model whose tokenizer is not here: never too few.

Every tokenizer in use makes at most one token of each byte of UTF-8 (byte-level BPE, the byte
fallback of SentencePiece) or of each character (WordPiece), after it has normalised the text
and perhaps lowered its case. So each piece of a text counts as many tokens as it has bytes in
the longest of these forms. Words of English come out three to five times too high: a
passage gets shorter than it had to be, and nothing is ever cut off unseen.
"""

import re
import unicodedata
from collections.abc import Iterator

SPECIAL = 4  # at the ends of a text: what models put there, and the mark of its beginning
# Short pieces: a text may be cut between any two.
_PIECE = re.compile(r"\s{1,8}|\w{1,8}|[^\w\s]")


class EstimatedTokenizer:
    """A `Tokenizer` without a vocabulary. Each piece is as many tokens as it has bytes."""

    exact = False

    def count(self, text: str) -> int:
        return SPECIAL + sum(_bytes(found[0]) for found in _PIECE.finditer(text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self._offsets(text))

    def _offsets(self, text: str) -> Iterator[tuple[int, int]]:
        for found in _PIECE.finditer(text):
            span = found.span()
            for _ in range(_bytes(found[0])):
                yield span

    def beginning(self, text: str, limit: int) -> str:
        """As much of the text as surely fits."""
        left = limit - SPECIAL
        for found in _PIECE.finditer(text):
            left -= _bytes(found[0])
            if left < 0:
                return text[: found.start()]
        return text


def _bytes(piece: str) -> int:
    """In the longest form that a tokenizer may bring it into before it cuts it up."""
    if piece.isascii():
        return len(piece)
    forms = [piece, piece.lower()]
    forms += [unicodedata.normalize("NFKC", one) for one in tuple(forms)]
    forms += [unicodedata.normalize("NFKD", one) for one in tuple(forms)]
    return max(len(one.encode("utf-8", "replace")) for one in forms)
