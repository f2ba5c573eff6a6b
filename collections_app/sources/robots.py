"""What robots.txt of a site asks of us, for pages that nobody named one by one."""

from dataclasses import replace
from urllib.robotparser import RobotFileParser

from django.utils.translation import gettext as _

from collections_app.sources.addresses import Refused, parse
from collections_app.sources.fetch import USER_AGENT, Fetcher, FetchError
from collections_app.sources.items import Content, Item, Skipped, Validators

MOST_LINES = 10_000


class Robots:
    """Asks each host once. A host that does not answer, or has no such file, allows all."""

    def __init__(self, fetching: Fetcher) -> None:
        self._fetching = fetching
        self._rules: dict[tuple[str, str, int], RobotFileParser] = {}

    def guarded(self, page: Item) -> Item:
        """The item, whose fetch raises Skipped where robots.txt forbids it."""

        def fetch(known: Validators) -> Content | None:
            if not self._allows(page.external_id):
                raise Skipped(_("The site's robots.txt asks that this page be left out."))
            return page.fetch(known)

        return replace(page, fetch=fetch)

    def _allows(self, url: str) -> bool:
        origin = parse(url).origin
        if origin not in self._rules:
            self._rules[origin] = self._ask(url)
        return self._rules[origin].can_fetch(USER_AGENT, url)

    def _ask(self, url: str) -> RobotFileParser:
        target = parse(url)
        rules = RobotFileParser()
        try:
            found = self._fetching.get(f"{target.scheme}://{target.authority}/robots.txt")
            lines = found.data.decode("utf-8", "replace").splitlines()
        except (FetchError, Refused):
            lines = []
        rules.parse(lines[:MOST_LINES])
        return rules
