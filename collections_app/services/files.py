"""Files on their way in: stored whole first, then a document each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from collections_app import storage
from collections_app.intake import (
    AddResult,
    Incoming,
    Problem,
    media_type,
    safe_id,
    safe_prefix,
)
from collections_app.models import Blob, Collection
from collections_app.services import imports
from collections_app.services.adding import add_documents
from collections_app.storage import Rejected


@dataclass(frozen=True)
class NamedPath:
    """A file on this machine and the id its document is to have."""

    path: Path
    name: str
    metadata: dict[str, Any] = field(default_factory=dict)


def store_blob(stream: storage.Readable, max_bytes: int) -> Blob:
    """Keep the stream's bytes; raises Rejected when it is empty or too large."""
    return storage.store(stream, max_bytes)


def add_files(
    collection: Collection,
    files: "Iterable[UploadedFile[Any] | NamedPath]",
    before: str = "",
) -> AddResult:
    """A document for each file, under its name. A bad file is a Problem, no other is lost.

    Archives, mailboxes and tables are taken apart by a run of a source. `before` is put before
    each id, those of what is in them too.
    """
    problems: list[Problem] = []
    runs: list[int] = []
    before = safe_prefix(before)
    result = add_documents(collection, _documents(collection, files, before, problems, runs))
    result.problems = problems + result.problems
    result.runs = runs
    return result


def _documents(
    collection: Collection,
    files: "Iterable[UploadedFile[Any] | NamedPath]",
    before: str,
    problems: list[Problem],
    runs: list[int],
) -> Iterator[Incoming]:
    """A document for each file that is one; the others are noted."""
    for file in files:
        own = safe_id(file.name or "")
        name = before + own
        if not own:
            problems.append(Problem(file.name or "", _("The file has no usable name. Rename it.")))
            continue
        try:
            blob = _store(file)
            if imports.holds_many(storage.path_of(blob.sha256), name):
                options = {"before": before} if before else {}
                runs.append(imports.import_file(collection, name, blob, options).pk)
                continue
        except (Rejected, OSError) as error:
            reason = str(error) if isinstance(error, Rejected) else _unreadable(error)
            problems.append(Problem(name, reason))
            continue
        metadata = file.metadata if isinstance(file, NamedPath) else {}
        yield Incoming(name, blob=blob, media_type=media_type(name), metadata=metadata)


def _store(file: "UploadedFile[Any] | NamedPath") -> Blob:
    if isinstance(file, UploadedFile):
        file.seek(0)
        return store_blob(file, settings.MAX_UPLOAD_BYTES)
    with file.path.open("rb") as stream:
        return store_blob(stream, settings.MAX_UPLOAD_BYTES)


def _unreadable(error: OSError) -> str:
    return _("The file cannot be read: %(reason)s.") % {"reason": error.strerror or error}
