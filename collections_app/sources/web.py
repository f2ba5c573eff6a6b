"""What the kinds that read the web share."""

import re
from typing import Any

from django.utils.translation import gettext as _

from collections_app.sources.addresses import Refused, check_literal, parse
from collections_app.sources.fetch import Fetched, Fetcher
from collections_app.sources.items import Content, Context, Item, Validators
from collections_app.sources.options import Option
from collections_app.storage import Rejected

HEADERS = Option("headers", dict)  # secret: sent to the host of the source's address only
MOST_HEADERS = 20
TYPE_LENGTH = 100
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{1,8000}")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}


def check_url(url: str) -> None:
    """Raises Rejected for what can never be fetched; where a name leads is seen in the run."""
    try:
        check_literal(parse(url).host)
    except Refused as error:
        raise Rejected(str(error)) from error


def check_headers(headers: dict[str, Any]) -> None:
    """Raises Rejected for headers that cannot be sent. Values are not repeated: secrets."""
    if len(headers) > MOST_HEADERS:
        raise Rejected(_("There are more than %(most)d headers.") % {"most": MOST_HEADERS})
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise Rejected(_("“%s” is not a header that can be set.") % name[:100])
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise Rejected(
                _("The value of the header “%s” must be a text of plain characters.") % name
            )


def fetcher(context: Context) -> Fetcher:
    return Fetcher(context.options["url"], context.secrets.get("headers"))


def page(
    fetching: Fetcher, url: str, validators: Validators | None = None, title: str = ""
) -> Item:
    """The item of one web page, under its address."""

    def fetch(known: Validators) -> Content | None:
        found = fetching.get(url, known)
        return None if found.unchanged else content(found, url, title)

    return Item(url, fetch, validators or {})


def content(found: Fetched, url: str, title: str = "") -> Content:
    return Content(
        data=found.data,
        media_type=found.media_type[:TYPE_LENGTH],
        title=title,
        metadata={"url": url},
        validators=found.validators,
    )
