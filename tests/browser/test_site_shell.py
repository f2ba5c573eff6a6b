"""What only a browser can show of the site's shell: scripts run under the strict CSP."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import fits, follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_api_docs_try_an_operation_as_the_account_that_is_logged_in(visit, site):
    visit.log_in(site)
    visit.goto("/api/docs/")
    operation = visit.page.locator("#operations-collections-collections_create")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_text("Try it out").click()
    operation.locator("textarea").fill('{"name": "Made by the API page"}')
    operation.get_by_text("Execute", exact=True).click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text(
        "201"
    )


def test_theme_button_keeps_its_choice_without_a_flash(visit):
    visit.goto("/")
    page = visit.page
    button = page.get_by_role("button", name="Dark theme")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert 'data-theme="dark"' in page.request.get(visit.url).text()  # written by the server


def test_slash_goes_to_the_search_box(visit):
    visit.goto("/account/login/")
    visit.page.locator("h1").click()
    visit.page.keyboard.press("/")
    expect(visit.page.locator("#site-q")).to_be_focused()


def test_message_can_be_closed_and_a_success_goes_by_itself(visit, site):
    visit.log_in(site)
    page = visit.page
    page.clock.install()
    for close in (True, False):
        visit.goto("/account/tokens/")
        page.fill("[name=name]", "script")
        follow(page.locator("main .btn--primary"))
        follow(page.get_by_role("button", name="Revoke").first)
        message = page.locator("#messages .callout--success")
        button = message.get_by_role("button", name="Close this message")
        expect(button).to_be_visible()
        if close:
            button.click()
        else:
            page.clock.fast_forward(9_000)
        expect(message).to_have_count(0)


def test_wide_and_narrow_windows_need_no_sideways_scrolling(visit, site):
    visit.expects("status of 404")  # of the address that is not there
    visit.log_in(site)
    visit.goto("/c/new/")
    visit.page.fill("[name=name]", "Of a narrow window")
    follow(visit.page.locator("main form button").last)
    visit.page.wait_for_url(re.compile(r"/c/\d+/"))
    collection = re.search(r"/c/\d+/", visit.page.url).group()
    addresses = ["/", "/c/", "/c/new/", "/account/tokens/", "/nothing-here/", "/api/docs/"]
    addresses += [collection + name for name in ("rows/", "add/", "sources/", "edit/")]
    for width in (320, 390, 768, 1280):
        visit.page.set_viewport_size({"width": width, "height": 900})
        for address in addresses:
            visit.goto(address)
            if address == "/api/docs/":
                visit.page.locator(".opblock-summary-method").first.wait_for()
            fits(visit.page, width)


def test_what_is_wider_than_the_page_scrolls_by_keyboard_and_has_a_name(visit, site, tmp_path):
    text = f"# Wide\n\n```\n{'a long line of code ' * 20}\n```\n\nand\n\n```\nshort\n```\n"
    (tmp_path / "wide.md").write_text(text)
    site.manage("embed_multi", "Wide code", "--files", str(tmp_path), "*.md")
    visit.log_in(site)
    visit.goto("/c/")
    visit.page.get_by_role("link", name="Wide code").click()
    visit.page.locator("#documents .row__title").click()
    wide, short = (visit.page.locator("main .prose pre").nth(place) for place in (0, 1))
    expect(wide).to_have_attribute("tabindex", "0")
    expect(wide).to_have_role("group")
    expect(wide).to_have_accessible_name("Scrolls by the arrow keys")
    expect(short).not_to_have_attribute("tabindex", "0")
    wide.focus()
    wide.evaluate("box => box.addEventListener('scroll', () => (box.dataset.moved = 'yes'))")
    visit.page.keyboard.press("ArrowRight")
    expect(wide).to_have_attribute("data-moved", "yes")
