"""The pages of a sitemap, or of an index of sitemaps, plain or packed by gzip."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.models import Blob
from collections_app.sources import web
from collections_app.sources.addresses import Refused, joined, parse
from collections_app.sources.bodies import Broken, TooLarge, decoded
from collections_app.sources.fetch import Fetched, Fetcher, FetchError
from collections_app.sources.items import Context, Item, Unlisted
from collections_app.sources.options import Option
from collections_app.sources.robots import Robots

OPTIONS = (
    Option("url", required=True),
    Option("prefix"),  # only pages whose address begins with it
    Option("most", int, default=10_000, least=1, most=200_000),
)
SECRETS = (web.HEADERS,)
COMPLETE = True
MOST_SITEMAPS = 1000

Entry = tuple[str, str, str]  # "url" or "sitemap", its address, when it was changed


def check(options: dict[str, Any], blob: Blob | None) -> None:
    web.check_url(options["url"])


def items(context: Context) -> Iterator[Item]:
    """Each page once, in the order of the sitemaps. One inside an index that cannot be had
    is noted as missing. Raises Unlisted, and what the fetcher raises."""
    fetching = web.fetcher(context)
    robots = Robots(fetching)
    seen = set[str]()
    for url, changed in _pages(context, fetching):
        if url in seen or not url.startswith(context.options["prefix"]):
            continue
        if len(seen) == context.options["most"]:
            context.missing.append((url, _("The sitemap has more pages than the most allowed.")))
            return
        seen.add(url)
        validators = {"lastmod": changed} if changed else {}
        yield robots.guarded(web.page(fetching, url, validators))


def _pages(context: Context, fetching: Fetcher) -> Iterator[tuple[str, str]]:
    first = context.options["url"]
    waiting, known = [first], {first}
    while waiting:
        sitemap = waiting.pop(0)
        try:
            entries = list(_entries(fetching.get(sitemap), sitemap))
        except (FetchError, Refused, Unlisted) as error:
            if sitemap == first:
                raise
            context.missing.append((sitemap, str(error)))
            continue
        for kind, url, changed in entries:
            if kind == "url":
                yield url, changed
            elif url not in known and len(known) < MOST_SITEMAPS:
                known.add(url)
                waiting.append(url)


def _entries(found: Fetched, sitemap: str) -> Iterator[Entry]:
    """Raises Unlisted for what is no sitemap, and for one with entities of its own."""
    kind = ""
    try:
        for _event, element in iterparse(BytesIO(_unpacked(found.data)), forbid_dtd=True):
            if _name(element) in ("url", "sitemap"):
                kind = _name(element)
                if (entry := _entry(element, kind, sitemap)) is not None:
                    yield entry
                element.clear()
            elif _name(element) in ("urlset", "sitemapindex"):
                kind = kind or "url"
    except (ParseError, DefusedXmlException, Broken, TooLarge) as error:
        raise Unlisted(_("%s is not a sitemap that can be read.") % sitemap) from error
    if not kind:
        raise Unlisted(_("%s is not a sitemap.") % sitemap)


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    return b"".join(decoded([data], "gzip", settings.MAX_UPLOAD_BYTES))


def _entry(element: Element, kind: str, sitemap: str) -> Entry | None:
    found = {_name(child): (child.text or "").strip() for child in element}
    if not found.get("loc"):
        return None
    try:
        url = str(joined(parse(sitemap), found["loc"]))
    except Refused:
        url = found["loc"]  # its page fails with the reason
    return kind, url, found.get("lastmod", "")[:100]


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
