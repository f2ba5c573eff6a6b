"""PDF: the text of each page; pages that are only pictures are read by OCR where there is one."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as library
from pypdfium2 import raw

from .. import sandbox_place
from ..decode import clean
from ..extracted import PLAIN, Extracted, Unreadable
from ..pieces import Pieces
from . import ocr, package

_MOST_PAGES = 20_000
_OCR_SECONDS = 40  # for all pages of a file; the child has more, and must not be stopped
_PIXELS = 6_000_000  # of a page for OCR: A4 at about 250 dots an inch
_SCALE = 300 / 72  # at most 300 dots an inch
_HYPHENS = ("\ufffe", "\x02")  # how PDFium writes a hyphen at the end of a line, joining the lines


@dataclass
class _Scanned:
    """Pages that are only pictures, those of them that could not be read, and broken ones."""

    pages: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)  # that cannot even be loaded
    until: float = 0.0


def read(data: bytes, max_chars: int) -> Extracted:
    document = _opened(data)
    count = len(document)
    if count > _MOST_PAGES:
        raise Unreadable(
            f"The PDF has {count:,} pages; the most is {_MOST_PAGES:,}. Split the file."
        )
    pieces = Pieces(max_chars, PLAIN)
    scanned = _Scanned(until=time.monotonic() + _OCR_SECONDS)
    for number, words in _pages(document, scanned):
        pieces.add(words, {"page": number})
    if scanned.unread and not pieces:
        raise Unreadable(_all_scanned(scanned), _span(scanned.pages))
    if scanned.broken and not pieces:
        raise Unreadable(
            "The pages of the PDF are damaged. Save or copy it again.", _span(scanned.broken)
        )
    title, metadata = _told(document)
    metadata["pages"] = count
    if scanned.pages:
        metadata["scanned_pages"] = _ranges(scanned.pages)
    warnings = [_unread(scanned)] if scanned.unread else []
    if scanned.broken:
        warnings.append(f"Pages that are damaged: {_ranges(scanned.broken)}.")
    metadata["warnings"] = warnings
    return pieces.extracted(title, metadata)


def _opened(data: bytes) -> Any:
    try:
        return library.PdfDocument(data)
    except library.PdfiumError as error:
        # PDFium may tell the fault of an earlier file: its word alone is not enough.
        if b"/Encrypt" in data and "password" in str(error).lower():
            raise package.locked() from error
        raise Unreadable(
            "The PDF is damaged and cannot be opened. Save or copy it again."
        ) from error


def _pages(document: Any, scanned: _Scanned) -> Iterator[tuple[int, str]]:
    """Number and text of each page that can be loaded."""
    for number in range(1, len(document) + 1):
        sandbox_place.note({"page": number})
        try:
            page = document[number - 1]
        except library.PdfiumError:
            scanned.broken.append(number)
            continue
        try:
            yield number, _text(page) or _by_ocr(page, number, scanned)
        finally:
            page.close()


def _text(page: Any) -> str:
    try:
        part = page.get_textpage()
    except library.PdfiumError:
        return ""
    try:
        words = str(part.get_text_range())
    finally:
        part.close()
    for hyphen in _HYPHENS:
        words = words.replace(hyphen, "")
    words = clean(words)
    return words if words.strip() else ""


def _by_ocr(page: Any, number: int, scanned: _Scanned) -> str:
    """What OCR reads of a page without text that shows something."""
    if not _shows_a_picture(page):
        return ""
    scanned.pages.append(number)
    left = scanned.until - time.monotonic()
    words = ""
    if ocr.installed() and left > 0:
        try:
            words = clean(ocr.words(_picture(page), left))
        except (subprocess.SubprocessError, OSError, library.PdfiumError):
            words = ""
    if not words.strip():
        scanned.unread.append(number)
    return words


def _shows_a_picture(page: Any) -> bool:
    kinds = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM)
    objects = range(min(raw.FPDFPage_CountObjects(page), 1000))
    return any(
        raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page, number)) in kinds for number in objects
    )


def _picture(page: Any) -> bytes:
    """The page in shades of grey as PNM, never of more than `_PIXELS`."""
    width, height = page.get_size()
    scale = min(_SCALE, (_PIXELS / max(width * height, 1)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        lines = bytes(bitmap.buffer)
        rows = (
            lines[start : start + bitmap.width]
            for start in range(0, bitmap.stride * bitmap.height, bitmap.stride)
        )
        return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(rows)
    finally:
        bitmap.close()


def _told(document: Any) -> tuple[str, dict[str, object]]:
    """The title and what else the file says of itself."""
    told = document.get_metadata_dict()
    title = str(told.get("Title", ""))
    names = {"Author": "author", "Subject": "subject", "Keywords": "keywords"}
    values: dict[str, object] = {name: told.get(key, "") for key, name in names.items()}
    values["created"] = _date(str(told.get("CreationDate", "")))
    return ("" if title.lower() == "untitled" else title), values


def _date(told: str) -> str:
    """`D:20261124175802+00'00'` as 2026-11-24; empty for what is no date."""
    digits = told.removeprefix("D:")[:8]
    return (
        f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
        if digits.isdecimal() and len(digits) == 8
        else ""
    )


def _all_scanned(scanned: _Scanned) -> str:
    if ocr.installed():
        return (
            f"The PDF is scanned: its {len(scanned.pages):,} pages are pictures, and Tesseract "
            "found no words on them. Scan it again, sharper or in parts."
        )
    return (
        f"The PDF is scanned: its {len(scanned.pages):,} pages are pictures without text. "
        "Install Tesseract on the server, then try again, or add a PDF with text."
    )


def _unread(scanned: _Scanned) -> str:
    why = (
        "Tesseract found no words on them or had no time left"
        if ocr.installed()
        else "Tesseract is not installed"
    )
    return f"Scanned pages without text: {_ranges(scanned.unread)} ({why})."


def _span(pages: list[int]) -> dict[str, object]:
    """These pages as a place."""
    first, last = pages[0], pages[-1]
    return {"page": first} if first == last else {"page": first, "to": last}


def _ranges(pages: list[int]) -> str:
    """`1-3, 7`, cut short where it gets long."""
    found: list[list[int]] = []
    for page in pages:
        if found and page == found[-1][1] + 1:
            found[-1][1] = page
        else:
            found.append([page, page])
    told = [str(first) if first == last else f"{first}-{last}" for first, last in found]
    return ", ".join(told[:50]) + (", …" if len(told) > 50 else "")
