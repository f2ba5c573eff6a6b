"""What every room's tests share."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import translation

from embedsite.translations import compile_all


def pytest_configure(config: pytest.Config) -> None:
    """Translations are compiled; pages name their static files as they are, so that no test
    needs `collectstatic`.

    The live server finds them in the apps. test_static.py tries what the site itself uses.
    """
    if not hasattr(config, "workerinput"):  # once, before the processes of `-n`
        compile_all(settings.BASE_DIR)
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    # A million rounds for each user a test makes would be a third of all the time.
    fast = "django.contrib.auth.hashers.MD5PasswordHasher"
    settings.PASSWORD_HASHERS = [fast, *settings.PASSWORD_HASHERS]
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or WhiteNoise warns


@pytest.fixture(autouse=True)
def no_counts_from_before() -> None:
    """Throttles and the login limit count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture(autouse=True)
def english_before_each() -> None:
    """A page in another language leaves it active in this thread."""
    translation.activate("en")
