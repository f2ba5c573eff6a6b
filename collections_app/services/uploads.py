"""Uploads in pieces: begun, written from an offset on, finished once, given up."""

import hashlib
import re
import time
import uuid
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.http import UnreadablePostError
from django.utils.translation import gettext as _

from collections_app import partial_files, quotas
from collections_app.intake import safe_id, safe_prefix
from collections_app.intake.incoming import ID_LENGTH
from collections_app.models import Collection, Upload
from collections_app.services.files import NamedPath, add_files
from collections_app.storage import Readable, Rejected, too_large

LIFETIME = timedelta(days=1)
HOLD = timedelta(seconds=30)  # a writer that is silent for so long has lost its place
HELD_ON_EVERY = 5.0  # seconds, while bytes come
MOST_OPEN = 1000  # of one user
MOST_BEFORE = 100  # characters
ALGORITHMS: dict[str, Callable[[], Any]] = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
SHA256 = re.compile(r"[0-9a-f]{64}")


class TooMuch(Rejected):
    """A file that is too large, or that there is no room for: nothing of it need be sent."""


class WrongOffset(Rejected):
    """Not where the file goes on, or another request is writing there."""


class Differs(Rejected):
    """The bytes that came are not those that were announced."""


@dataclass(frozen=True)
class Checksum:
    """The digest that a piece must have."""

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, header: str) -> "Checksum":
        """From `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`; raises Rejected."""
        algorithm, _blank, encoded = header.strip().partition(" ")
        try:
            digest = b64decode(encoded, validate=True)
        except ValueError as error:
            raise Rejected(_("The checksum is not written in Base64.")) from error
        if algorithm not in ALGORITHMS:
            raise Rejected(
                _("There is no checksum “%(name)s” here. Use one of: %(known)s.")
                % {"name": algorithm, "known": ", ".join(ALGORITHMS)}
            )
        if len(digest) != ALGORITHMS[algorithm]().digest_size:
            raise Rejected(_("The checksum has not the length of its kind."))
        return cls(algorithm, digest)


def begin(
    owner: User,
    collection: Collection,
    name: str,
    size: int,
    *,
    sha256: str = "",
    use: str = Upload.Use.ADD,
    before: str = "",
) -> Upload:
    """Make ready for a file of `size` bytes; `before` is put before the ids of what is made of
    it. Raises TooMuch before any byte is sent, and Rejected for a name, size, digest or use that
    cannot be."""
    before = safe_prefix(before)
    if not (name := safe_id(name)) or len(before + name) > ID_LENGTH or len(before) > MOST_BEFORE:
        raise Rejected(_("The file has no usable name. Rename it."))
    if size < 1:
        raise Rejected(_("The file is empty: it has 0 bytes."))
    if sha256 and not SHA256.fullmatch(sha256):
        raise Rejected(_("The SHA-256 must be 64 hexadecimal digits."))
    if use not in Upload.Use.values:
        raise Rejected(_("The use must be one of: %(known)s.") % {"known": ", ".join(Upload.Use)})
    if size > settings.MAX_UPLOAD_BYTES:
        raise TooMuch(too_large(settings.MAX_UPLOAD_BYTES))
    documents = 1 if use == Upload.Use.ADD and not _is_there(collection, before + name) else 0
    if message := quotas.refusal(collection, size, documents):
        raise TooMuch(message)
    if Upload.objects.filter(owner=owner).coming().count() >= MOST_OPEN:
        raise Rejected(_("You have too many unfinished uploads. Finish or cancel some first."))
    upload = Upload(owner=owner, collection=collection, name=name, size=size, sha256=sha256)
    upload.use, upload.before, upload.expires = use, before, Now() + LIFETIME
    partial_files.create(upload)
    upload.save()
    upload.refresh_from_db(fields=["expires"])
    return upload


def receive(owner: User, collection: Collection, name: str, size: int, stream: Readable) -> Upload:
    """A whole file of rows at once, to wait for its import's plan. Raises as `begin` does."""
    upload = begin(owner, collection, name, size, use=Upload.Use.ROWS)
    return write(upload, 0, stream)


