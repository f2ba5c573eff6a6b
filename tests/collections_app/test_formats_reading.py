"""Files of each format: their text and its places, their titles, what they say of themselves."""

import shutil

import pytest

from collections_app.pipeline import detect, extracted, sandbox
from collections_app.pipeline.extract import FORMATS, extract
from collections_app.pipeline.extracted import MARKDOWN, PLAIN, Unreadable
from collections_app.pipeline.reading import READERS
from tests.collections_app import written_files as write


def places(found):
    """{text that begins there: where}"""
    ends = [place.start for place in found.places[1:]] + [len(found.text)]
    spans = zip(found.places, ends, strict=True)
    return {found.text[p.start : end].strip(): dict(p.where) for p, end in spans}


def refusal(data, **how):
    with pytest.raises(Unreadable) as caught:
        extract(data, **how)
    return str(caught.value)


def test_pdf_has_its_pages():
    found = extract(write.pdf(["The harbour\nis quiet.", "", "Boats leave."], title="At sea"))
    assert found.text == "The harbour\nis quiet.\n\nBoats leave."
    assert (found.title, found.format, found.media_type) == ("At sea", extracted.PDF, PLAIN)
    assert places(found) == {"The harbour\nis quiet.": {"page": 1}, "Boats leave.": {"page": 3}}
    assert found.metadata["pages"] == 3


def test_words_of_a_pdf_are_joined_across_lines():
    assert extract(write.pdf(["The har-\nbour."])).text == "The harbour."


def test_pdf_after_other_bytes_is_read():
    assert extract(b"junk\n" + write.pdf(["Boats leave."])).text == "Boats leave."


def test_scanned_pdf_without_tesseract_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = refusal(write.scanned_pdf(["HARBOUR", "BOATS"]), limits=sandbox.Limits(seconds=58))
    assert reason == (
        "The PDF is scanned: its 2 pages are pictures without text. "
        "Install Tesseract on the server, then try again, or add a PDF with text."
    )


