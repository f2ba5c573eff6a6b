"""A folder of files of every format, written by their libraries, goes in whole."""

from collections import Counter
from pathlib import Path

import pytest

from collections_app import ingest, sources
from collections_app.services import NamedPath, add_files
from tests.collections_app import written_files as write
from tests.factories import CollectionFactory

pytestmark = pytest.mark.django_db

WORD = "<Types>wordprocessingml.document.main+xml</Types>"
EACH = 16  # files of every kind
HARBOURS = [
    "Quiet",
    "Old",
    "Upper",
    "Lower",
    "Green",
    "Far",
    "Near",
    "New",
    "Small",
    "Blue",
    "Long",
    "High",
    "Low",
    "Wide",
    "Deep",
    "East",
]


def words(n):
    return f"{HARBOURS[n]} harbour number {n} has {n + 2} boats."


def readable(n):
    """{ending: (bytes, the text they come to)}"""
    line, title = words(n), f"Harbour {n}"
    page = f"<html><head><title>{title}</title></head><body><p>{line}</p></body></html>"
    return {
        "txt": (f"{line}\n".encode(), line),
        "utf16.txt": (line.encode("utf-16"), line),
        "md": (f"# {title}\n\n{line}\n".encode(), f"# {title}\n\n{line}"),
        "html": (page.encode(), line),
        "pdf": (write.pdf([line, "More."]), f"{line}\n\nMore."),
        "docx": (write.word(("h1", title), ("p", line)), f"# {title}\n\n{line}"),
        "pptx": (
            write.slides((title, [line, "More."])),
            f"## {title}\n\n- {line}\n- More.",
        ),
        "xlsx": (
            write.workbook(Boats=[["harbour", "boats"], [title, n]]),
            f"## Boats\n\n| harbour | boats |\n| --- | --- |\n| {title} | {n} |",
        ),
        "odt": (write.opendocument(f"<text:p>{line}</text:p>", title), line),
        "epub": (write.book({"a.xhtml": page}, title), line),
        "rtf": (write.rich_text(line, title=title), line),
        "eml": (write.mail(title, line, attachments=[] if n else ["a.bin"]), line),
        "ipynb": (
            write.notebook(("markdown", line), ("code", f"n = {n}")),
            f"{line}\n\n```python\nn = {n}\n```",
        ),
    }


def unreadable():
    """{name: (bytes, how the reason begins)}"""
    return {
        "scan.pdf": (write.pdf(["", ""]), "No text was found in it."),
        "empty.docx": (write.zipped({"[Content_Types].xml": WORD}), "The file is damaged"),
        "old.doc": (b"\xd0\xcf\x11\xe0" + bytes(999), "This file cannot be read: it looks like"),
        "broken.pdf": (b"%PDF-1.7 nothing", "The PDF is damaged"),
        "blank.txt": (b" \n ", "There is only white space in it."),
        "program.txt": (b"\x7fELF" + bytes(99), "This file cannot be read"),
    }


def test_folder_of_every_format_goes_in(media, tmp_path):
    texts, reasons = {}, {}
    folder = tmp_path / "folder"
    folder.mkdir()
    for n in range(EACH):
        for ending, (data, text) in readable(n).items():
            texts[f"{n}.{ending}"] = text
            (folder / f"{n}.{ending}").write_bytes(data)
    for name, (data, reason) in unreadable().items():
        reasons[name] = reason
        (folder / name).write_bytes(data)
    collection = CollectionFactory()
    result = add_folder(collection, folder)
    assert (result.problems, len(result.runs), result.notes) == ([], 1, [])
    sources.work(60, lambda: None)  # the message with an attachment
    ingest.run()
    reasons["0.eml/a.bin"] = "This file cannot be read"
    rows = {row.external_id: row for row in collection.documents.all()}
    assert {name: row.text for name, row in rows.items() if row.state == "ready"} == texts
    assert len(texts) + len(reasons) == len(rows) == 13 * EACH + 7 > 200
    for name, reason in reasons.items():
        assert (rows[name].state, rows[name].error_stage) == ("set_aside", "extract")
        assert rows[name].error.startswith(reason)
    formats = Counter(row.format for row in rows.values() if row.state == "ready")
    assert set(formats.values()) == {EACH, 2 * EACH}  # plain text in two encodings
    assert len(formats) == 12


def add_folder(collection, folder: Path):
    return add_files(collection, [NamedPath(one, one.name) for one in sorted(folder.iterdir())])


def test_places_and_formats_are_stored(media, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    page = "The harbour is quiet and the boats are at home. " * 3
    lines = "\n".join(page[n : n + 60] for n in range(0, len(page), 60))
    (folder / "a.pdf").write_bytes(write.pdf([lines, lines, lines]))
    rows = [["name", "price"], *([f"thing {n}", n] for n in range(60))]
    (folder / "b.xlsx").write_bytes(write.workbook(Prices=rows))
    (folder / "c.txt").write_bytes("\n\n".join([page] * 6).encode("cp1252"))
    collection = CollectionFactory()
    add_folder(collection, folder)
    ingest.run()
    pdf, sheet, text = collection.documents.order_by("external_id")
    pages = [one.place["page"] for one in pdf.passages.all()]
    assert pages == sorted(pages)
    assert set(pages) == {1, 2, 3}
    for one in sheet.passages.all():
        assert one.place["sheet"] == "Prices"
        assert one.place["cell"].startswith("A")
    for one in text.passages.all():
        assert one.place == {"line": text.text.count("\n", 0, one.start) + 1}
    assert [pdf.encoding, sheet.encoding, text.encoding] == ["", "", "utf-8"]
    assert pdf.metadata["pages"] == 3
