"""The pictures of the documents, taken from the site as it is.

EMBEDSITE_SCREENSHOTS=docs/images .venv/bin/python -m pytest tests/browser/test_pictures.py
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from collections_app.demo import catalogue, searches
from tests.browser.conftest import RunningSite, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUERY = "how alike are two pieces of text"
MODULES = (
    "difflib",
    "filecmp",
    "html",
    "re",
    "secrets",
    "statistics",
    "string",
    "textwrap",
    "uuid",
)
LARGEST = 300_000  # bytes: what a README should load


def test_search_picture(visit: Visit, site: RunningSite, pictures: Path, tmp_path: Path):
    assert QUERY in searches.EXAMPLES
    library(site, tmp_path)
    page = visit.page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    visit.goto(f"/search/?q={QUERY}")
    expect(page.locator(".hit h2 a").first).to_have_text(re.compile("^difflib"))
    page.evaluate("document.fonts.ready")
    path = pictures / "search.png"
    page.screenshot(path=path)
    assert path.stat().st_size < LARGEST


def library(site: RunningSite, folder: Path) -> None:
    """A part of the demo's Python library, which every machine has, as a public collection."""
    [plan] = [plan for plan in catalogue.COLLECTIONS if plan.name == searches.COLLECTION]
    for document in plan.make():
        if document.external_id.split(".")[0] in MODULES:
            (folder / document.external_id).write_text(document.text, encoding="utf-8")
    words = ["--files", str(folder), "*", "--visibility", "public"]
    said = site.manage("embed_multi", plan.name, *words)
    assert " 0 failed." in said