def write(
    upload: Upload, offset: int, stream: Readable, checksum: Checksum | None = None
) -> Upload:
    """Go on with the file at `offset`; what came before the stream broke off is kept.

    With the last byte the file is finished, once. Raises WrongOffset, Differs where a
    checksum or the whole file's digest is not the one announced, and Rejected for a file that
    cannot be added.
    """
    token = _hold(upload, offset)
    try:
        end = _receive(upload, token, offset, stream, checksum)
        if end == upload.size:
            _finish(upload, token)
        else:
            _save(upload, token, offset=end)
    finally:
        _save(upload, token, held_by=None, held_until=None)
    upload.refresh_from_db()
    return upload


def cancel(upload: Upload) -> None:
    """Give up an upload; what came of it goes, a document that was made of it stays."""
    partial_files.remove(upload)
    upload.delete()


def _is_there(collection: Collection, name: str) -> bool:
    return collection.documents.filter(external_id=name).exists()


def _hold(upload: Upload, offset: int) -> uuid.UUID:
    """Take the right to write at the offset."""
    token = uuid.uuid4()
    free = Q(held_until=None) | Q(held_until__lt=Now())
    rows = Upload.objects.filter(free, pk=upload.pk, state=Upload.State.RECEIVING, offset=offset)
    if not rows.update(held_by=token, held_until=Now() + HOLD, expires=Now() + LIFETIME):
        raise WrongOffset(
            _("The upload does not go on here, or is being written. Ask for its offset again.")
        )
    return token


def _save(upload: Upload, token: uuid.UUID, **changes: Any) -> bool:
    """Change the row while it is held by us; whether it was."""
    return Upload.objects.filter(pk=upload.pk, held_by=token).update(**changes) > 0


def _receive(
    upload: Upload, token: uuid.UUID, offset: int, stream: Readable, checksum: Checksum | None
) -> int:
    """The offset after what came. A piece with a checksum counts whole or not at all."""
    found = ALGORITHMS[checksum.algorithm]() if checksum else None
    end, told = offset, time.monotonic()
    try:
        for piece in partial_files.append(upload, offset, stream):
            if time.monotonic() - told > HELD_ON_EVERY:
                told = time.monotonic()
                if not _save(upload, token, held_until=Now() + HOLD):
                    raise WrongOffset(_("Another request has gone on with this upload."))
            if found:
                found.update(piece)
            end += len(piece)
    except UnreadablePostError:
        pass  # the connection is gone; what came is kept
    if checksum and found and found.digest() != checksum.digest:
        raise Differs(_("The bytes that came do not have the checksum given. Send them again."))
    return end


def _finish(upload: Upload, token: uuid.UUID) -> None:
    """Take the whole file in, in one transaction with the end of the upload."""
    if upload.sha256 and partial_files.digest(upload) != upload.sha256:
        message = _("The file that came is not the one announced: its SHA-256 differs.")
        _refuse(upload, token, message)
        raise Differs(message)
    with transaction.atomic():
        held = Upload.objects.select_for_update().filter(pk=upload.pk, held_by=token)
        if not held:
            raise WrongOffset(_("Another request has gone on with this upload."))
        changes = _take_in(upload)
        _save(upload, token, offset=upload.size, expires=Now() + LIFETIME, **changes)
    if changes["state"] != Upload.State.RECEIVED:
        partial_files.remove(upload)
    if changes["state"] == Upload.State.REFUSED:
        raise Rejected(changes["error"])


def _take_in(upload: Upload) -> dict[str, Any]:
    """Add the file as any other is added; what the row is to say of it."""
    if upload.use == Upload.Use.ROWS:
        return {"state": Upload.State.RECEIVED}
    file = NamedPath(partial_files.path_of(upload), upload.name)
    result = add_files(upload.collection, [file], upload.before)
    if result.problems:
        return {"state": Upload.State.REFUSED, "error": result.problems[0].message}
    ids = [*result.added, *result.changed, *result.unchanged]
    run_id = result.runs[0] if result.runs else None
    return {
        "state": Upload.State.DONE,
        "document_id": ids[0] if ids else None,
        "run_id": run_id,
        "note": result.notes[0].message if result.notes else "",
    }


def _refuse(upload: Upload, token: uuid.UUID, message: str) -> None:
    _save(upload, token, state=Upload.State.REFUSED, error=message)
    partial_files.remove(upload)
