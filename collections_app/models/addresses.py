"""Addresses of rows by their number, of which a page of hits writes dozens."""

from functools import lru_cache

from django.urls import get_script_prefix, reverse


def address(name: str, number: int) -> str:
    """As `reverse(name, args=[number])` gives it, without looking for the name each time."""
    before, after = _around(name, get_script_prefix())
    return f"{before}{number}{after}"


@lru_cache(maxsize=64)  # what the site stands under is part of the address
def _around(name: str, _prefix: str) -> tuple[str, str]:
    before, _number, after = reverse(name, args=[0]).rpartition("0")
    return before, after
