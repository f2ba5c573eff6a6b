"""The pages of pictures in a real browser: from one tap to the next, dropped, pasted, by phone."""

import base64
import io
import random
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from collections_app.demo.taps import drawing
from collections_app.demo.taps.tap import made_up
from tests.browser.conftest import fits, follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
VIEWS = [("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390)]
SHOP = """
from collections_app import services
services.demo_picture_model()
"""


def png(seed):
    file = io.BytesIO()
    drawing.draw(made_up(random.Random(seed)), seed, 200).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def shop(site, tmp_path_factory):
    """Thirty drawn taps in a public collection."""
    folder = tmp_path_factory.mktemp("taps")
    for seed in range(30):
        (folder / f"tap-{seed:02}.png").write_bytes(png(seed))
    site.manage("shell", "-c", SHOP)
    words = ["--files", str(folder), "*.png", "-m", "demo-pictures", "--visibility", "public"]
    assert " 0 failed." in site.manage("embed_multi", "taps", *words)


@pytest.fixture
def page(visit, site, shop):
    visit.log_in(site)
    visit.goto("/c/")
    follow(visit.page.get_by_role("link", name="taps", exact=True).first)
    tabs = visit.page.get_by_role("navigation", name="Collection")
    follow(tabs.get_by_role("link", name="Pictures"))
    return visit.page


def tiles(page):
    return page.locator(".tile")


def test_from_words_to_a_tile_to_what_is_similar_and_back(page):
    expect(tiles(page)).to_have_count(24)
    page.get_by_placeholder("What is to be seen").fill("soap dispenser")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=soap"))
    follow(tiles(page).first.get_by_role("link", name="Find similar"))
    expect(page.locator(".trail")).to_contain_text("and what looks like it")
    follow(tiles(page).first.get_by_role("link", name="Find similar"))
    expect(page.locator(".trail li")).to_have_count(3)
    follow(page.locator(".trail .chip"))
    expect(page.get_by_placeholder("What is to be seen")).to_have_value("soap dispenser")


def test_a_picture_is_dropped_and_pasted_anywhere(page):
    for kind in ("drop", "paste"):
        expect(page.locator(".tiles--masonry")).to_be_visible()  # the page has its scripts
        page.evaluate(
            """([kind, data]) => {
              const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
              const moved = new DataTransfer();
              moved.items.add(new File([bytes], "mine.png", { type: "image/png" }));
              const event = kind === "paste"
                ? new ClipboardEvent("paste", { clipboardData: moved, bubbles: true })
                : new DragEvent("drop", { dataTransfer: moved, bubbles: true });
              document.body.dispatchEvent(event);
            }""",
            [kind, base64.b64encode(png(3)).decode()],
        )
        expect(page.locator(".trail")).to_contain_text("Your picture")
        expect(tiles(page).first).to_contain_text("tap-03")
        tabs = page.get_by_role("navigation", name="Collection")
        follow(tabs.get_by_role("link", name="Pictures"))
        expect(page.locator(".trail")).to_have_count(0)


def test_tiles_stand_close_and_load_as_one_scrolls(page):
    expect(page.locator(".tiles--masonry")).to_have_count(1)
    first, second = (tiles(page).nth(n).bounding_box() for n in (0, 1))
    assert first["x"] < second["x"]
    expect(page.locator(".tile img:not([loading=lazy])")).to_have_count(0)
    expect(page.locator(".tile img:not([alt])")).to_have_count(0)


def test_phrases_of_one_picture(page):
    follow(tiles(page).first.get_by_role("link", name="Find similar"))
    follow(page.get_by_role("link", name="What phrases say of it"))
    page.get_by_label("Phrases").fill("a tap\na shower\na towel ring")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("tbody tr")).to_have_count(3)


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_pages_fit_and_are_accessible(page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    follow(tiles(page).nth(2).get_by_role("link", name="Find similar"))
    expect(page.locator(".trail")).to_have_count(1)
    fits(page, width)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
