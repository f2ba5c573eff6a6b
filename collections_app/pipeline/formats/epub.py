"""EPUB books: the chapters in their order, each by the reader of HTML."""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from .. import sandbox_place
from ..decode import clean, decode
from ..extracted import Extracted, Unreadable
from ..pieces import Pieces
from . import html, package

_CONTAINER = "META-INF/container.xml"
_FILES = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_CORE = "{http://purl.org/dc/elements/1.1/}"
_MOST_CHAPTERS = 5_000


def read(data: bytes, max_chars: int) -> Extracted:
    pieces = Pieces(max_chars)
    with package.opened(data) as archive:
        if "META-INF/rights.xml" in archive.namelist():
            raise package.locked()
        root, folder = _contents(archive)
        missing: list[int] = []
        for number, name in enumerate(_chapters(root, folder), start=1):
            sandbox_place.note({"chapter": number})
            try:
                page, _encoding = decode(package.entry(archive, name))
                chapter = html.whole(clean(page))
            except (KeyError, Unreadable):  # the other chapters are still worth reading
                missing.append(number)
                continue
            pieces.add(chapter, {"chapter": number})
    if missing and not pieces:
        raise package.damaged({"chapter": missing[0]})
    metadata: dict[str, object] = {
        "author": [one.text or "" for one in root.iter(f"{_CORE}creator")],
        "language": root.findtext(f".//{_CORE}language", ""),
        "publisher": root.findtext(f".//{_CORE}publisher", ""),
        "date": root.findtext(f".//{_CORE}date", ""),
    }
    if missing:
        metadata["warnings"] = [
            f"{len(missing):,} of its chapters are not there or cannot be read."
        ]
    return pieces.extracted(root.findtext(f".//{_CORE}title", ""), metadata)


def _contents(archive: zipfile.ZipFile) -> tuple[Any, str]:
    """The root of the book's list of contents, and the folder that its paths begin at."""
    path = _CONTAINER
    try:
        container = package.tree(package.entry(archive, path), path)
        path = container.find(f".//{_FILES}rootfile").get("full-path", "")
        return package.tree(package.entry(archive, path), path), posixpath.dirname(path)
    except (KeyError, AttributeError) as error:
        raise package.damaged({"entry": path or _CONTAINER}) from error


def _chapters(root: Any, folder: str) -> Iterator[str]:
    """Names of entries in reading order, each once. They are looked up in the archive alone."""
    paths = {item.get("id"): item.get("href", "") for item in root.iter(f"{_OPF}item")}
    seen = set()
    for reference in list(root.iter(f"{_OPF}itemref"))[:_MOST_CHAPTERS]:
        href = urlsplit(paths.get(reference.get("idref")) or "").path
        name = posixpath.normpath(posixpath.join(folder, unquote(href)))
        if href and name not in seen:
            seen.add(name)
            yield name
