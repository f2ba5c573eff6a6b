"""Text from documents and from chat models without what deceives a reader, a model or a client.

Passages go to a chat model as data, and what it says may be shown by clients that render
Markdown: both may have been written to do harm.
"""

import re
from collections.abc import Iterable, Iterator

# Characters that show nothing and turn or hide others: directions, joiners of no script, tags,
# and what terminals take for orders. Those that scripts and emoji need (zero-width joiner and
# non-joiner) stay, and so do line breaks and tabs.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# What chat templates put around messages: <|im_start|>, [INST], <<SYS>>, <start_of_turn>, </s>.
TEMPLATE = re.compile(
    r"<\|(?=[^|<>\n]{1,40}\|>)|\[(?=/?INST\])|<(?=<?/?SYS>)|<(?=(?:start|end)_of_turn>)|<(?=/?s>)",
    re.IGNORECASE,
)
# Where Markdown makes an image or a link: [text](address), and [name]: address, without which
# [text][name] is none. `vec![1]` and `[1][2]` stay as they are.
TARGET = re.compile(r"\](?=[(:])")
# Where HTML, which Markdown takes in, begins an element that can load or run something: one with
# attributes, a script or a style; or an address, as <https://…>. `List<String>` and `a < b` stay.
MOST_NAME = 40  # characters of an element's name that may be waited for
ELEMENT = re.compile(
    rf"<(?=/?[a-z](?:[^\s<>/]*[\s/:]|[^\s<>/]{{{MOST_NAME}}})|(?:script|style)\b)", re.IGNORECASE
)
OPEN = re.compile(rf"(?:\]|<(?:/|/?[a-z][^\s<>/]{{0,{MOST_NAME - 1}}})?)\Z", re.IGNORECASE)
TAG = re.compile(r"<[a-z/!?][^<>]*>?", re.IGNORECASE)


def visible(text: str) -> str:
    """The text without invisible characters."""
    return INVISIBLE.sub("", text)


def as_data(text: str) -> str:
    """Text of a document for a prompt: visible, and no part of a chat template."""
    return TEMPLATE.sub(lambda found: f"{found.group()} ", visible(text))


def one_line(text: str) -> str:
    """Another server's words as a page may show them: visible, without tags, on one line."""
    return " ".join(visible(TAG.sub(" ", text)).split())


def said(pieces: Iterable[str]) -> Iterator[str]:
    """What a chat model says, as it comes: visible, and with no image or link of Markdown in it,
    which clients would load or show."""
    before = ""  # the last character: what follows a bracket may make it a link
    for piece in pieces:
        if text := visible(piece):
            yield TARGET.sub("] ", before + text)[len(before) :]
            before = text[-1]


def inert(text: str) -> str:
    """Text for clients that render Markdown: no image, no link and no element comes of it."""
    return ELEMENT.sub("< ", TARGET.sub("] ", visible(text)))


def inert_pieces(pieces: Iterable[str]) -> Iterator[str]:
    """The same of a text that comes in pieces; one that breaks off is given to its last letter."""
    held = ""
    try:
        for piece in pieces:
            text = held + piece
            opened = OPEN.search(text)
            keep = opened.start() if opened else len(text)
            held = text[keep:]
            if made := inert(text[:keep]):
                yield made
    except Exception:
        yield held
        raise
    if held:
        yield held
