"""Bytes to characters: byte order marks, UTF-8 first, then a guess, else a clear no."""

import codecs
import re

import charset_normalizer
import puremagic

from .extracted import Unreadable

# Longest first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Formats whose first bytes could pass for text, or say less than their detector thinks.
_WRAPPED = {
    b"%PDF-": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"%!PS": "PostScript",
    b"PK\x03\x04": "a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old or a locked Office document, to be saved anew as "
    "DOCX, PPTX or XLSX without a password",
}
READABLE = (
    "Text, Markdown, HTML, PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, RTF, e-mail, "
    "notebooks and pictures can be read."
)
_CONTROL = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_REMOVED = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([A-Za-z0-9_.:-]{2,40})""")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SAMPLE = 4096
# Without their mark these fit almost any bytes.
_NOT_GUESSED = ["utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_7"]
# Python's own, for names of hosts and its source: none is a text file's, and some are very slow.
_NO_CHARSETS = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}
# A guess of one of these stands beside cp1252, which it differs from in a few letters. Any other
# is wrong where the bytes read as Western words: their accents can be halves of characters too.
_LATIN = {
    "cp1250", "cp1254", "cp1257", "cp1258", "iso8859_2", "iso8859_3", "iso8859_4", "iso8859_9",
    "iso8859_10", "iso8859_13", "iso8859_14", "iso8859_15", "iso8859_16", "latin_1",
}  # fmt: skip
# Accented letters one at a time, beside a plain letter or at a word's end; quotes and dashes.
_WESTERN = re.compile(
    r"(?:[\x00-\x7f]|(?<![À-ÿ])[À-ÖØ-öø-ÿŒœŠšŽžŸ](?![À-ÿ])|[‘’“”„–—…€«»¡¿](?![À-ÿ]{2}))*"
)
# Of the characters outside ASCII, the share that may be broken in text still read as UTF-8.
_DAMAGE = 0.02


def decode(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text and the name of its encoding, which may be given; raises Unreadable."""
    if not data:
        raise Unreadable("The file is empty. Choose one that has text in it.")
    if encoding:
        return _given(data, encoding), encoding
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _marked(data, encoding), encoding
    if kind := _wrapped(data):
        raise Unreadable(_binary(kind))
    if b"\0" in data:
        raise Unreadable(_binary(_kind(data)) + " It has NUL bytes in it.")
    text, encoding = _unmarked(data)
    if len(_CONTROL.findall(text[:_SAMPLE])) * 20 > len(text[:_SAMPLE]):
        raise Unreadable(_binary(_kind(data)))
    return text, encoding


def clean(text: str) -> str:
    """Line ends as `\\n`, no control characters, no lone surrogates, no byte order marks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\ufeff", "")
    return _SURROGATE.sub("\ufffd", _REMOVED.sub("", text))


def known(encoding: str) -> bool:
    """Whether Python reads characters in an encoding of this name, in time that grows with them."""
    try:
        if codecs.lookup(encoding).name.replace("-", "_") in _NO_CHARSETS:
            return False
        b"a".decode(encoding)  # of no bytes at all every encoding is known
    except UnicodeDecodeError:
        return True
    except (LookupError, ValueError):
        return False
    return True


def _given(data: bytes, encoding: str) -> str:
    try:
        if not known(encoding):
            raise LookupError
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"It is not valid as {encoding} from byte {error.start} on. Choose another encoding.",
            _line(error),
        ) from error
    except LookupError as error:
        raise Unreadable(f"No encoding is called {encoding}. Choose another one.") from error
    if "\0" in text:
        raise Unreadable("The text has NUL characters in it. Choose another encoding.")
    return text


def _marked(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The file begins with a {encoding.removesuffix('-sig').upper()} mark but is not "
            f"valid from byte {error.start} on. Save it again as UTF-8.",
            _line(error),
        ) from error
    if "\0" in text:
        raise Unreadable("The text has NUL characters in it. Remove them and add it again.")
    return text


def _line(error: UnicodeDecodeError) -> dict[str, object]:
    """The line that is not in the encoding."""
    before = error.object[: error.start].decode(error.encoding, "ignore")
    return {"line": before.count("\n") + 1}


def _unmarked(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    if declared := _as_declared(data):
        return declared
    damaged = data.decode("utf-8", "replace")
    broken = damaged.count("\ufffd")
    if broken <= _DAMAGE * sum(character > "\x7f" for character in damaged):
        return damaged, f"utf-8, {broken} broken"
    return _guessed(data)


def _guessed(data: bytes) -> tuple[str, str]:
    matches = charset_normalizer.from_bytes(data, cp_exclusion=_NOT_GUESSED)
    best = matches.best()
    if (best is None or best.encoding not in _LATIN) and _is_western(data):
        return data.decode("cp1252"), "cp1252"
    if best is None:
        if kind := _kind(data):
            raise Unreadable(_binary(kind))
        raise Unreadable("The encoding of the text is not known. Save the file as UTF-8.")
    # Western text decodes under most of the single-byte code pages; the common one wins a tie.
    for match in matches:
        if match.encoding == "cp1252" and match.chaos <= best.chaos:
            best = match
    return str(best), best.encoding


def _is_western(data: bytes) -> bool:
    """Whether the bytes read as words with a few accents, and not as characters of two bytes.

    Those come side by side, or look like signs; accents stand alone within a Latin word.
    """
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = sum(character > "\x7f" for character in text)
    letters = sum(character.isascii() and character.isalpha() for character in text)
    return _WESTERN.fullmatch(text) is not None and high * 2 <= letters


def _as_declared(data: bytes) -> tuple[str, str] | None:
    """By the encoding that an HTML or XML head names, where it fits."""
    found = _DECLARED.search(data[:_SAMPLE])
    if not found or b"<" not in data[: found.start()]:
        return None
    name = found.group(1).decode("ascii").lower()
    if not known(name):
        return None
    try:
        return data.decode(name), name
    except (LookupError, UnicodeDecodeError):
        return None


def _wrapped(data: bytes) -> str:
    return next((kind for start, kind in _WRAPPED.items() if data.startswith(start)), "")


def _kind(data: bytes) -> str:
    """What the bytes look like, in words; empty when nobody knows."""
    try:
        found = puremagic.magic_string(data[:65536])
    except (puremagic.PureError, ValueError):
        return ""
    return f"{found[0].name} ({found[0].mime_type})" if found[0].mime_type else found[0].name


def _binary(kind: str) -> str:
    looks = f": it looks like {kind}" if kind else ""
    return f"This file cannot be read{looks}. {READABLE}"
