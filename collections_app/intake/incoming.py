"""What comes in, what is wrong with it, and what became of it."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.models import Blob
from collections_app.texts import UNSTORABLE

ID_LENGTH = TITLE_LENGTH = 500  # characters: the columns' width
METADATA_BYTES = 100_000
METADATA_LEVELS = 50  # of lists and objects in one another: readers of JSON recurse
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Incoming:
    """A document on its way in: `body` or `blob`, and an id of the giver's choice.

    An empty title asks for the one found in the content. `media_type` is what a
    name or a giver says; what the content itself says goes before it.
    """

    external_id: str
    body: str | None = None
    blob: Blob | None = None
    title: str = ""
    media_type: str = "text/plain"
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.blob.size if self.blob else len((self.body or "").encode())

    @property
    def content_hash(self) -> str:
        """SHA-256 over media type and bytes, the bytes by their own digest."""
        if self.blob is not None:
            digest = self.blob.sha256
        else:
            digest = hashlib.sha256((self.body or "").encode()).hexdigest()
        return hashlib.sha256(f"{self.media_type}\n{digest}".encode()).hexdigest()


@dataclass(frozen=True)
class Problem:
    """Why one item did not go in."""

    external_id: str
    message: str


@dataclass(frozen=True)
class Note:
    """What is worth knowing of an item that went in, or was here already."""

    external_id: str
    message: str


@dataclass
class AddResult:
    """What became of each item: ids of documents, and a problem for each that stayed out.

    `notes` tell of files that came twice: they are one document. `runs` are ids of runs that
    take archives and tables apart.
    """

    added: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)


def fixed_set() -> str:
    """Why nothing can be added to a collection of ready-made vectors, or edited in it."""
    return _(
        "This collection has a fixed set of vectors: nothing else can be embedded in it. "
        "Import the file anew, or add to another collection."
    )


def problem_with(item: Incoming) -> str:
    """What is wrong with the item and what to do; empty when nothing is."""
    return (
        problem_with_id(item.external_id)
        or problem_with_title(item.title)
        or problem_with_metadata(item.metadata)
        or ("" if item.blob else problem_with_body(item.body))
    )


def problem_with_id(external_id: str) -> str:
    if not isinstance(external_id, str) or not external_id.strip():
        return _("The id is empty. Give each document an id of its own.")
    if len(external_id) > ID_LENGTH:
        return _("The id is too long: %(length)d characters, the most is %(most)d.") % {
            "length": len(external_id),
            "most": ID_LENGTH,
        }
    if CONTROL.search(external_id):
        return _("The id has control characters in it. Remove them.")
    return ""


def problem_with_title(title: str) -> str:
    if len(title) > TITLE_LENGTH:
        return _("The title is too long: %(length)d characters, the most is %(most)d.") % {
            "length": len(title),
            "most": TITLE_LENGTH,
        }
    if CONTROL.search(title):
        return _("The title has control characters in it. Remove them.")
    return ""


def problem_with_body(body: str | None) -> str:
    if body is None or not body.strip():
        return _("The text is empty. Give it some words.")
    if "\x00" in body:
        return _("The text has NUL characters in it. Remove them: text files have none.")
    if UNSTORABLE.search(body):
        return _("The text has broken characters in it (lone surrogates). Save it as UTF-8.")
    if len(body) > settings.MAX_TEXT_CHARS:
        return _("The text is too long: %(length)d characters, the most is %(most)d. Split it.") % {
            "length": len(body),
            "most": settings.MAX_TEXT_CHARS,
        }
    return ""


def problem_with_metadata(metadata: dict[str, Any]) -> str:
    if not isinstance(metadata, dict):
        return _('Metadata must be a JSON object, such as {"author": "Ada"}.')
    if not metadata:
        return ""
    try:
        written = json.dumps(metadata, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return _("The metadata cannot be written as JSON.")
    if _deeper_than(METADATA_LEVELS, metadata):
        return _("The metadata is nested too deep: the most is %(most)d levels.") % {
            "most": METADATA_LEVELS
        }
    if UNSTORABLE.search(written) or "\\u0000" in written:
        return _("The metadata has NUL or broken characters in it. Remove them.")
    if len(written.encode()) > METADATA_BYTES:
        return _("The metadata is too large: the most is %(most)d bytes as JSON.") % {
            "most": METADATA_BYTES
        }
    return ""


def _deeper_than(levels: int, value: Any) -> bool:
    layer = [value]
    for _level in range(levels + 1):
        if not layer:
            return False
        layer = [
            inner
            for one in layer
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(layer)
