"""Text from documents and from chat models without what deceives a reader, a model or a client.

Passages go to a chat model as data, and what it says may be shown by clients that render
Markdown: both may have been written to do harm.
"""

import re
from collections.abc import Iterable, Iterator

# Characters that show nothing and turn or hide others: directions, joiners of no script, tags.
# Those that scripts and emoji need (zero-width joiner and non-joiner) stay.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# What chat templates put around messages: <|im_start|>, [INST], <<SYS>>, <start_of_turn>, </s>.
TEMPLATE = re.compile(
    r"<\|(?=[^|<>\n]{1,40}\|>)|\[(?=/?INST\])|<(?=<?/?SYS>)|<(?=(?:start|end)_of_turn>)|<(?=/?s>)",
    re.IGNORECASE,
)
MOST_HELD = 1000  # characters of what may become an image
OPEN, CLOSED = re.compile(r"!\[?\Z|!\[[^\]\n]*\]?\Z"), re.compile(r"!(?=\[[^\]\n]*\][(\[:])")


def visible(text: str) -> str:
    """The text without invisible characters."""
    return INVISIBLE.sub("", text)


def as_data(text: str) -> str:
    """Text of a document for a prompt: visible, and no part of a chat template."""
    return TEMPLATE.sub(lambda found: f"{found.group()} ", visible(text))


def said(pieces: Iterable[str]) -> Iterator[str]:
    """What a chat model says, as it comes: visible, and with no image of Markdown in it, which
    clients would load. `vec![1]` stays as it is."""
    held = ""
    for piece in pieces:
        held = CLOSED.sub("", held + visible(piece))
        opened = OPEN.search(held)
        keep = opened.start() if opened and len(held) - opened.start() <= MOST_HELD else len(held)
        if held[:keep]:
            yield held[:keep]
        held = held[keep:]
    if held:
        yield held
