"""Single files made to hang, crash or fill their reader: each is read or refused, in bounds.

What the reading took is the child's own account of it: no more than 512 MB and 60 s.
"""

import io
import json
import re
import time
import zipfile

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from collections_app import ingest
from collections_app.pipeline import sandbox
from collections_app.pipeline.extract import extract
from collections_app.pipeline.extracted import EMAIL, NOTEBOOK, PDF, RTF, Unreadable
from collections_app.services import NamedPath, add_files, safe_id
from tests.collections_app import written_files as write
from tests.factories import CollectionFactory

MEMORY = 512 << 20
SECONDS = 60
LOL = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {b} "{"&" + a + ";" * 1}{("&" + a + ";") * 9}">'
        for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
QUADRATIC = '<!DOCTYPE x [<!ENTITY a "' + "x" * 60_000 + '">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ELSEWHERE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY a "b">]>'
ATTACKS = {"laughs": LOL, "quadratic": QUADRATIC, "external": OUTSIDE, "remote": ELSEWHERE}
PACKAGES = {
    "docx": (write.word(("p", "Words.")), "word/document.xml"),
    "pptx": (write.slides(("Words", ["more"])), "ppt/slides/slide1.xml"),
    "xlsx": (write.workbook(A=[["Words"]]), "xl/worksheets/sheet1.xml"),
    "odt": (write.opendocument("<text:p>Words.</text:p>"), "content.xml"),
}
# Rows of one cell in the last of 16,384 columns: a minute and more of work in a small file.
LAST_COLUMNS = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 90_000))
ENTITIES = "Its XML defines entities, which such files never do"


def outcome(data, **how):
    """The text or the reason, and that getting it kept within the limits."""
    peaks = []
    asked = sandbox._answer

    def watched(values, *more):
        peaks.append(values["peak"])
        return asked(values, *more)

    sandbox._answer = watched
    began = time.monotonic()
    try:
        found = extract(data, **how).text
    except Unreadable as error:
        found = str(error)
    finally:
        sandbox._answer = asked
    assert time.monotonic() - began < SECONDS + 60
    assert max(peaks, default=0) <= MEMORY
    return found


def changed(package, changes, compression=zipfile.ZIP_DEFLATED):
    """The package with entries replaced or added."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return write.zipped(entries | changes, compression)


def with_head(package, name, head, body=b""):
    """A document type and a use of its entity put into an entry."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        xml = archive.read(name)
    xml = re.sub(rb"^(<\?xml.*?\?>)?\s*", lambda m: m.group() + head.encode(), xml, count=1)
    return changed(package, {name: xml.replace(b"Words", b"&a;Words" + body)})


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", PACKAGES)
def test_entities_are_refused(kind, attack):
    package, name = PACKAGES[kind]
    assert outcome(with_head(package, name, ATTACKS[attack])).startswith(ENTITIES)


def test_entities_in_another_encoding_are_refused():
    package, name = PACKAGES["odt"]
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        xml = archive.read(name).decode().replace('encoding="UTF-8"?>', f'encoding="UTF-16"?>{LOL}')
    assert outcome(changed(package, {name: xml.encode("utf-16")})).startswith(ENTITIES)


def test_entities_after_a_long_comment_are_refused():
    package, name = PACKAGES["docx"]
    head = "<!--" + "x" * 200_000 + "-->" + LOL
    assert outcome(with_head(package, name, head)).startswith(ENTITIES)


def test_entities_of_a_book_are_not_expanded():
    page = f"<?xml version='1.0'?>{LOL}<html><body><p>Words &j; end</p></body></html>"
    found = outcome(write.book({"a.xhtml": page}))
    assert len(found) < 10_000


@pytest.mark.parametrize("kind", PACKAGES)
def test_bomb_of_high_ratio_is_refused(kind):
    package, name = PACKAGES[kind]
    bomb = b"<?xml version='1.0'?><a>" + b" " * (150 << 20) + b"</a>"
    assert outcome(changed(package, {name: bomb})).startswith("Unpacked, the file has 15")


def test_bomb_that_lies_about_its_size_is_refused():
    package, name = PACKAGES["odt"]
    data = bytearray(changed(package, {name: b"<a>" + b" " * (20 << 20)}))
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        for found in re.finditer(re.escape(mark), bytes(data)):
            start = found.start() + at
            if int.from_bytes(data[start : start + 4], "little") > 1 << 20:
                data[start : start + 4] = (1000).to_bytes(4, "little")
    assert outcome(bytes(data)) == (
        "The file is damaged: its package is not whole. Save or copy it again."
    )


