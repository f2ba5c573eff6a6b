"""More that was made to break readers, the wizard for rows and the adding API: formats that are
not read, numbers beyond their formats, encodings that are none, pages of very many elements."""

import gzip
import json
import pickle
import struct
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from collections_app import ingest, sources
from collections_app.models import Run
from collections_app.pipeline import rows
from collections_app.pipeline.blocks import blocks
from collections_app.pipeline.decode import known
from collections_app.pipeline.headings import heading_title
from tests.collections_app import written_files as write
from tests.collections_app.test_hostile_files import PACKAGES, changed, outcome, sheet
from tests.factories import CollectionFactory

SOON = 20  # seconds, on a machine that does other things too


def mail(head, body):
    return b"From: a@b.c\nTo: d@e.f\nMessage-ID: <1>\n" + head + b"\n\n" + body


def page(body):
    return b"<html><body>" + body + b"</body></html>"


# Formats that are not read say what they look like.

FOREIGN = {
    "pickle": pickle.dumps([print]),
    "WebAssembly": b"\0asm\1\0\0\0" + bytes(99),
    "Parquet": b"PAR1" + bytes(range(256)) * 9 + b"PAR1",
    "font": b"wOF2" + bytes(range(256)) * 9,
    "video": b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 9,
    "7-Zip": b"7z\xbc\xaf\x27\x1c" + bytes(range(256)) * 2,
    "old Word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000),
    "packed text": gzip.compress(b"words " * 999),
    "spreadsheet": changed(
        write.opendocument("<text:p>x</text:p>"),
        {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"},
        0,
    ),
    "UTF-16 without a mark": "plain words here\n".encode("utf-16-le") * 50,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_read_says_so(kind):
    assert outcome(FOREIGN[kind]).startswith("This file cannot be read")


# Numbers, styles and encodings that lie.


def test_row_far_below_a_sheet_is_refused_at_once():
    began = time.monotonic()
    found = outcome(sheet('<row r="99999999999999999999"><c r="A1"><v>1</v></c></row>', "A1"))
    assert found == "The file is damaged: its package is not whole. Save or copy it again."
    assert time.monotonic() - began < 2 * SOON


def test_word_with_a_style_of_no_kind_is_read():
    package, _name = PACKAGES["docx"]
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    styles = (
        f'<w:styles xmlns:w="{space}"><w:style w:styleId="a"><w:name w:val="a"/>'
        '<w:basedOn w:val="b"/></w:style><w:style/><w:style w:styleId="b">'
        '<w:basedOn w:val="a"/></w:style></w:styles>'
    )
    assert outcome(changed(package, {"word/styles.xml": styles.encode()})) == "Words."


def test_rich_text_with_characters_that_are_none_is_read():
    data = b"{\\rtf1 " + b"\\u55357?\\u-9999999?\\u999999999999?" * 999 + b" Words.}"
    assert outcome(data).endswith("Words.")


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "undefined", "idna", "hex"])
def test_message_in_an_encoding_that_is_none_is_read_as_utf_8(charset):
    head = f"Content-Type: text/plain; charset={charset}".encode()
    body = b"a" * 300_000 + b"-" + b"kva" * 100_000
    began = time.monotonic()
    assert outcome(mail(head, body)) == body.decode()
    assert time.monotonic() - began < SOON


def test_encodings_of_host_names_and_source_are_none_of_files():
    chosen = ["punycode", "Punycode", "unicode_escape", "raw-unicode-escape", "idna", "undefined"]
    assert not any(map(known, chosen))
    assert all(map(known, ["utf-8", "cp1252", "big5", "koi8-r", "utf-7", "utf-16"]))
    assert outcome(b"abc-kva", as_encoding="punycode") == (
        "No encoding is called punycode. Choose another one."
    )
    declared = b"<html><meta charset=punycode><p>Gr\xfc\xdfe aus Wien.</p></html>"
    assert outcome(declared).endswith("aus Wien.")


# Very many elements.


@pytest.mark.parametrize(
    "body",
    [
        b"<span>a</span> " * 60_000,
        b"<p>" + b"a<br>" * 60_000,
        b"".join(b"<p id=a%d class='b c d'>w</p>" % n for n in range(30_000)),
        b"<a href=x>" * 30_000 + b"words",
    ],
    ids=["spans", "breaks", "ids", "links"],
)
def test_page_of_very_many_elements_is_its_text(body):
    began = time.monotonic()
    assert len(outcome(page(body))) >= 5
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("marks", ["_a ", "*a", "`a", "[a", "*_`["])
def test_heading_of_very_many_marks_is_bounded(marks):
    began = time.monotonic()
    text = f"# {marks * 300_000}\n\nWords."
    assert [block.kind.value for block in blocks(text)] == ["heading", "paragraph"]
    assert heading_title(marks * 300_000)
    assert time.monotonic() - began < SOON


