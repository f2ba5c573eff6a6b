"""What is sent is sent once, and an answer that comes late takes no later one's place."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_form_is_sent_once_however_often_it_is_pressed(visit, site):
    page = visit.page
    visit.log_in(site)
    visit.goto("/c/new/")
    page.fill("[name=name]", "Pressed twice")
    with page.expect_navigation():
        sent = page.evaluate(
            "() => { const sent = [];"
            " addEventListener('submit', (event) => sent.push(!event.defaultPrevented));"
            " const button = [...document.querySelectorAll('main form button')].at(-1);"
            " button.click(); button.click(); return sent; }"
        )
    assert sent == [True, False]
    expect(page.get_by_role("heading", name="Pressed twice", level=1)).to_be_visible()
    page.go_back()  # it can be sent again
    page.fill("[name=name]", "Pressed twice, and again")
    follow(page.locator("main form button").last)
    expect(page.get_by_role("heading", name="Pressed twice, and again", level=1)).to_be_visible()


def test_a_finished_search_is_not_asked_for_again_by_the_pause_after_it(visit, site):
    page = visit.page
    page.clock.install()
    visit.goto("/search/")
    page.evaluate(
        "() => { window.asked = []; document.addEventListener('htmx:beforeRequest',"
        " (event) => asked.push(event.target.id)); }"
    )
    before = page.evaluate("history.length")
    page.fill("#id_q", "sailing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=sailing*")
    page.clock.run_for(1000)
    assert page.evaluate("asked") == ["search-form"]
    assert page.evaluate("history.length") == before + 1
    page.fill("#id_q", "sailing boats")  # what is typed then is asked for
    page.clock.run_for(1000)
    page.wait_for_url("**/search/?q=sailing%20boats*")
    assert page.evaluate("asked") == ["search-form", "id_q"]
