"""Secrets, encrypted at rest under a key derived from SECRETS_KEY, or SECRET_KEY without one."""

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

SOURCES, MODELS, CHATS = (
    "sources",
    "models",
    "chat models",
)  # whose secrets; each has a key of its own


class KeyChanged(Exception):  # noqa: N818 - a statement about the key
    """What was sealed cannot be read: the key is another one by now."""


def seal(secrets: dict[str, Any], whose: str) -> str:
    """To be kept; empty when there are none."""
    if not secrets:
        return ""
    return _fernet(whose).encrypt(json.dumps(secrets).encode()).decode()


def unseal(sealed: str, whose: str) -> dict[str, Any]:
    """What was sealed. Raises KeyChanged."""
    if not sealed:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_fernet(whose).decrypt(sealed.encode()))
    except InvalidToken as error:
        raise KeyChanged from error
    return opened


def _fernet(whose: str) -> Fernet:
    given = settings.SECRETS_KEY or settings.SECRET_KEY
    derived = HKDF(SHA256(), 32, salt=None, info=f"embedsite: secrets of {whose}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(given.encode())))