def test_merge_keys_of_front_matter_do_not_multiply():
    lines = ["a: &a {k0: 1, k1: 1, k2: 1}"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name}")
        lines.append(f"  <<: [{', '.join(['*' + before] * 9)}]")
    began = time.monotonic()
    assert "Words." in outcome(
        "\n".join(["---", *lines, "---", "# T", "Words."]).encode(), name="a.md"
    )
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1." + "9" * 5000])
@pytest.mark.parametrize("again", range(3))
def test_numbers_without_end_do_not_end_the_process(number, again):
    """The parser in C does not survive one, and not always at the first."""
    content = f'[{{"a": "{"7" * 5000}"}}, {{"a": {number}}}]'.encode()
    form = rows.sniff(content, "a.json")
    first, second = rows.read(content, form)
    assert first.cells["a"] == "7" * 5000
    assert isinstance(second, rows.BadRow) or second.cells["a"] == 2.0


# The wizard for rows.

pytest_db = pytest.mark.django_db
UTF16 = "id,text\na,Boats\nb,Harbours\n".encode("utf-16")
ROWS = {
    "half a character": ("a.csv", UTF16[:-1]),
    "half a pair": ("a.csv", UTF16 + b"\x3d\xd8"),
    "one endless cell": ("a.csv", b'id,text\na,"' + b"x" * 3_000_000),
    "only commas": ("a.csv", b"," * 5_000 + b"\n" + b"," * 5_000),
    "names alike": ("a.csv", b"id,id,id,ID, id\n1,2,3,4,5\n"),
    "names of a form": ("a.csv", b"type_0,csrfmiddlewaretoken,do,__proto__\n1,2,3,4\n"),
    "formulas": ("a.csv", b'id,text\n=1+1,"=HYPERLINK(""http://x"")"\n'),
    "markup": ("a.csv", b"<script>alert(1)</script>,text\n<img src=x onerror=y>,words\n"),
    "endless number": ("a.json", b'[{"id": 1, "n": ' + b"9" * 5_000 + b', "text": "x"}]'),
    "digits in a string": ("a.json", b'[{"id": "pi", "text": "' + b"31415" * 2_000 + b'"}]'),
    "no number": ("a.ndjson", b'{"id": "a", "n": NaN, "text": "x"}\n{"id": "b", "n": 1e999}\n'),
    "keys twice": ("a.json", b'[{"id": "a", "id": "b", "text": "x", "text": "y"}]'),
    "lone surrogate": ("a.json", b'[{"id": "a", "text": "\\ud800 words"}]'),
    "deep": ("a.ndjson", b'{"id": "a", "text": ' + b"[" * 20_000 + b"]" * 20_000 + b"}\n"),
    "numbers as rows": ("a.json", b"[1, 2, [3], null, true]"),
    "a database": ("a.csv", b"SQLite format 3\0" + bytes(2000)),
    "nothing": ("a.csv", b"\n\n\n"),
    "marks alone": ("a.tsv", b"\xef\xbb\xbf"),
}


@pytest_db
@pytest.mark.parametrize("case", ROWS)
def test_hostile_rows_are_shown_tried_and_imported_or_told(client, media, case):
    """By page and by API, to the end: no answer is an error of the server."""
    collection = CollectionFactory()
    client.force_login(collection.owner)
    name, data = ROWS[case]
    sent = client.post(
        reverse("rows_new", args=[collection.pk]), {"file": SimpleUploadedFile(name, data)}
    )
    assert sent.status_code in (200, 302)
    if sent.status_code == 302:
        shown = client.get(sent["Location"])
        assert shown.status_code == 200
        assert "<script>alert" not in shown.text
        plan = {"id_column": "0", "text_columns": ["0"], "kind": "csv", "encoding": "utf-16"}
        for do in ("dry", "import"):
            tried = client.post(sent["Location"], {**plan, "delimiter": ",", "do": do})
            assert tried.status_code in (200, 302)
    api = APIClient()
    api.force_login(collection.owner)
    place = f"/api/collections/{collection.pk}/rows/"
    answer = api.post(place, {"file": SimpleUploadedFile(name, data)}, format="multipart")
    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 201:
        address = f"/api/uploads/{answer.json()['upload']}/rows/"
        assert api.post(address, {"dry_run": True}, format="json").status_code in (200, 400, 422)
        assert api.post(address, {}, format="json").status_code in (202, 400, 422)
    sources.work(30, lambda: None)
    ingest.run()
    assert not Run.objects.filter(error__contains="Something went wrong")


