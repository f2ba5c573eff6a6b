"""Secrets of sources, encrypted at rest: they go in, and come out for a run only."""

from typing import Any

from django.utils.translation import gettext as _

from collections_app import sealed
from collections_app.storage import Rejected


def seal(secrets: dict[str, Any]) -> str:
    """To be kept; empty when there are none."""
    return sealed.seal(secrets, sealed.SOURCES)


def unseal(kept: str) -> dict[str, Any]:
    """What was sealed. Raises Rejected where the key is another one by now."""
    try:
        return sealed.unseal(kept, sealed.SOURCES)
    except sealed.KeyChanged as error:
        raise Rejected(
            _(
                "The secrets of this source cannot be read: SECRETS_KEY or SECRET_KEY has "
                "changed. Enter them again."
            )
        ) from error