def test_package_of_very_many_parts_is_refused():
    package, _name = PACKAGES["docx"]
    parts = {f"word/x{n}.bin": b"" for n in range(30_000)}
    assert "parts; the most is 20,000" in outcome(changed(package, parts, zipfile.ZIP_STORED))


@pytest.mark.parametrize("kind", PACKAGES)
def test_truncated_package_is_refused(kind):
    package, _name = PACKAGES[kind]
    assert outcome(package[: len(package) * 2 // 3]).startswith("This file cannot be read")


@pytest.mark.parametrize("kind", PACKAGES)
def test_package_with_broken_bytes_is_refused(kind):
    package, name = PACKAGES[kind]
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entry = archive.getinfo(name)
    at = entry.header_offset + 30 + len(name) + entry.compress_size // 2
    broken = (
        package[:at] + bytes(byte ^ 0x55 for byte in package[at : at + 40]) + package[at + 40 :]
    )
    assert "damaged" in outcome(broken)


@pytest.mark.parametrize("kind", PACKAGES)
def test_deep_xml_is_refused(kind):
    package, name = PACKAGES[kind]
    deep = b"<a>" * 200_000 + b"</a>" * 200_000
    found = outcome(changed(package, {name: deep}))
    assert "damaged" in found or "could not be read" in found or "No text" in found


def test_sheet_with_a_cell_at_the_far_corner_is_read():
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>Words</t></is></c></row>'
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>Far</t></is></c></row>'
    assert outcome(sheet(cell + far, "A1:XFD1048576")) == (
        "## A\n\n| Words |\n| --- |\n| Words | Far |".replace("| Words | Far", "|  | Far")
    )


def test_sheet_with_impossible_columns_is_refused():
    cells = "".join(f'<c r="A{n}ZZZZZ1"><v>1</v></c>' for n in range(1000))
    found = outcome(sheet(f'<row r="1">{cells}</row>', "A1"))
    assert "could not be read" in found or "damaged" in found


def test_sheet_of_rows_to_the_last_column_is_ended():
    found = outcome(sheet(LAST_COLUMNS, "A1"), limits=sandbox.Limits(seconds=3))
    assert found.startswith("Reading it took more than 3 s (EXTRACT_SECONDS).")


def sheet(rows, size):
    package, name = PACKAGES["xlsx"]
    spaces = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = (
        f'<worksheet xmlns="{spaces}"><dimension ref="{size}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    return changed(package, {name: xml.encode()})


# PDF


def objects(*bodies, root=1):
    """A PDF of these objects, numbered from 1."""
    data, starts = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        starts.append(len(data))
        data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    head = f"xref\n0 {len(bodies) + 1}\n".encode() + b"0000000000 65535 f \n" + table
    end = f"trailer\n<</Size {len(bodies) + 1}/Root {root} 0 R>>\nstartxref\n{len(data)}\n%%EOF"
    return data + head + end.encode()


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
LOOPS = {
    "a page tree in itself": objects(CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 9>>"),
    "two trees in each other": objects(
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 9>>",
        b"<</Type/Pages/Kids[2 0 R]/Count 9/Parent 2 0 R>>",
    ),
    "contents that are the page": objects(
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R>>",
    ),
    "many pages that are not there": objects(CATALOG, b"<</Type/Pages/Kids[]/Count 19999>>"),
    "a count below nothing": objects(CATALOG, b"<</Type/Pages/Kids[]/Count -5>>"),
}


@pytest.mark.parametrize("case", LOOPS)
def test_pdf_that_turns_in_circles_is_refused(case):
    found = outcome(LOOPS[case])
    assert found.startswith(("No text was found in it.", "The PDF is damaged", "The pages of"))


def test_form_that_draws_itself_is_bounded():
    drawing = (
        b"<</Length 5/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources 4 0 R>>"
        b"stream\n/a Do\nendstream"
    )
    data = objects(
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R/Resources 4 0 R>>",
        b"<</XObject<</a 5 0 R>>>>",
        drawing,
    )
    assert outcome(data).startswith(("No text was found in it.", "The PDF is scanned"))


def test_pdf_of_very_many_pages_is_refused():
    kids = b" ".join(b"3 0 R" for _ in range(100_000))
    data = objects(
        CATALOG,
        b"<</Type/Pages/Kids[" + kids + b"]/Count 100000>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )
    assert outcome(data) == "The PDF has 100,000 pages; the most is 20,000. Split the file."


def test_page_of_enormous_size_is_read():
    data = write.pdf(["Words."], pagesize=(2_000_000, 2_000_000))
    assert outcome(data) == "Words."


def test_enormous_scanned_page_is_bounded():
    data = write.scanned_pdf(["HARBOUR"]).replace(b"595.2756 841.8898", b"9999999 999999999")
    assert outcome(data)


def test_locked_pdf_says_so():
    data = write.pdf(["Words."], encrypt=StandardEncryption("secret", ownerPassword="owner"))
    assert outcome(data) == "The file is locked with a password. Save it without one."


def test_pdf_that_is_damaged_after_a_locked_one_is_not_called_locked():
    outcome(write.pdf(["Words."], encrypt=StandardEncryption("secret", ownerPassword="owner")))
    empty = objects(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>")
    assert outcome(empty).startswith("The PDF is damaged")


def test_pdf_locked_for_its_owner_alone_is_read():
    data = write.pdf(["Words."], encrypt=StandardEncryption("", ownerPassword="owner"))
    assert outcome(data) == "Words."


def test_script_in_a_pdf_is_not_run_and_not_text():
    data = objects(
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);)>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )
    assert outcome(data) == "No text was found in it. Choose a file that has words in it."


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_pdf_is_read_or_refused(share):
    data = write.pdf([f"Page {n}." for n in range(20)])
    found = outcome(data[: int(len(data) * share)])
    assert found.startswith(("Page 0.", "The PDF is damaged", "No text was found"))


def test_bomb_in_a_stream_of_a_pdf_is_bounded():
    import zlib

    packed = zlib.compress(b"q " * (200 << 20), 9)
    stream = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed)
    data = objects(
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        stream,
    )
    found = outcome(data, limits=sandbox.Limits(seconds=20))
    assert found.startswith(("No text was found", "Its reader crashed", "Reading it"))
    assert outcome(write.pdf(["Words."])) == "Words."


# others


@pytest.mark.parametrize("mark", [("[", "]"), ('{"a":', "}")])
def test_deep_json_of_a_notebook_is_refused(mark):
    deep = mark[0] * 100_000 + "1" + mark[1] * 100_000
    data = f'{{"nbformat": 4, "cells": [{deep}]}}'.encode()
    assert outcome(data).startswith("It is nested too deep to be read.")


@pytest.mark.parametrize(
    "book",
    [
        {"cells": 5},
        {"cells": [5, None, {"cell_type": [], "source": {"a": 1}}]},
        {"cells": [{"cell_type": "code", "source": ["x", 5, "\ud800y\0"]}]},
        {"cells": [], "metadata": [1], "worksheets": "x"},
    ],
)
def test_notebook_of_other_things_is_bounded(book):
    data = json.dumps({"nbformat": 4, **book}).encode()
    found = outcome(data, as_format=NOTEBOOK)
    assert found.startswith(("The notebook has no cells", "No text was found", "```"))
    assert "\0" not in found
    assert "\ud800" not in found


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1 " + b"{" * 200_000 + b"Words" + b"}" * 200_000 + b"}",
        b"{\\rtf1 " + b"{\\*\\x" * 50_000 + b" Words",
        b"{\\rtf1 " + b"\\'ff" * 300_000 + b"}",
        b"{\\rtf1\\uc99999999 \\u-1?Words}",
        b"{\\rtf1\\bin999999999 Words}",
    ],
    ids=["nested", "open", "escapes", "skips", "binary"],
)
def test_hostile_rich_text_is_bounded(data):
    assert outcome(data, limits=sandbox.Limits(seconds=20))


