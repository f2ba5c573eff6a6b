"""Which format content is in, by what stands in it; the name only settles what is left open."""

import io
import re
from pathlib import PurePosixPath

from . import pictures
from .containers import zips
from .extracted import (
    DOCX,
    EMAIL,
    EPUB,
    HTML,
    MARKDOWN,
    NOTEBOOK,
    ODT,
    PDF,
    PLAIN,
    PPTX,
    RTF,
    XLSX,
)

# What can be read, and its name for people.
FORMATS = {
    PLAIN: "Plain text",
    MARKDOWN: "Markdown",
    HTML: "HTML",
    PDF: "PDF",
    DOCX: "Word (DOCX)",
    PPTX: "PowerPoint (PPTX)",
    XLSX: "Excel (XLSX)",
    ODT: "OpenDocument text (ODT)",
    EPUB: "EPUB",
    RTF: "RTF",
    EMAIL: "E-mail",
    NOTEBOOK: "Jupyter notebook",
    **pictures.FORMATS,
}
TEXTS = (PLAIN, MARKDOWN, HTML)  # what any characters can be read as
_SUFFIXES = {
    MARKDOWN: (".md", ".markdown", ".mdown", ".mkd"),
    HTML: (".html", ".htm", ".xhtml"),
    PDF: (".pdf",),
    DOCX: (".docx", ".docm", ".dotx"),
    PPTX: (".pptx", ".pptm", ".ppsx"),
    XLSX: (".xlsx", ".xlsm"),
    ODT: (".odt", ".ott"),
    EPUB: (".epub",),
    RTF: (".rtf",),
    EMAIL: (".eml",),
    NOTEBOOK: (".ipynb",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/tiff": (".tif", ".tiff"),
    "image/bmp": (".bmp",),
}
_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}
_PDF_WITHIN = 1024  # bytes: what may stand before a PDF's mark, as readers of PDF have it
_PACKAGES = {
    b"wordprocessingml.document.main+xml": DOCX,
    b"wordprocessingml.template.main+xml": DOCX,
    b"ms-word.document.macroEnabled.main+xml": DOCX,
    b"presentationml.presentation.main+xml": PPTX,
    b"presentationml.slideshow.main+xml": PPTX,
    b"ms-powerpoint.presentation.macroEnabled.main+xml": PPTX,
    b"spreadsheetml.sheet.main+xml": XLSX,
    b"ms-excel.sheet.macroEnabled.main+xml": XLSX,
}
_MOST_ENTRIES = 10_000  # of a package
_TYPES_BYTES = 1 << 20  # of [Content_Types].xml that are looked at
_MIMETYPES = {
    b"application/vnd.oasis.opendocument.text": ODT,
    b"application/vnd.oasis.opendocument.text-template": ODT,
    b"application/epub+zip": EPUB,
}
_HTML_START = re.compile(
    r"\s{0,99}(?:<\?xml[^>]{0,200}>\s{0,99})?(?:<!--[^>]{0,999}-->\s{0,99})?"
    r"<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[a-z!/][^<]{0,1000}>", re.IGNORECASE)
_HEADER = re.compile(
    r"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]?[^\n]{0,2000}\n(?:[ \t][^\n]{0,2000}\n){0,99}"
)
_OF_MAIL = {"received", "message-id", "mime-version", "return-path", "delivered-to"}
_ALSO_OF_MAIL = {"from", "to", "subject", "date"}
_START_OF_NOTEBOOK = re.compile(r"\s{0,99}\{\s{0,99}\"")


def media_type(name: str) -> str:
    """By the name's ending alone; text/plain where it says nothing."""
    return _BY_SUFFIX.get(PurePosixPath(name.lower()).suffix, PLAIN)


def suffixes() -> tuple[str, ...]:
    """The endings of names that say what a file is, for forms."""
    return (".txt", ".text", *_BY_SUFFIX)


def detect_bytes(data: bytes) -> str:
    """The format of content that is not characters; empty for what may be text or unknown."""
    if data.startswith(b"PK\x03\x04"):
        return _package(data)
    if data.startswith(b"{\\rtf"):
        return RTF
    return pictures.media_type(data) or (PDF if _is_pdf(data) else "")


def detect(body: str, name: str = "", media_type: str = "") -> str:
    """The format of decoded content."""
    if _HTML_START.match(body):
        return HTML
    if _START_OF_NOTEBOOK.match(body) and '"nbformat"' in body and '"cells"' in body:
        return NOTEBOOK
    by_name = _BY_SUFFIX.get(PurePosixPath(name.lower()).suffix)
    if _is_mail(body, by_name):
        return EMAIL
    declared = media_type.partition(";")[0].strip().lower()
    wanted = next((one for one in (by_name, declared) if one in TEXTS), PLAIN)
    if wanted == HTML and not _TAG.search(body):
        return PLAIN
    return wanted


def _is_pdf(data: bytes) -> bool:
    """Whether the mark stands first, or near the beginning of what goes on as PDF does."""
    if data.startswith(b"%PDF-"):
        return True
    return b"%PDF-" in data[:_PDF_WITHIN] and b"endobj" in data and b"startxref" in data


def _package(data: bytes) -> str:
    """By the entries that packages begin with or have to have; nothing else is unpacked."""
    try:
        with zips.opened(io.BytesIO(data), _MOST_ENTRIES) as archive:
            names = set(archive.namelist())
            if "[Content_Types].xml" in names:
                with archive.open("[Content_Types].xml") as entry:
                    types = entry.read(_TYPES_BYTES)
                return next((kind for mark, kind in _PACKAGES.items() if mark in types), "")
            if "mimetype" in names:
                with archive.open("mimetype") as entry:
                    return _MIMETYPES.get(entry.read(100).strip(), "")
            return EPUB if "META-INF/container.xml" in names else ""
    except Exception:  # a damaged archive: zipfile raises half a dozen kinds of errors
        return ""


def _is_mail(body: str, by_name: str | None) -> bool:
    """Whether it begins with the header of a message, to its empty line."""
    at, names = 0, set[str]()
    while found := _HEADER.match(body, at):
        names.add(found.group(1).lower())
        at = found.end()
        if len(names) > 200:
            break
    if body[at : at + 1] not in ("", "\n"):
        return False
    known = len(names & _ALSO_OF_MAIL)
    return known >= 2 and (by_name == EMAIL or bool(names & _OF_MAIL))
