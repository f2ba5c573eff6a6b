"""One web page."""

from collections.abc import Iterator
from typing import Any

from collections_app.models import Blob
from collections_app.sources import web
from collections_app.sources.items import Context, Item
from collections_app.sources.options import Option

OPTIONS = (Option("url", required=True),)
SECRETS = (web.HEADERS,)
COMPLETE = True


def check(options: dict[str, Any], blob: Blob | None) -> None:
    web.check_url(options["url"])


def items(context: Context) -> Iterator[Item]:
    yield web.page(web.fetcher(context), context.options["url"])
