"""What a query and a title are made of, beyond their single terms."""

from functools import lru_cache

from collections_app.pipeline.terms import term_spans, terms


def wholes(text: str, language: str) -> frozenset[str]:
    """Terms of which others are parts: `open_files` beside `open` and `files`."""
    spans = term_spans(text, language)
    return frozenset(
        term
        for term, start, end in spans
        if any(start <= a and b <= end and (a, b) != (start, end) for _other, a, b in spans)
    )


@lru_cache(maxsize=50_000)
def held_by_title(title: str, language: str) -> frozenset[str]:
    """The terms of a title; those asked for lately are remembered."""
    return frozenset(terms(title, language))
