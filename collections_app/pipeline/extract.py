"""The text of a file or of pasted content, whatever it is called.

The content decides; name and media type only settle what the content leaves open.
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from .decode import clean, decode
from .extracted import HTML, MARKDOWN, PLAIN, Extracted, Unreadable
from .formats import html, markdown, text

__all__ = ["HTML", "MARKDOWN", "PLAIN", "Extracted", "Unreadable", "extract"]

MAX_CHARS = 5_000_000
_FORMATS = {PLAIN: text.read, MARKDOWN: markdown.read, HTML: html.read}
_BY_SUFFIX = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdown": MARKDOWN,
    ".mkd": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
}
_HTML_START = re.compile(
    r"\s{0,99}(?:<\?xml[^>]{0,200}>\s{0,99})?(?:<!--[^>]{0,999}-->\s{0,99})?"
    r"<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[a-z!/][^<]{0,1000}>", re.IGNORECASE)


def extract(
    data: bytes, *, name: str = "", media_type: str = "", max_chars: int = MAX_CHARS
) -> Extracted:
    """The text, title and metadata of `data`; raises Unreadable with the reason."""
    raw, encoding = decode(data)
    if len(raw) > max_chars:
        raise Unreadable(
            f"The text is {len(raw):,} characters long; the most is {max_chars:,}. Split the file."
        )
    body = clean(raw)
    if not body.strip():
        raise Unreadable("There is only white space in it. Choose a file that has text in it.")
    found = _FORMATS[detect(body, name, media_type)](body)
    if not found.text.strip():
        raise Unreadable("No text was found in it, only markup. Choose a page that has text.")
    if encoding in ("utf-8", "utf-8-sig"):
        return found
    return replace(found, metadata={**found.metadata, "encoding": encoding})


def detect(body: str, name: str = "", media_type: str = "") -> str:
    """The media type of decoded content: one of text/plain, text/markdown, text/html."""
    if _HTML_START.match(body):
        return HTML
    by_name = _BY_SUFFIX.get(PurePosixPath(name.lower()).suffix)
    declared = media_type.partition(";")[0].strip().lower()
    wanted = by_name or (declared if declared in _FORMATS else PLAIN)
    if wanted == HTML and not _TAG.search(body):
        return PLAIN
    return wanted
