"""A message of e-mail: its headers as metadata, its body as text, the names of attachments."""

from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from .. import sandbox_place
from ..decode import clean, known
from ..extracted import MARKDOWN, PLAIN, Extracted, Unreadable
from ..pieces import Pieces, check_length
from . import html

_MOST_PARTS = 2_000
_MOST_DEPTH = 50
_PART = b"\ncontent-type:"
_HEADERS = ("from", "to", "cc", "date", "message-id", "in-reply-to", "list-id")


def read(data: bytes, max_chars: int) -> Extracted:
    check_parts(data)
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
    metadata: dict[str, object] = {
        name.replace("-", "_"): header(message, name) for name in _HEADERS
    }
    plain: list[tuple[int, str]] = []
    pages: list[tuple[int, str]] = []
    attachments: list[str] = []
    for number, part in enumerate(parts(message), start=1):
        sandbox_place.note({"part": number})
        kind = part.get_content_type()
        name = file_name(part)
        if name or part.get_content_disposition() == "attachment" or part.is_multipart():
            attachments.append(name or kind)
        elif kind in ("text/plain", "text/html"):
            found = plain if kind == "text/plain" else pages
            found.append((number, clean(_content(part))))
    metadata["attachments"] = attachments
    title = header(message, "subject")
    plain = [(number, words) for number, words in plain if words.strip()]
    if len(plain) == 1:
        return _only(plain[0][1], max_chars, title, metadata)
    pieces = Pieces(max_chars, PLAIN if plain else MARKDOWN)
    for number, words in plain:
        pieces.add(words, {"part": number})
    if not plain:
        for number, page in pages:
            sandbox_place.note({"part": number})
            # Of one page its headings tell the place.
            pieces.add(html.whole(page), {"part": number} if len(pages) > 1 else None)
    if not pieces:
        pieces.add(title)
    return pieces.extracted(title, metadata)


def _only(words: str, max_chars: int, title: str, metadata: dict[str, object]) -> Extracted:
    """A message of one text, whose places are its lines."""
    check_length(words, max_chars)
    pieces = Pieces(max_chars, PLAIN)
    pieces.add(words)
    return pieces.extracted(title, metadata, 1 + len(words) - len(words.lstrip("\n")))


def check_parts(data: bytes) -> None:
    """Before the parser makes objects of them: parts are told by their headers."""
    lower = data.lower()
    count = lower.count(_PART)
    if count > _MOST_PARTS:
        before = lower.split(_PART, _MOST_PARTS + 1)[:-1]
        line = 1 + len(before) + sum(one.count(b"\n") for one in before)
        raise Unreadable(
            f"The message has {count:,} parts; the most is {_MOST_PARTS:,}. "
            "Save what is to be found as text.",
            {"line": line},
        )


def parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that are not made of others; a message inside is one, and is not opened."""
    stack = [(message, 0)]
    while stack:
        part, depth = stack.pop()
        if part.get_content_maintype() != "multipart":
            yield part
        elif part.is_multipart() and depth < _MOST_DEPTH:
            inner = [one for one in part.get_payload() if isinstance(one, EmailMessage)]
            stack.extend((one, depth + 1) for one in reversed(inner))


def _content(part: EmailMessage) -> str:
    """The characters of a part, in the encoding that it names or in UTF-8."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        charset = part.get_content_charset() or "utf-8"
        return data.decode(charset if known(charset) else "utf-8", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except Exception:  # the parsers of headers raise anything on broken ones
        return ""


def file_name(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except Exception:
        return ""
