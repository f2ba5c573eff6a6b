"""Which addresses may be fetched: public ones, and networks that an administrator allows.

One parser reads every URL, and what it read is what is connected to. A host is either an IP
address in its one full form, or a name whose addresses are all allowed.
"""

import ipaddress
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_LENGTH = 4000
PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")

# Whatever the register calls them, these lead elsewhere: into another address that is written
# within them, to many hosts, or into a network of one's own.
_REFUSED = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a provider
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "5f00::/16",  # segment routing
        "fc00::/7",
        "fec0::/10",  # site-local
    )
]


class Refused(Exception):  # noqa: N818 - a statement about the address
    """The address may not be fetched; the message says why."""


@dataclass(frozen=True)
class Target:
    """A URL in its parts. `host` is ASCII, `path` begins with / and holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """For the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(url: str) -> Target:
    """The parts of an http or https URL. Raises Refused."""
    try:
        found = httpx.URL(url.strip()) if len(url) <= URL_LENGTH else None
    except (httpx.InvalidURL, TypeError, ValueError):
        found = None
    if found is None:
        raise Refused(_("This is not an address of the web: %s.") % url[:200])
    if found.scheme not in PORTS:
        raise Refused(_("Only addresses that begin with http:// or https:// can be fetched."))
    if found.userinfo:
        raise Refused(_("Leave the name and password out of the address; enter them as secrets."))
    port = found.port or PORTS[found.scheme]
    if port not in (80, 443) and port not in settings.FETCH_ALLOWED_PORTS:
        raise Refused(
            _("Port %(port)d may not be fetched from. An administrator can allow it in the "
              "setting FETCH_ALLOWED_PORTS.") % {"port": port}
        )  # fmt: skip
    host = _host(found.raw_host.decode("ascii", "replace"))
    return Target(found.scheme, host, port, found.raw_path.decode("ascii"))


def joined(base: Target, location: str) -> Target:
    """Where a redirect or a link leads to. Raises Refused."""
    try:
        return parse(urljoin(str(base), location))
    except ValueError as error:
        raise Refused(_("This is not an address of the web: %s.") % location[:200]) from error


def _host(host: str) -> str:
    """The host as it was given, where it is a plain name or a full IP address."""
    with suppress(ValueError):
        if "%" not in host:  # no scope: it would name a network of this machine
            return str(ipaddress.ip_address(host))
    labels = host.split(".")
    is_name = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    if not is_name or _NUMBER.fullmatch(labels[-1]):
        # Among these: 127.1, 0177.0.0.1, 2130706433, 0x7f000001, names that end with a dot.
        raise Refused(_("“%s” is not the full name or address of a host.") % host[:200])
    return host


def resolve(host: str, port: int) -> list[str]:
    """All addresses of the host, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_rest, address in found))


def vetted(host: str, port: int) -> list[str]:
    """The host's addresses, resolved this once. Raises Refused unless every one may be
    connected to, and OSError where there is none."""
    addresses = resolve(host, port)
    if not addresses:
        raise OSError(_("the host has no address"))
    for address in addresses:
        _check_address(host, address)
    return addresses


def check_literal(host: str) -> None:
    """Raises Refused where the host is an IP address that may not be connected to: what a name
    leads to is seen when it is fetched."""
    with suppress(ValueError):
        _check_address(host, str(ipaddress.ip_address(host)))


def _check_address(host: str, address: str) -> None:
    if not may_connect(address):
        raise Refused(
            _(
                "%(host)s is not on the public internet: it leads to %(address)s. An "
                "administrator can allow networks in the setting FETCH_ALLOWED_NETWORKS."
            )
            % {"host": host, "address": address}
        )


def may_connect(written: str) -> bool:
    """Whether the address is public, or in a network that an administrator allows."""
    if "%" in written:  # a scope: link-local
        return False
    address = ipaddress.ip_address(written)
    if any(address in ipaddress.ip_network(one) for one in settings.FETCH_ALLOWED_NETWORKS):
        return True
    refused = any(address in network for network in _REFUSED)
    return address.is_global and not address.is_multicast and not refused
