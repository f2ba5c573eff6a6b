"""Bytes to characters: which encodings are read, and what is refused with which words."""

import codecs
import io
import zipfile

import pytest

from collections_app.pipeline.decode import clean, decode
from collections_app.pipeline.extracted import Unreadable

CHINESE = (
    "臺灣的語言學研究者發現，這些文件的內容十分豐富，值得細細閱讀。今天天氣很好，我們去公園散步。"
    * 4
)
SIMPLIFIED = (
    "中国的语言研究者发现，这些文件的内容十分丰富，值得细细阅读。今天天气很好，我们去公园散步。" * 4
)
JAPANESE = (
    "日本語の文章です。カタカナとひらがなと漢字が混ざっています。今日はとても良い天気ですね。" * 4
)
GERMAN = "Über die Größe der Häuser läßt sich streiten, sagte er – und das „gern“. " * 4
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "words")
    return file.getvalue()


def refusal(data):
    with pytest.raises(Unreadable) as caught:
        decode(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Grüße, 世界".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "Grüße, 世界".encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + "Grüße, 世界".encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + "Grüße, 世界".encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF32_LE + "Grüße, 世界".encode("utf-32-le"), "utf-32"),
        (codecs.BOM_UTF32_BE + "Grüße, 世界".encode("utf-32-be"), "utf-32"),
    ],
)
def test_unicode_with_and_without_mark(data, encoding):
    assert decode(data) == ("Grüße, 世界", encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (CHINESE, "big5"),
        (SIMPLIFIED, "gb18030"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_encoding_is_guessed(text, encoding):
    assert decode(text.encode(encoding))[0] == text


def test_short_western_text_is_guessed():
    assert decode("Das ist ein schöner Tag für Käse.".encode("cp1252"))[0] == (
        "Das ist ein schöner Tag für Käse."
    )


@pytest.mark.parametrize(
    "head",
    [
        '<html><head><meta charset="{}">',
        "<html><meta http-equiv=Content-Type content='text/html; charset={}'>",
        '<?xml version="1.0" encoding="{}"?><html>',
    ],
)
def test_encoding_that_a_page_declares_is_used(head):
    text = head.format("koi8-r") + "Привет"
    assert decode(text.encode("koi8-r")) == (text, "koi8-r")


def test_declared_encoding_that_nobody_knows_is_passed_over():
    text = '<html><meta charset="nonsense-7">' + GERMAN
    assert decode(text.encode("cp1252"))[0] == text


def test_declared_encoding_that_is_no_text_encoding_is_passed_over():
    text = '<html><meta charset="rot13">' + GERMAN
    assert decode(text.encode("cp1252"))[0] == text


def test_encoding_that_is_given_is_used():
    data = "Привет".encode("koi8-r")
    assert decode(data, "koi8-r") == ("Привет", "koi8-r")
    assert decode(data, "latin-1") == (data.decode("latin-1"), "latin-1")


@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (b"abc\xff", "utf-8", "It is not valid as utf-8 from byte 3 on."),
        (b"abc", "nonsense-7", "No encoding is called nonsense-7."),
        (b"abc", "rot13", "No encoding is called rot13."),
        (b"a\0b", "latin-1", "The text has NUL characters in it. Choose another encoding."),
    ],
)
def test_encoding_that_is_given_and_does_not_fit_is_told(data, encoding, words):
    with pytest.raises(Unreadable) as caught:
        decode(data, encoding)
    assert words in str(caught.value)


def test_few_broken_bytes_do_not_make_another_encoding_of_it():
    data = (CHINESE * 3).encode() + b"\xff" + CHINESE.encode()
    assert decode(data) == (CHINESE * 3 + "�" + CHINESE, "utf-8, 1 broken")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty. Choose one that has text in it."),
        (PNG, "Portable Network Graphics"),
        (zipped(), "it looks like a ZIP archive"),
        (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", "it looks like a PDF document"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\x00>\x00", "This file cannot be read"),
        (b"{\\rtf1\\ansi words}", "it looks like an RTF document"),
        (b"some words\0and more", "It has NUL bytes in it."),
        (bytes(range(1, 32)) * 20, "This file cannot be read"),
        (codecs.BOM_UTF16_LE + b"a\0b", "begins with a UTF-16 mark but is not valid from byte"),
        (codecs.BOM_UTF8 + b"abc\xff\xff", "begins with a UTF-8 mark but is not valid from byte"),
        (codecs.BOM_UTF16_LE + b"a\0\0\0", "The text has NUL characters in it."),
        (codecs.BOM_UTF32_LE + b"\xff" * 8, "begins with a UTF-32 mark but is not valid"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_what_is_not_text_is_refused_with_the_reason(data, words):
    assert words in refusal(data)


def test_refusal_says_what_can_be_read():
    assert refusal(PNG).endswith(
        "e-mail, notebooks and pictures can be read. It has NUL bytes in it."
    )


def test_clean_leaves_one_kind_of_line_end_and_no_controls():
    assert clean("a\r\nb\rc\fd\ufeff\x07\x1b[1m\ud800\te") == "a\nb\nc\nd[1m\ufffd\te"


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "résumé",
        "Déjà vu",
        "El niño comió",
        "Größe und Straße",
        "naïve façade",
        "Smörgåsbord på svenska",
        "L’été à la plage",
        "“Quoted” – and dashed",
        "Ça va très bien, merci. À bientôt!",
    ],
)
def test_few_western_letters_are_not_taken_for_eastern_ones(text):
    assert decode(text.encode("cp1252"))[0] == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("今天天氣很好，我們去公園散步。", "big5"),
        ("語言學研究 (linguistics) 的內容", "big5"),
        ("中国的语言研究者发现这些文件的内容", "gb18030"),
        ("Python 的语言研究者 and their files", "gb18030"),
        ("日本語の文章です。カタカナとひらがな", "shift_jis"),
        ("오늘은 날씨가 아주 좋습니다. 우리는 공원에 갑니다.", "euc_kr"),
    ],
)
def test_short_eastern_texts_stay_what_they_are(text, encoding):
    assert decode(text.encode(encoding))[0] == text