def test_scanned_pages_are_read_by_tesseract(monkeypatch, tmp_path):
    program = tmp_path / "tesseract"
    program.write_text(
        '#!/bin/sh\ncase "$1" in --list-langs) echo x; echo eng;; *) echo OLD BOATS;; esac'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = extract(write.scanned_pdf(["HARBOUR", "BOATS"]), limits=sandbox.Limits(seconds=57))
    assert found.text == "OLD BOATS\n\nOLD BOATS"
    assert found.metadata["scanned_pages"] == "1-2"
    assert found.place(12) == {"page": 2}
    assert found.places_of(0, 13) == {"page": 1, "to": 2}
    assert found.places_of(12, 13) == {"page": 2}


@pytest.mark.skipif(not shutil.which("tesseract"), reason="Tesseract is not installed")
def test_real_tesseract_reads_a_scanned_page():
    assert extract(write.scanned_pdf(["HARBOUR"])).text.strip() == "HARBOUR"


def test_word_has_headings_lists_and_tables():
    found = extract(
        write.word(
            ("h1", "Boats"),
            ("p", "They leave at noon."),
            ("-", "Tea"),
            ("-", "Bread"),
            ("h2", "Prices"),
            ("table", [["what", "price"], ["tea", "2 | 3"]]),
            ("1", "First"),
            ("p", "# no heading"),
            author="Ada",
        )
    )
    assert found.text == (
        "# Boats\n\nThey leave at noon.\n\n- Tea\n- Bread\n\n## Prices\n\n"
        "| what | price |\n| --- | --- |\n| tea | 2 \\| 3 |\n\n1. First\n\n\\# no heading"
    )
    assert (found.title, found.format, found.media_type) == ("Boats", extracted.DOCX, MARKDOWN)
    assert found.metadata["author"] == "Ada"


def test_slides_have_their_numbers():
    found = extract(
        write.slides(("Boats", ["Noon", "Night"]), ("Tea", ["Two", "Three"]), notes="Psst")
    )
    assert found.text == ("## Boats\n\n- Noon\n- Night\n\nPsst\n\n## Tea\n\n- Two\n- Three\n\nPsst")
    assert [dict(place.where) for place in found.places] == [{"slide": 1}, {"slide": 2}]
    assert (found.title, found.format) == ("Boats", extracted.PPTX)


def test_rows_of_a_workbook_have_their_cells():
    rows = [["what", "price"], [None, None], ["tea", 2.0], ["bread", True]]
    found = extract(write.workbook(Prices=rows, Empty=[], More=[[None, "x"]]))
    assert found.text == (
        "## Prices\n\n| what | price |\n| --- | --- |\n| tea | 2 |\n| bread | TRUE |\n\n"
        "## More\n\n| x |\n| --- |"
    )
    assert found.place(found.text.index("| tea")) == {"sheet": "Prices", "cell": "A3"}
    assert found.place(found.text.index("| x")) == {"sheet": "More", "cell": "B1"}
    assert found.metadata["sheets"] == ["Prices", "Empty", "More"]


def test_opendocument_has_headings_lists_and_tables():
    cells = "".join(f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in "ab")
    row = f"<table:table-row>{cells}</table:table-row>"
    body = (
        '<text:h text:outline-level="2">Boats</text:h><text:p>At<text:s text:c="2"/>noon'
        "<text:span> sharp</text:span>.</text:p><text:list><text:list-item><text:p>Tea</text:p>"
        f"</text:list-item></text:list><table:table>{row}{row}</table:table>"
    )
    found = extract(write.opendocument(body, "The title"))
    assert found.text == (
        "## Boats\n\nAt  noon sharp.\n\n- Tea\n\n| a | b |\n| --- | --- |\n| a | b |"
    )
    assert (found.title, found.format) == ("The title", extracted.ODT)
    assert found.metadata["author"] == "Ada"


def test_book_has_its_chapters():
    one = "<html><head><title>x</title></head><body><h1>One</h1><p>Quiet &amp; early.</p></html>"
    two = "<?xml version='1.0'?><html><body><h2>Two</h2><ul><li>Tea</li></ul></body></html>"
    found = extract(
        write.book({"a/one.xhtml": one, "two%20b.xhtml": two}, **{"OEBPS/two b.xhtml": two})
    )
    assert found.text == "# One\n\nQuiet & early.\n\n## Two\n\n- Tea"
    assert [dict(place.where) for place in found.places] == [{"chapter": 1}, {"chapter": 2}]
    assert (found.title, found.format) == ("A book", extracted.EPUB)
    assert found.metadata == {"author": ["Ada"], "language": "en"}


def test_rich_text_is_its_words():
    found = extract(write.rich_text("Grüße, 世界.", "Second.", title="A title"))
    assert found.text == "Grüße, 世界.\nSecond."
    assert (found.title, found.format) == ("A title", extracted.RTF)


def test_mail_is_its_text_and_its_headers():
    data = write.mail("Ünder way", "We leave at noon.", "<p>Not this</p>", ["plan.xls", "bö.png"])
    found = extract(data)
    assert (found.text, found.title) == ("We leave at noon.", "Ünder way")
    assert found.format == extracted.EMAIL
    assert found.metadata["from"] == "Ada <ada@example.org>"
    assert found.metadata["attachments"] == ["plan.xls", "bö.png"]


def test_mail_with_a_page_alone_is_the_page():
    found = extract(write.mail("Hello", html="<p>Boats <b>leave</b>.</p><p>Now.</p>"))
    assert found.text == "Boats leave.\n\nNow."


def test_mail_without_a_body_is_its_subject():
    assert extract(write.mail("Come home", attachments=["a.bin"])).text == "Come home"


def test_text_that_begins_like_headers_is_no_mail():
    assert extract(b"From: here\nTo: there\n\nA walk.").format == PLAIN
    assert extract(b"From: here\nTo: there\n\nA walk.", name="a.eml").format == extracted.EMAIL


def test_notebook_is_text_and_code():
    found = extract(
        write.notebook(("markdown", "# Boats\n\nCount."), ("code", "x = '```'"), ("code", ""))
    )
    assert found.text == "# Boats\n\nCount.\n\n````python\nx = '```'\n````"
    assert [dict(place.where) for place in found.places] == [{"cell": 1}, {"cell": 2}]
    assert (found.title, found.format, found.encoding) == ("Boats", extracted.NOTEBOOK, "utf-8")


def test_text_has_its_lines():
    found = extract(b"\n\none\ntwo\n\nthree\n")
    lines = {word: found.place(found.text.index(word))["line"] for word in found.text.split()}
    assert lines == {"one": 3, "two": 4, "three": 6}


def test_markdown_has_the_lines_of_its_file():
    found = extract(b"---\ntitle: T\n---\n\n# One\n\nTwo.\n", name="a.md")
    assert found.place(0) == {"line": 5}
    assert found.place(found.text.index("Two")) == {"line": 7}


def test_name_says_nothing_against_the_content():
    assert (
        extract(write.pdf(["Boats."]), name="a.txt", media_type="text/plain").format
        == extracted.PDF
    )
    assert extract(write.word(("p", "Boats.")), name="a.pdf").format == extracted.DOCX
    assert extract(b"Plain words.", name="a.docx").format == PLAIN


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (write.zipped({"a.txt": "words"}), "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old or a locked Office document"),
    ],
)
def test_what_is_not_read_is_told(data, kind):
    assert refusal(data).startswith(f"This file cannot be read: it looks like {kind}")


def test_how_to_read_can_be_given():
    data = "<p>Grüße</p>".encode("cp1252")
    assert extract(data, as_format=PLAIN, as_encoding="cp1252").text == "<p>Grüße</p>"
    found = extract(data, as_format=extracted.HTML, as_encoding="cp1252")
    assert (found.text, found.encoding) == ("Grüße", "cp1252")
    assert "damaged" in refusal(data, as_format=extracted.PDF)


def test_each_format_has_a_reader_and_a_name():
    assert set(READERS) | set(detect.TEXTS) | set(extracted_pictures()) == set(FORMATS)


def extracted_pictures():
    return [kind for kind in FORMATS if kind.startswith("image/")]


def test_too_long_text_of_a_file_is_refused():
    assert refusal(write.pdf(["Boats leave."] * 3), max_chars=20) == (
        "The text is 26 characters long; the most is 20. Split the file."
    )


def test_empty_file_of_a_format_has_no_text():
    assert (
        refusal(write.pdf([""])) == "No text was found in it. Choose a file that has words in it."
    )