def test_mail_of_very_many_parts_is_refused():
    part = b"--x\r\nContent-Type: text/plain\r\n\r\nWords\r\n"
    head = b"From: a@b.c\r\nTo: d@e.f\r\nMIME-Version: 1.0\r\n"
    head += b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    assert outcome(head + part * 10_000 + b"--x--\r\n").startswith("The message has 10,001 parts")


def test_messages_in_messages_are_bounded():
    data = b"From: a@b.c\r\nTo: x@y.z\r\nSubject: Deep\r\nMIME-Version: 1.0\r\n"
    data += b"Content-Type: message/rfc822\r\n\r\n" * 500 + b"Content-Type: text/plain\r\n\r\nEnd"
    assert outcome(data).startswith(("It is nested too deep", "Deep"))


def test_multiparts_in_multiparts_are_bounded():
    data = b"From: a@b.c\r\nTo: x@y.z\r\nMIME-Version: 1.0\r\n"
    for n in range(400):
        data += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
    assert outcome(data + b"\r\nEnd").startswith(("It is nested too deep", "No text was found"))


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: " + b"=?utf-8?q?" + b"=ff" * 50_000 + b"?=",
        b"Subject: " + b"(" * 50_000,
        b"To: " + b"a@b.c, " * 30_000,
        b"Content-Type: text/plain; charset=nonsense-7",
        b"Content-Type: text/plain; " + b"; ".join(b"a*%d=x" % n for n in range(5_000)),
    ],
    ids=["words", "comments", "addresses", "charset", "parameters"],
)
def test_hostile_header_is_bounded(header):
    data = b"From: a@b.c\r\nDate: x\r\nMIME-Version: 1.0\r\n" + header + b"\r\n\r\nWords."
    found = outcome(data, as_format=EMAIL, limits=sandbox.Limits(seconds=20))
    assert found.startswith(("Words.", "Reading it took"))


