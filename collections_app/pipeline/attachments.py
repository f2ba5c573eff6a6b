"""The files that are attached to a message of e-mail, messages among them."""

import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from mimetypes import guess_extension
from typing import Any

from . import detect, sandbox
from .decode import clean, decode
from .extracted import EMAIL, Unreadable
from .formats import mail

MOST = 1_000  # of one message
_HEAD_BYTES = 64 * 1024
_NAME_CHARS = 120
_FIELD = re.compile(rb"\s{0,99}[\x21-\x39\x3b-\x7e]{1,99}:[ \t\r\n]")
_ABOUT = re.compile(
    rb"\ncontent-(?:type|disposition):[^\n]{0,2000}(?:\n[ \t][^\n]{0,2000}){0,5}", re.I
)
_ATTACHED = re.compile(rb"\battachment\b|name\*?[0-9]{0,3}\*?=|message/rfc822", re.I)


def has_any(data: bytes, name: str) -> bool:
    """Whether this is a message that seems to have some; parses nothing."""
    if not (_FIELD.match(data) and any(_ATTACHED.search(m[0]) for m in _ABOUT.finditer(data))):
        return False
    try:
        head, _encoding = decode(data[:_HEAD_BYTES])
        return detect.detect(clean(head), name, "") == EMAIL
    except Unreadable:
        return False


def of(data: bytes) -> list[tuple[str, bytes]]:
    """Names, each another, and contents, read in a child process. Raises Unreadable."""
    answer = sandbox.call("attachments", data)
    return list(zip(answer.values["names"], answer.blobs, strict=True))


def packed(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What the child process does. Pictures that stand in the text of the message are no
    attachments. Raises Unreadable."""
    mail.check_parts(data)
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
    names: list[str] = []
    contents: list[bytes] = []
    for part in mail.parts(message):
        if not _is_attached(part, message):
            continue
        if len(names) == MOST:
            raise Unreadable(
                f"The message has more than {MOST:,} attachments. Save those to be found."
            )
        content = _content(part)
        if content:
            names.append(_unused(_name(part), names))
            contents.append(content)
    return {"names": names}, contents


def _is_attached(part: EmailMessage, message: EmailMessage) -> bool:
    if part is message:  # it is nothing but one file
        return part.get_content_disposition() == "attachment"
    if part.get_content_type() == "message/rfc822":
        return True
    disposition = part.get_content_disposition()
    shown = part.get_content_maintype() == "image" and "content-id" in part
    return disposition == "attachment" or (bool(mail.file_name(part)) and not shown)


def _content(part: EmailMessage) -> bytes:
    """Its bytes; none for one that cannot be had."""
    try:
        if part.is_multipart():
            inner = part.get_payload(0)
            return inner.as_bytes() if isinstance(inner, EmailMessage) else b""
        content = part.get_payload(decode=True)
    except (MemoryError, RecursionError):
        raise
    except Exception:  # the library raises anything on broken messages
        return b""
    return content if isinstance(content, bytes) else b""


def _name(part: EmailMessage) -> str:
    """As it is told, without folders; of a message its subject."""
    given, kind = mail.file_name(part), part.get_content_type()
    inner = part.get_payload(0) if part.is_multipart() else None
    if not given and isinstance(inner, EmailMessage):
        given = mail.header(inner, "subject")
    stem = " ".join(re.sub(r"[/\\]", " ", clean(given)).split())[-_NAME_CHARS:].strip(" .")
    if kind == "message/rfc822":
        return f"{(stem or 'message').removesuffix('.eml')}.eml"
    return stem or f"attachment{guess_extension(kind) or ''}"


def _unused(name: str, names: list[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number = 1
    found = name
    while found in names:
        number += 1
        found = f"{stem} ({number}).{suffix}" if dot else f"{name} ({number})"
    return found
