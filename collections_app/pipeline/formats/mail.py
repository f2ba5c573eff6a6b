"""A message of e-mail: its headers as metadata, its body as text, the names of attachments."""

from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from ..decode import clean
from ..extracted import MARKDOWN, PLAIN, Extracted, Unreadable
from ..pieces import Pieces
from . import html

_MOST_PARTS = 2_000
_MOST_DEPTH = 50
_HEADERS = ("from", "to", "cc", "date", "message-id", "in-reply-to", "list-id")


def read(data: bytes, max_chars: int) -> Extracted:
    check_parts(data)
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
    metadata: dict[str, object] = {
        name.replace("-", "_"): header(message, name) for name in _HEADERS
    }
    plain: list[str] = []
    pages: list[str] = []
    attachments: list[str] = []
    for part in parts(message):
        kind = part.get_content_type()
        name = file_name(part)
        if name or part.get_content_disposition() == "attachment" or part.is_multipart():
            attachments.append(name or kind)
        elif kind == "text/plain":
            plain.append(_content(part))
        elif kind == "text/html":
            pages.append(_content(part))
    metadata["attachments"] = attachments
    pieces = Pieces(max_chars, PLAIN if any(one.strip() for one in plain) else MARKDOWN)
    for one in plain:
        pieces.add(one)
    if not pieces:
        for one in pages:
            pieces.add(html.whole(clean(one)))
    title = header(message, "subject")
    if not pieces:
        pieces.add(title)
    return pieces.extracted(title, metadata)


def check_parts(data: bytes) -> None:
    """Before the parser makes objects of them: parts are told by their headers."""
    count = data.lower().count(b"\ncontent-type:")
    if count > _MOST_PARTS:
        raise Unreadable(
            f"The message has {count:,} parts; the most is {_MOST_PARTS:,}. "
            "Save what is to be found as text."
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
        return data.decode(part.get_content_charset() or "utf-8", "replace")
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
