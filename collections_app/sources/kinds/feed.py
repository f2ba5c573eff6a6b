"""The entries of an RSS or Atom feed: their own text, or the pages they lead to.

A feed holds only its latest entries: one that is in it no more stays a document.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import feedparser
from django.utils.translation import gettext as _

from collections_app.models import Blob
from collections_app.pipeline.extracted import HTML, PLAIN
from collections_app.sources import web
from collections_app.sources.addresses import Refused, parse
from collections_app.sources.fetch import Fetched
from collections_app.sources.items import Content, Context, Failed, Item, Unlisted, Validators
from collections_app.sources.options import Option
from collections_app.sources.robots import Robots

OPTIONS = (
    Option("url", required=True),
    Option("content", default="feed", choices=("feed", "page")),
)
SECRETS = (web.HEADERS,)
COMPLETE = False


def check(options: dict[str, Any], blob: Blob | None) -> None:
    web.check_url(options["url"])


def items(context: Context) -> Iterator[Item]:
    """Raises Unlisted where there is no feed, and what the fetcher raises."""
    fetching = web.fetcher(context)
    robots = Robots(fetching)
    found = fetching.get(context.options["url"])
    for entry in _entries(found):
        key = str(entry.get("id") or entry.get("link") or "")
        if context.options["content"] == "feed":
            yield Item(key, _given(entry))
        elif link := _link(entry):
            yield robots.guarded(web.page(fetching, link, title=_title(entry)))


def _entries(found: Fetched) -> list[Any]:
    # A stream: a string would be taken for an address to fetch, or a file to open.
    headers = {"content-type": found.headers.get("content-type", ""), "content-location": found.url}
    feed = feedparser.parse(BytesIO(found.data), response_headers=headers)
    if not feed.version and not feed.entries:
        raise Unlisted(_("%s is not an RSS or Atom feed.") % found.url)
    return list(feed.entries)


def _given(entry: Any) -> Any:
    def fetch(known: Validators) -> Content:
        bodies = entry.get("content") or [entry.get("summary_detail") or {}]
        text = str(bodies[0].get("value", ""))
        if not text.strip():
            raise Failed(_("The entry has no text in the feed. Take the pages instead."))
        return Content(
            text=text,
            media_type=PLAIN if bodies[0].get("type") == PLAIN else HTML,
            title=_title(entry),
            metadata=_metadata(entry),
        )

    return fetch


def _title(entry: Any) -> str:
    return " ".join(str(entry.get("title", "")).split())[:500]


def _metadata(entry: Any) -> dict[str, str]:
    found = {
        "url": _link(entry),
        "published": str(entry.get("published", "")),
        "author": str(entry.get("author", "")),
    }
    return {name: value[:2000] for name, value in found.items() if value}


def _link(entry: Any) -> str:
    """The address of the entry's page; empty where it has none that may be followed."""
    link = str(entry.get("link") or "")
    try:
        parse(link)
    except Refused:
        return ""
    return link
