"""What every room's tests share."""

import pytest
from django.conf import settings
from django.core.cache import cache


def pytest_configure(config: pytest.Config) -> None:
    """Pages name their static files as they are, so that no test needs `collectstatic`.

    The live server finds them in the apps. test_static.py tries what the site itself uses.
    """
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or WhiteNoise warns


@pytest.fixture(autouse=True)
def no_counts_from_before() -> None:
    """Throttles and the login limit count in the cache, which outlives a test."""
    cache.clear()
