"""Secrets of sources, encrypted at rest: they go in, and come out for a run only.

The key is derived from SECRETS_KEY, or from SECRET_KEY where that is empty.
"""

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.storage import Rejected


def seal(secrets: dict[str, Any]) -> str:
    """To be kept; empty when there are none."""
    if not secrets:
        return ""
    return _fernet().encrypt(json.dumps(secrets).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """What was sealed. Raises Rejected where the key is another one by now."""
    if not sealed:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_fernet().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise Rejected(
            _(
                "The secrets of this source cannot be read: SECRETS_KEY or SECRET_KEY has "
                "changed. Enter them again."
            )
        ) from error
    return opened


def _fernet() -> Fernet:
    given = settings.SECRETS_KEY or settings.SECRET_KEY
    derived = HKDF(SHA256(), 32, salt=None, info=b"embedsite: secrets of sources")
    return Fernet(base64.urlsafe_b64encode(derived.derive(given.encode())))
