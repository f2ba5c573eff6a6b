"""The objects that a JSON API lists, page after page.

Where things stand in its answers is told by dotted paths: `data.posts`, `title.rendered`, `0`.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
from django.utils.translation import gettext as _

from collections_app.models import Blob
from collections_app.sources import web
from collections_app.sources.addresses import joined, parse
from collections_app.sources.fetch import Fetched, FetchError
from collections_app.sources.items import Content, Context, Failed, Item, Unlisted, Validators
from collections_app.sources.options import Option
from collections_app.storage import Rejected

OPTIONS = (
    Option("url", required=True),
    Option("items"),  # the path of the list; empty where the answer itself is it
    Option("id", default="id"),
    Option("title"),
    Option("text", required=True),  # one path, or several with blanks between
    Option("metadata", list),  # paths, kept under these names
    Option(
        "media_type", default="text/plain", choices=("text/plain", "text/markdown", "text/html")
    ),
    Option("paging", default="link", choices=("none", "link", "page", "next")),
    Option("page_parameter", default="page"),
    Option("first_page", int, default=1),
    Option("next", default="next"),  # the path of the next page's address
)
SECRETS = (web.HEADERS,)
COMPLETE = True
MOST_PAGES = 10_000
_NOTHING = object()


def check(options: dict[str, Any], blob: Blob | None) -> None:
    web.check_url(options["url"])
    if not all(isinstance(path, str) and path.strip() for path in options["metadata"]):
        raise Rejected(_("The metadata must be a list of paths, such as “author.name”."))


def items(context: Context) -> Iterator[Item]:
    """Goes on at the page of the cursor. Raises Unlisted, and what the fetcher raises."""
    fetching, seen = web.fetcher(context), set[str]()
    at = context.cursor or {"url": _first(context.options), "page": context.options["first_page"]}
    while at:
        if at["url"] in seen or len(seen) == MOST_PAGES:
            raise Unlisted(_("The pages of the API lead in a circle, or never end."), again=False)
        seen.add(at["url"])
        found = fetching.get(at["url"], headers={"Accept": "application/json"})
        answer = _parsed(found)
        listed = _listed(answer, context.options["items"])
        for one in listed:
            yield _item(one, context.options, at)
        at = _next(found, answer, bool(listed), at, context.options)


def _first(options: dict[str, Any]) -> str:
    if options["paging"] == "page":
        return _numbered(options, options["first_page"])
    return str(options["url"])


def _numbered(options: dict[str, Any], page: int) -> str:
    url = str(options["url"])
    return f"{url}{'&' if '?' in url else '?'}{urlencode({options['page_parameter']: page})}"


def _next(
    found: Fetched, answer: Any, any_listed: bool, at: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """Where the next page is; empty after the last."""
    page = at["page"] + 1
    match options["paging"]:
        case "page" if any_listed and page - options["first_page"] < MOST_PAGES:
            return {"url": _numbered(options, page), "page": page}
        case "link":
            links = httpx.Response(200, headers={"link": found.headers.get("link", "")}).links
            url = links.get("next", {}).get("url")
        case "next":
            url = _at(answer, options["next"])
        case _:
            url = None
    if not isinstance(url, str) or not url:
        return {}
    return {"url": str(joined(parse(found.url), url)), "page": page}


def _parsed(found: Fetched) -> Any:
    try:
        return json.loads(found.data)
    except (ValueError, RecursionError) as error:
        raise FetchError(_("%s did not answer with JSON.") % found.url) from error


def _listed(answer: Any, path: str) -> list[Any]:
    listed = _at(answer, path)
    if not isinstance(listed, list):
        raise Unlisted(
            _("There is no list at “%s” in the answer.") % (path or _("the top")), again=False
        )
    return listed


def _at(value: Any, path: str) -> Any:
    """What stands at the dotted path; a mark of its own where nothing does."""
    for part in path.split(".") if path else []:
        if isinstance(value, dict):
            value = value.get(part, _NOTHING)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _NOTHING
    return value


def _item(one: Any, options: dict[str, Any], cursor: dict[str, Any]) -> Item:
    key = _at(one, options["id"])
    known = isinstance(key, str | int) and not isinstance(key, bool) and str(key).strip() != ""

    def fetch(validators: Validators) -> Content:
        if not known:
            raise Failed(_("There is no id at “%s” in this item.") % options["id"])
        return _content(one, options)

    return Item(str(key) if known else "?", fetch, cursor=cursor, listed=known)


def _content(one: Any, options: dict[str, Any]) -> Content:
    texts = [_words(_at(one, path)) for path in options["text"].split()]
    text = "\n\n".join(filter(None, texts))
    if not text:
        raise Failed(_("There is no text at “%s” in this item.") % options["text"])
    metadata = {path: _at(one, path) for path in options["metadata"]}
    return Content(
        text=text,
        media_type=options["media_type"],
        title=" ".join(_words(_at(one, options["title"])).split())[:500]
        if options["title"]
        else "",
        metadata={path: value for path, value in metadata.items() if value is not _NOTHING},
    )


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None or value is _NOTHING else json.dumps(value, ensure_ascii=False)
