"""Addresses of pages: one page is written in several ways, and stands in content in one."""

import re
from itertools import product
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

MOST = 2000  # characters of an address
WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
# What newsletters and advertisements add: it names no other page.
_TRACKING = re.compile(r"utm_.*|mc_(cid|eid)|(fb|g)clid|msclkid|dclid|igshid", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def is_web(address: object) -> bool:
    """Whether this is an http(s) address that a link may lead to."""
    return isinstance(address, str) and len(address) <= MOST and bool(WEB.match(address))


def spellings(address: str) -> list[str]:
    """Every way in which the same page may be written; none for what is no address of a page.

    http or https, with "www." or without, a slash at the end or none, percent signs or letters;
    the scheme and the host in small letters, without fragment, user, usual port and what is
    there to track readers. The path keeps its case.
    """
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return []
    if parts.scheme not in _PORTS or not host or len(address) > MOST or "\x00" in address:
        return []
    bare = host.removeprefix("www.")
    shown = "" if port in (None, *_PORTS.values()) else f":{port}"
    query = _query(parts.query)
    found = [
        f"{scheme}://{name}{shown}{path}{query}"
        for scheme, name, path in product(_PORTS, (bare, f"www.{bare}"), _paths(parts.path))
    ]
    return sorted(set(found))


def _paths(path: str) -> set[str]:
    """With a slash at its end and without, as it was given, quoted and unquoted."""
    plain = unquote(path)
    ways = {path, quote(plain, safe="/:@!$&'()*+,;=~-._"), plain}
    stripped = {way.rstrip("/") for way in ways}
    return stripped | {f"{way}/" for way in stripped}


def _query(query: str) -> str:
    kept = parse_qsl(query, keep_blank_values=True)
    left = [(name, value) for name, value in kept if not _TRACKING.fullmatch(name)]
    if len(left) == len(kept):
        return f"?{query}" if query else ""
    return f"?{urlencode(left)}" if left else ""