def test_paths_of_a_book_that_climb_find_nothing():
    page = "<html><body><p>Words.</p></body></html>"
    chapters = {"a.xhtml": page, "../../../../etc/passwd": page, "/etc/passwd": page}
    assert outcome(write.book(chapters)) == "Words."
    packed = write.book({"../../../../../../etc/hostname": page}, x="y")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        kept = {n: archive.read(n) for n in archive.namelist() if "hostname" not in n}
    assert outcome(write.zipped(kept)).startswith("The file is damaged")


def test_book_that_lists_a_chapter_very_often_has_it_once():
    book = write.book({"a.xhtml": "<html><p>Words.</p></html>"})
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        opf = archive.read("OEBPS/book.opf").replace(
            b"</spine>", b'<itemref idref="c0"/>' * 100_000 + b"</spine>"
        )
    assert outcome(changed(book, {"OEBPS/book.opf": opf})) == "Words."


@pytest.mark.parametrize(
    "data",
    [
        b"ok \xff\xfe\xc3\x28 \xed\xa0\x80 " * 1000,
        "Grüße ".encode() * 500 + "Grüße ".encode("latin-1") * 500,
        "臺灣".encode("big5") * 300 + "日本".encode("shift_jis") * 300 + "中文".encode() * 300,
        "words \ud800 and \udfff".encode("utf-8", "surrogatepass") * 100,
        "a\u202eb\u2066c".encode() * 1000,
        b"\xff\xfe" + b"a" * 1001,
        b"words " * 1_000_000,
        b"x" * 4_000_000,
    ],
    ids=["invalid", "mixed", "three", "surrogates", "marks", "odd", "long", "line"],
)
def test_broken_characters_are_read_or_refused(data):
    found = outcome(data)
    assert found
    found.encode()  # has no lone surrogate


@pytest.mark.parametrize("kind", [PDF, RTF, EMAIL, NOTEBOOK, *PACKAGES])
def test_noise_read_as_a_format_is_refused(kind):
    from random import Random

    from collections_app.pipeline import extracted

    kind = getattr(extracted, kind.upper(), kind)
    assert outcome(Random(1).randbytes(200_000), as_format=kind)


def test_marks_of_direction_in_a_name_are_kept_out_of_paths():
    assert safe_id("a\u202egnp.exe/../\x00b") == "a\u202egnp.exe/b"


@pytest.mark.django_db
def test_file_that_changes_while_it_is_read_is_one_or_the_other(tmp_path, settings, monkeypatch):
    """What is stored is named by its own digest; what is read is what was stored."""
    settings.MEDIA_ROOT = tmp_path / "media"
    path = tmp_path / "a.txt"
    path.write_bytes(b"first " * 400_000)
    collection = CollectionFactory()
    opened = type(path).open

    def growing(self, *how, **more):
        stream = opened(self, *how, **more)
        if self == path:
            with open(path, "wb") as again:  # under the reader's hands
                again.write(b"second " * 100_000)
        return stream

    monkeypatch.setattr(type(path), "open", growing)
    result = add_files(collection, [NamedPath(path, "a.txt")])
    ingest.run()
    [document] = collection.documents.all()
    assert (result.problems, document.state) == ([], "ready")
    assert set(document.text.split()) <= {"first", "second"}
