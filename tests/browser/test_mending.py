"""When something is wrong with a document: its reason, trying again, embedding again."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMBEDDED_MS, RunningSite, Visit, follow
from tests.browser.test_first_steps import drop, make_collection

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_unreadable_file_says_why_and_is_tried_again(visit: Visit, site: RunningSite):
    page = visit.page
    visit.log_in(site)
    make_collection(visit, "With a picture in it")
    drop(visit, {"picture.txt": "\x89PNG\r\n\x1a\n\0\0\0", "🎉 茶.md": "# Tea\n\nGreen tea."})
    follow(page.locator("[data-upload-progress] a"))
    settled(page)
    failure = page.locator("#progress .callout--error")
    expect(failure).to_contain_text("1 document could not be embedded")
    expect(failure.locator(".row")).to_contain_text("This file cannot be read")
    expect(page.locator("#documents .row", has_text="🎉 茶.md")).to_contain_text("tokens")
    follow(failure.get_by_role("button", name="Try “picture.txt” again"))
    expect(page.locator("#messages")).to_contain_text("“picture.txt” will be tried again.")
    settled(page)
    expect(failure).to_contain_text("1 document could not be embedded")  # without a reload


def test_document_is_embedded_again_from_its_menu_by_keyboard(visit: Visit, site: RunningSite):
    page = visit.page
    visit.log_in(site)
    make_collection(visit, "One note")
    drop(visit, {"tea.md": "# Tea\n\nGreen tea is brewed with water that does not boil."})
    follow(page.locator("[data-upload-progress] a"))
    settled(page)
    follow(page.locator("#documents .row", has_text="tokens").get_by_role("link", name="Tea"))
    menu = page.locator(".page-head details.menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("“Tea” will be embedded again.")
    gone = expect(page.locator("#state"))
    gone.to_have_count(0, timeout=EMBEDDED_MS)  # ready again, without a reload


def settled(page: Page) -> None:
    """Nothing waits any more: what the page asks for every two seconds would replace a button
    while it is pressed."""
    expect(page.locator("#progress .spinner")).to_have_count(0, timeout=EMBEDDED_MS)
