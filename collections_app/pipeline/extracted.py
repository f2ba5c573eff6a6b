"""What extraction gives back, and how it says no."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"


class Unreadable(Exception):  # noqa: N818 - a statement about the content, as the pages say it
    """No text can be had from this content; the message says why and what to do."""


@dataclass(frozen=True)
class Extracted:
    """The text of a document.

    `text` has `\\n` line ends, no NUL and no lone surrogate; `media_type` is that of
    `text` (text/plain or text/markdown), not of what came in. `metadata` is safe for
    JSON and for PostgreSQL's jsonb.
    """

    text: str
    title: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    media_type: str = PLAIN
