"""The text of a file or of pasted content, whatever it is called.

The content decides; name and media type only settle what the content leaves open. Plain text and
Markdown are read here; what attacks its readers is read in a child process.
"""

from dataclasses import replace

from . import pictures, sandbox
from .blocks import Kind, blocks
from .code import by_media_type, by_name
from .decode import clean, decode
from .detect import FORMATS, TEXTS, detect, detect_bytes
from .extracted import EMAIL, HTML, MARKDOWN, NOTEBOOK, PLAIN, Extracted, Place, Unreadable
from .formats import markdown, text
from .pieces import HEADING_CHARS, check_length
from .sandbox import Limits

__all__ = [
    "FORMATS",
    "HTML",
    "MARKDOWN",
    "PLAIN",
    "TEXTS",
    "Extracted",
    "Limits",
    "Unreadable",
    "detect",
    "extract",
]

MAX_CHARS = 5_000_000
_READERS = {PLAIN: text.read, MARKDOWN: markdown.read}


def extract(
    data: bytes,
    *,
    name: str = "",
    media_type: str = "",
    max_chars: int = MAX_CHARS,
    as_format: str = "",
    as_encoding: str = "",
    limits: Limits | None = None,
) -> Extracted:
    """The text, title and metadata of `data`; raises Unreadable with the reason.

    `as_format` (one of FORMATS) and `as_encoding` go before what is found out; an encoding
    says that there are characters. `limits` are those of the child process.
    """
    found = as_format or ("" if as_encoding else detect_bytes(data))
    if found in pictures.FORMATS:
        return pictures.extract(data, name, limits)
    if found and found not in TEXTS and not (as_encoding and found == NOTEBOOK):
        return _in_sandbox(data, found, max_chars, limits)
    raw, encoding = decode(data, as_encoding)
    body = clean(raw)
    found = found or detect(body, name, media_type)
    if found not in TEXTS:  # much of it may be attachments and results, which are left out
        data = data if found == EMAIL else body.encode()
        return replace(_in_sandbox(data, found, max_chars, limits), encoding=encoding)
    check_length(raw, max_chars)
    if not body.strip():
        raise Unreadable("There is only white space in it. Choose a file that has text in it.")
    if found == HTML:
        return replace(_in_sandbox(body.encode(), found, max_chars, limits), encoding=encoding)
    read = _READERS[found](body)
    code = (by_name(name) or by_media_type(media_type)) if found == PLAIN else None
    if code:
        read, found = replace(read, media_type=code.media_type), code.media_type
    return replace(_headed(read), format=found, encoding=encoding)


def _in_sandbox(data: bytes, found: str, max_chars: int, limits: Limits | None) -> Extracted:
    answer = sandbox.call("extract", data, limits=limits, kind=found, max_chars=max_chars)
    return replace(_headed(Extracted.unpacked(answer.values)), format=found)


def _headed(found: Extracted) -> Extracted:
    """With the headings as places, where nothing better is known."""
    if found.media_type != MARKDOWN or found.places or found.first_line:
        return found
    headings = (block for block in blocks(found.text) if block.kind is Kind.HEADING and block.title)
    places = (Place(block.start, {"heading": block.title[:HEADING_CHARS]}) for block in headings)
    return replace(found, places=tuple(places))
