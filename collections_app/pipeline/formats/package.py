"""ZIP packages of XML, as Office, OpenDocument and EPUB are: opened only if they are sane."""

import io
import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.parsers import expat

from lxml import etree  # type: ignore[import-untyped]

from .. import sandbox_place
from ..extracted import Unreadable

_MOST_ENTRIES = 20_000
_MOST_BYTES = 400 << 20  # of all entries, unpacked
_MOST_XML = 100 << 20  # of one entry of XML, unpacked
_MOST_RATIO = 200  # unpacked to packed, of packages beyond what is small in any case
_SMALL = 8 << 20
_XML = (".xml", ".rels", ".opf", ".vml")
_CHUNK = 65536


class _RootReached(Exception):  # noqa: N818 - no error
    pass


def opened(data: bytes) -> zipfile.ZipFile:
    """The package. Raises Unreadable for a damaged one, a locked one and a bomb."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise damaged() from error
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise Unreadable(
            f"Its package has {len(entries):,} parts; the most is {_MOST_ENTRIES:,}. "
            "Save it again from the program that made it."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise locked()
    _check_sizes(entries, len(data))
    for entry in entries:
        if entry.filename.lower().endswith(_XML):
            _check_xml(archive, entry)
    sandbox_place.note({})
    return archive


@contextmanager
def opening(data: bytes) -> Iterator[None]:
    """A library at work on a package: whatever it raises, the package is not as it should be.
    Should it never come back, its largest XML is what it was at."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [one for one in archive.infolist() if one.filename.lower().endswith(_XML)]
    if largest := max(parts, key=lambda one: one.file_size, default=None):
        sandbox_place.note({"entry": largest.filename})
    try:
        yield
    except (Unreadable, MemoryError, RecursionError):
        raise
    except Exception as error:
        raise damaged(_broken(data)) from error
    sandbox_place.note({})


def damaged(place: Mapping[str, object] | None = None) -> Unreadable:
    reason = "The file is damaged: its package is not whole. Save or copy it again."
    return Unreadable(reason, place)


def _broken(data: bytes) -> dict[str, object]:
    """The first entry that cannot be unpacked or is no XML, and its line; empty if all can."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for one in archive.infolist():
            try:
                content = archive.read(one)
                if one.filename.lower().endswith(_XML):
                    tree(content, one.filename)
            except Unreadable as error:
                return error.place
            except (MemoryError, RecursionError):
                return {}
            except Exception:  # zipfile and the decompressors raise many kinds
                return {"entry": one.filename}
    return {}


def locked() -> Unreadable:
    return Unreadable("The file is locked with a password. Save it without one.")


def entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of an entry, found by its name inside the archive and nowhere else."""
    try:
        return archive.read(posixpath.normpath(name))
    except KeyError:
        raise
    except Exception as error:  # zipfile and the decompressors raise many kinds
        raise damaged({"entry": name}) from error


def tree(data: bytes, name: str) -> Any:
    """The root element of XML, the entry of this name, in which nothing is expanded and nothing
    fetched."""
    sandbox_place.note({"entry": name})
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise damaged({"entry": name, "line": error.lineno or 1}) from error
    sandbox_place.note({})
    return root


def _check_sizes(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """By the sizes that are told; more than told is never unpacked."""
    total = sum(entry.file_size for entry in entries)
    largest = max((e.file_size for e in entries if e.filename.lower().endswith(_XML)), default=0)
    bomb = total > _SMALL and total > _MOST_RATIO * packed
    if bomb or total > _MOST_BYTES or largest > _MOST_XML:
        raise Unreadable(
            f"Unpacked, the file has {total >> 20:,} MB, from {max(packed >> 20, 1):,} MB. "
            "Split it, or save it again from the program that made it."
        )


def _check_xml(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse a document type, where entities are defined: these formats have none.

    It stands before the root element, so that only the beginning is read.
    """
    sandbox_place.note({"entry": entry.filename})
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _reached
    try:
        with archive.open(entry) as stream:
            while piece := stream.read(_CHUNK):
                parser.Parse(piece)
    except (_RootReached, expat.ExpatError):  # what is not XML is told by who needs it
        return
    except Unreadable as error:
        error.place = {"entry": entry.filename}
        raise
    except Exception as error:
        raise damaged({"entry": entry.filename}) from error


def _refuse(*_told: object) -> None:
    raise Unreadable(
        "Its XML defines entities, which such files never do and attacks are made of. "
        "Save it again from the program that made it."
    )


def _reached(*_told: object) -> None:
    raise _RootReached
