"""Names of members: for showing only, no file is ever opened by one."""

import re
import unicodedata

# Control characters, line separators, marks that turn the direction of writing.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_JUNK_FILES = {".ds_store", "thumbs.db", "desktop.ini"}


def safe_path(name: str) -> str:
    """A relative path: no root, no drive, no step upwards, nothing unseen, `/` between parts.

    Bytes that were no UTF-8 (as surrogates) become U+FFFD. Empty when nothing is left.
    """
    readable = name.encode("utf-8", "surrogateescape" if _escaped(name) else "replace")
    shown = unicodedata.normalize("NFC", _UNSEEN.sub("", readable.decode("utf-8", "replace")))
    parts = [part.strip() for part in shown.replace("\\", "/").split("/")]
    kept = [part for part in parts if part not in ("", ".", "..")]
    if len(kept) > 1 and len(kept[0]) == 2 and kept[0].endswith(":"):
        kept = kept[1:]
    return "/".join(kept)


def is_junk(path: str) -> bool:
    """Whether a file manager wrote this beside the files that were meant."""
    *folders, last = path.split("/")
    return "__MACOSX" in folders or last.startswith("._") or last.lower() in _JUNK_FILES


def _escaped(name: str) -> bool:
    """Whether each surrogate in the name stands for a byte."""
    return all(not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff" for char in name)
