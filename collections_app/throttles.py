"""How often one may search, ask and embed. Rates: REST_FRAMEWORK in the settings.

Counts are kept per process, in memory: they go on working when Redis is down.
"""

from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


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
