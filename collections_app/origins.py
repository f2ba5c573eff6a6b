"""Origins of other sites: scheme, host and port, as browsers send them."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST = 50  # of one collection


def cleaned(origin: str) -> str:
    """As browsers write it. Raises ValidationError for what is none."""
    written = origin.strip()
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    rest = parts.path.rstrip("/") or parts.query or parts.fragment or parts.username
    plain = host.isascii() and all(letter.isalnum() or letter in "-.:" for letter in host)
    if parts.scheme not in ("http", "https") or not host or rest or not plain:
        raise ValidationError(
            _("“%(origin)s” is no origin. Write scheme and host, such as https://www.example.org")
            % {"origin": written[:100]}
        )
    usual = {"http": 80, "https": 443}[parts.scheme]
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + ("" if port in (None, usual) else f":{port}")


def validate(origin: str) -> None:
    """Of a stored one. Raises ValidationError where it is not written as browsers do."""
    if cleaned(origin) != origin:
        raise ValidationError(_("Write it so: %(origin)s") % {"origin": cleaned(origin)})
