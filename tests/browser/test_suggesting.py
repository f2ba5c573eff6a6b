"""Suggestions under the search field, with the keyboard alone, in a real browser."""

import re
from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, expect

from tests.browser.conftest import fits, follow
from tests.browser.test_first_steps import FILES, drop, embedded, make_collection

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

VIEWS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
def field(visit, site):
    """The search field, of a user who keeps searches and has a collection and one search."""
    visit.log_in(site)
    visit.goto("/c/")
    if not visit.page.get_by_role("link", name="For who types").count():
        make_collection(visit, "For who types")
        drop(visit, FILES)
        embedded(visit, len(FILES))
    visit.goto("/c/")  # other tests' collections have files of the same names
    own = visit.page.get_by_role("link", name="For who types").first.get_attribute("href")
    visit.goto("/account/feedback/")
    visit.page.get_by_label("Keep what I search for").check()
    follow(visit.page.get_by_role("button", name="Keep this choice"))
    follow(visit.page.get_by_role("button", name="Delete all past searches of mine"))
    visit.page.get_by_text("Queries that were kept:").wait_for()
    visit.goto("/search/?q=reef+in+a+storm")
    visit.goto(f"/search/?c={own.strip('/').split('/')[-1]}")
    return visit.page.get_by_role("combobox", name="Search by meaning")


def options_of(page):
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


def test_keyboard_opens_moves_and_chooses(visit, field):
    page = visit.page
    options = options_of(page)
    page.locator("h1").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("reef")
    expect(options).to_have_text(["reef in a storm, past search", "Reefing a mainsail, document"])
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", options.first.get_attribute("id"))
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("reef")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(options).to_have_count(2)
    page.keyboard.press("Tab")
    expect(options).to_have_count(0)
    field.focus()
    page.keyboard.press("ArrowDown")
    expect(options).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("reef in a storm")
    page.wait_for_url("**/search/?q=reef%20in%20a%20storm&*")
    field.fill("reef")
    expect(options).to_have_count(2)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.locator("h1", has_text="Reefing a mainsail").wait_for()


def test_enter_searches_for_what_is_typed(visit, field):
    page = visit.page
    field.press_sequentially("reef")
    expect(options_of(page)).to_have_count(2)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=reef&c=*")
    expect(options_of(page)).to_have_count(0)


def test_answers_that_come_late_are_dropped(visit, field):
    page = visit.page
    address, held = page.url, []
    page.route(re.compile(r"/search/suggest/\?q=b(&|$)"), lambda route: held.append(route))
    page.goto(address)  # anew: the route stands before the page asks
    with page.expect_request(re.compile(r"/search/suggest/\?q=b(&|$)")):
        field.press_sequentially("b")
    field.press_sequentially("ak")  # it begins a title: words within are left out in a hurry
    expect(options_of(page)).to_have_text(["Baking a rye loaf, document"])
    assert len(held) == 1
    with suppress(Error):  # where the page has given the request up, nothing can come late
        held[0].fulfill(body='<li role="option">late</li>')
    with page.expect_response(re.compile(r"/search/suggest/\?q=ba(&|$)")):
        field.press("Backspace")  # its answer comes after the late one
    expect(options_of(page)).to_have_text(["Baking a rye loaf, document"])


def test_open_list_breaks_no_rule(visit, field, pictures):
    page = visit.page
    found = {}
    for theme, width in VIEWS:
        page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.url}])
        page.set_viewport_size({"width": width, "height": 900})
        for address in ("/search/", "/"):
            visit.goto(address)
            page.locator("main input[type=search]").focus()
            page.keyboard.insert_text("ree")  # at once: it is asked for once
            options_of(page).nth(1).wait_for()
            page.keyboard.press("ArrowDown")
            expect(options_of(page).first).to_have_attribute("aria-selected", "true")
            page.screenshot(
                path=pictures / f"suggest-{theme}-{width}{address.replace('/', '-')}.png"
            )
            violations = Axe().run(page).response["violations"]
            found[theme, width, address] = [
                (rule["id"], [node["target"] for node in rule["nodes"]]) for rule in violations
            ]
            fits(page, width)
    assert {view: rules for view, rules in found.items() if rules} == {}
