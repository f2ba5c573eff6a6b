"""System checks of settings that only make sense together."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register
def chat(**kwargs: Any) -> list[CheckMessage]:
    """The chat model's server and name go together."""
    if bool(settings.CHAT_BASE_URL) != bool(settings.CHAT_MODEL):
        missing = "CHAT_MODEL" if settings.CHAT_BASE_URL else "CHAT_BASE_URL"
        return [
            Error(
                f"{missing} is not set, but the other one of CHAT_BASE_URL and CHAT_MODEL is.",
                hint="Set both to answer questions with a chat model, or neither.",
                id="embedsite.E001",
            )
        ]
    if settings.CHAT_BASE_URL and not _is_address(settings.CHAT_BASE_URL):
        return [
            Error(
                f"CHAT_BASE_URL is not an address: {settings.CHAT_BASE_URL}",
                hint="It begins with http:// or https://, such as http://127.0.0.1:8080/v1",
                id="embedsite.E002",
            )
        ]
    return []


@register
def database(**kwargs: Any) -> list[CheckMessage]:
    """Vectors, the queue and keyword search need PostgreSQL."""
    if settings.DATABASES["default"]["ENGINE"] != "embedsite.postgres":
        return [
            Error(
                "DATABASE_URL does not name a PostgreSQL database.",
                hint="It begins with postgresql://. Leave it out to use the embedded one.",
                id="embedsite.E003",
            )
        ]
    return []


@register
def email(**kwargs: Any) -> list[CheckMessage]:
    """Links in e-mails need the site's own address."""
    if settings.EMAIL_HOST and not _is_address(settings.SITE_URL):
        return [
            Warning(
                "EMAIL_HOST is set, but SITE_URL is not the address of the site.",
                hint="Set it, such as https://notes.example.org, so that e-mails can link to it.",
                id="embedsite.W002",
            )
        ]
    return []


@register(deploy=True)
def hosts(**kwargs: Any) -> list[CheckMessage]:
    """A site for others is reached by a name of its own."""
    own = {"localhost", "127.0.0.1", "[::1]"}
    if set(settings.ALLOWED_HOSTS) <= own:
        return [
            Warning(
                "ALLOWED_HOSTS names this machine only.",
                hint="Add the name under which the site is reached, such as notes.example.org.",
                id="embedsite.W001",
            )
        ]
    return []


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
