"""Files of every format that is read, written by the libraries that write them."""

import io
import json
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage

import docx
import openpyxl
import pptx
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

ODT_TYPE = "application/vnd.oasis.opendocument.text"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def pdf(pages: Sequence[str], *, title: str = "", **fields: object) -> bytes:
    """One page for each text, its lines as they are."""
    file = io.BytesIO()
    paper = canvas.Canvas(file, **fields)
    paper.setTitle(title)
    for page in pages:
        lines = paper.beginText(72, 720)
        for line in page.split("\n"):
            lines.textLine(line)
        paper.drawText(lines)
        paper.showPage()
    paper.save()
    return file.getvalue()


def scanned_pdf(words: Sequence[str]) -> bytes:
    """Pages that are only pictures, with large words on them."""
    from PIL import Image, ImageDraw, ImageFont

    file = io.BytesIO()
    paper = canvas.Canvas(file)
    for one in words:
        picture = Image.new("L", (1200, 300), 255)
        ImageDraw.Draw(picture).text((40, 80), one, font=ImageFont.load_default(size=96), fill=0)
        paper.drawImage(ImageReader(picture), 50, 500, width=500, height=125)
        paper.showPage()
    paper.save()
    return file.getvalue()


def word(*blocks: tuple[str, object], title: str = "", author: str = "") -> bytes:
    """Blocks are ("h1", words), ("p", words), ("-", words), ("1", words), ("table", rows)."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = title, author
    for kind, value in blocks:
        match kind:
            case "h1" | "h2":
                document.add_heading(value, int(kind[1]))
            case "-":
                document.add_paragraph(value, style="List Bullet")
            case "1":
                document.add_paragraph(value, style="List Number")
            case "table":
                table = document.add_table(len(value), len(value[0]))
                for row, values in zip(table.rows, value, strict=True):
                    for cell, words in zip(row.cells, values, strict=True):
                        cell.text = words
            case _:
                document.add_paragraph(value)
    return saved(document)


def slides(*pages: tuple[str, Sequence[str]], notes: str = "") -> bytes:
    presentation = pptx.Presentation()
    for title, points in pages:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(points)
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    return saved(presentation)


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book: object) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(entries: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def opendocument(body: str, title: str = "", *, head: str = "") -> bytes:
    names = " ".join(f'xmlns:{n}="{OFFICE}:{n}:1.0"' for n in ("office", "text", "table", "meta"))
    names += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    text = f"<office:body><office:text>{body}</office:text></office:body>"
    meta = f"<office:meta><dc:title>{title}</dc:title><dc:creator>Ada</dc:creator></office:meta>"
    xml = '<?xml version="1.0" encoding="UTF-8"?>' + head
    return zipped(
        {
            "mimetype": ODT_TYPE,
            "content.xml": f"{xml}<office:document-content {names}>{text}"
            "</office:document-content>",
            "meta.xml": f'<?xml version="1.0"?><office:document-meta {names}>{meta}'
            "</office:document-meta>",
        }
    )


def book(chapters: dict[str, str], title: str = "A book", **more: str) -> bytes:
    """An EPUB of chapters, by the paths they have in it."""
    items = "".join(
        f'<item id="c{n}" href="{path}" media-type="application/xhtml+xml"/>'
        for n, path in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title><dc:creator>Ada</dc:creator><dc:language>en</dc:language>"
        f"</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    pages = {f"OEBPS/{path}": page for path, page in chapters.items()}
    head = {"mimetype": "application/epub+zip", "META-INF/container.xml": container}
    return zipped({**head, "OEBPS/book.opf": opf, **pages, **more})


def rich_text(*paragraphs: str, title: str = "") -> bytes:
    info = f"{{\\info{{\\title {title}}}}}" if title else ""
    body = "\\par ".join(
        "".join(c if c < "\x80" else f"\\u{ord(c)}?" for c in one) for one in paragraphs
    )
    return f"{{\\rtf1\\ansi{info}\\pard {body}}}".encode("ascii")


def mail(subject: str, text: str = "", html: str = "", attachments: Sequence[str] = ()) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Ada <ada@example.org>", "bob@example.org"
    message["Subject"], message["Date"] = subject, "Tue, 24 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@example.org>"
    if text:
        message.set_content(text)
    if html:
        (message.add_alternative if text else message.set_content)(html, subtype="html")
    for name in attachments:
        message.add_attachment(b"\0\1", maintype="application", subtype="x-y", filename=name)
    return message.as_bytes()


def notebook(*cells: tuple[str, str]) -> bytes:
    """Cells are ("markdown", source) or ("code", source)."""
    return json.dumps(
        {
            "cells": [
                {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
                | ({"outputs": [], "execution_count": None} if kind == "code" else {})
                for kind, source in cells
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    ).encode()