@pytest_db
@pytest.mark.parametrize(
    "given",
    [
        {"kind": "csv", "encoding": "punycode"},
        {"kind": "csv", "encoding": "undefined"},
        {"kind": "csv", "encoding": "hex"},
        {"kind": "csv", "encoding": "utf-16"},
        {"kind": "csv", "delimiter": ""},
        {"kind": "csv", "delimiter": "::"},
        {"kind": "csv", "delimiter": "\n"},
        {"kind": "csv", "delimiter": '"'},
        {"kind": "nonsense"},
        {"kind": "json", "key": "\x00"},
        {"kind": ["csv"]},
        {"header": "perhaps"},
        {"unknown": 1},
    ],
)
def test_format_that_cannot_be_is_told(media, given):
    collection = CollectionFactory()
    api = APIClient()
    api.force_login(collection.owner)
    place = f"/api/collections/{collection.pk}/rows/"
    file = SimpleUploadedFile("a.csv", b"id,text\na,Boats\n")
    upload = api.post(place, {"file": file}, format="multipart").json()["upload"]
    address = f"/api/uploads/{upload}/rows/"
    for dry in (True, False):
        answer = api.post(address, {"format": given, "dry_run": dry}, format="json")
        assert answer.status_code in (200, 202, 400, 422), answer.content
    sources.work(30, lambda: None)
    assert not Run.objects.filter(error__contains="Something went wrong")


# The adding API.

ITEMS = [
    {"id": 5, "text": "words"},
    {"id": True, "text": "words"},
    {"id": ["a"], "text": "words"},
    {"id": "a" * 501, "text": "words"},
    {"id": "a\u2028b", "text": "words"},
    {"id": "a", "text": ["words"]},
    {"id": "a", "text": "\ud800"},
    {"id": "a", "text": "words", "media_type": "text/" + "x" * 10_000},
    {"id": "a", "text": "words", "media_type": "application/pdf"},
    {"id": "a", "text": "words", "metadata": ["a"]},
    {"id": "a", "text": "words", "metadata": {"a": {"b": "\u0000"}}},
    {"id": "a", "text": "words", "metadata": {"n": 10**400}},
    {"id": "a", "text": "words", "metadata": {"": 1, "a" * 5000: 2}},
    {"id": "a", "text": "words", "metadata": {"lines": "1-999999999", "language": "python"}},
    {"id": "a", "text": "words", "metadata": {"path": {"a": 1}, "line": -1, "language": []}},
    {"id": "a", "text": "words", "title": "x" * 501},
    {"id": "a", "text": "\u200b\u200e\u202e" * 100},
    {"id": "a", "text": "a\u0301" * 50_000},
    {"id": "../../etc/passwd", "text": "words"},
    {"id": "a", "text": "words", "collection": 1, "state": "ready", "owner": 1},
    None,
    [],
    "words",
]


@pytest_db
@pytest.mark.parametrize("item", ITEMS, ids=range(len(ITEMS)))
def test_hostile_item_is_added_or_told_and_loses_no_other(media, item):
    collection = CollectionFactory()
    api = APIClient()
    api.force_login(collection.owner)
    body = json.dumps([item, {"id": "good", "text": "Boats."}])
    place = f"/api/collections/{collection.pk}/documents/"
    answer = api.generic("POST", place, body, content_type="application/json")
    assert answer.status_code in (201, 207), answer.content
    ingest.run()
    states = dict(collection.documents.values_list("external_id", "state"))
    assert states["good"] == "ready"
    assert set(states.values()) <= {"ready", "set_aside"}
    for document in collection.documents.all():
        for address in (document.get_absolute_url(), f"/api/documents/{document.pk}/"):
            assert api.get(address).status_code == 200


NAMES = ["..", "/", "\\", "a\r\nX: y.txt", "\u202egnp.txt", "CON", "a.txt/", " "]
NAMES += ["a" * 400 + ".txt"]


@pytest_db
@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_of_files_are_plain_ids_or_told(media, name):
    collection = CollectionFactory()
    api = APIClient()
    api.force_login(collection.owner)
    mark = "x" * 20
    head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + b"Words." + f"\r\n--{mark}--\r\n".encode()
    place = f"/api/collections/{collection.pk}/documents/"
    answer = api.generic("POST", place, body, content_type=f"multipart/form-data; boundary={mark}")
    assert answer.status_code in (201, 400), answer.content
    for document in collection.documents.all():
        assert ".." not in document.external_id.split("/")
        assert not {"\r", "\n"} & set(document.external_id)


@pytest_db
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps({"id": "a", "text": "x"}).encode("utf-16"), "application/json; charset=utf-16"),
        (b"\xef\xbb\xbf" + b'{"id": "a", "text": "x"}', "application/json"),
        (b'{"id": "a", "text": "x", "text": "y"}', "application/json"),
        (b"{" + b'"a":{' * 900 + b"}" * 900 + b"}", "application/json"),
        (b'{"id": "a", "text": "x"}', "application/json; charset=punycode"),
        (b'{"id": "a", "text": "x"}', "application/json; charset=nonsense"),
        (gzip.compress(b'{"id": "a", "text": "x"}', mtime=0), "application/json"),
        (b"--x\r\n" * 5000, "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (b"--x", "multipart/form-data; boundary=" + "x" * 500),
        (struct.pack("<I", 7) * 99, "application/json"),
    ],
)
def test_hostile_bodies_are_answered(media, body, kind):
    collection = CollectionFactory()
    api = APIClient(raise_request_exception=False)
    api.force_login(collection.owner)
    place = f"/api/collections/{collection.pk}/documents/"
    assert api.generic("POST", place, body, content_type=kind).status_code in (201, 400, 413, 415)
