"""Copies of pictures, made when their documents are read."""

from collections_app import storage
from collections_app.models import Blob
from collections_app.pipeline import pictures
from collections_app.pipeline.sandbox import Limits


def make(blob: Blob, data: bytes, limits: Limits) -> None:
    """Keep the copies of the picture `data`, and note its size; once for equal files.

    Raises Unreadable for a picture that cannot be decoded.
    """
    if blob.width is not None and storage.has_copies(blob.sha256):
        return
    found = pictures.copies(data, limits)
    storage.keep_copy(blob.sha256, "served", found.served)
    storage.keep_copy(blob.sha256, "thumbnail", found.thumbnail)
    Blob.objects.filter(pk=blob.pk).update(width=found.width, height=found.height)
