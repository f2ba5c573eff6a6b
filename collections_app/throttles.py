"""How often one may search, ask and embed. Rates: REST_FRAMEWORK in the settings.

Counts are kept per process, in memory: they go on working when Redis is down.
"""

from typing import Any

from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle


class SearchThrottle(AnonRateThrottle):
    """For visitors only."""

    scope = "search"


class SuggestThrottle(SearchThrottle):
    """One search is typed in many keystrokes."""

    scope = "suggest"


class AskThrottle(UserRateThrottle):
    scope = "ask"


class EmbedThrottle(UserRateThrottle):
    scope = "embed"


class BoxThrottle(SimpleRateThrottle):
    """Of the box on other sites: by address alone, for no session is read there."""

    scope = "box"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
