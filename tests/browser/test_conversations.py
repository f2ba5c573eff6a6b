"""A conversation with a scripted chat server, in a real browser on a real site."""

import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import RunningSite, Visit, fits, follow
from tests.browser.test_first_steps import FILES, drop, embedded, make_collection
from tests.rag_app.chat_server import ChatServer, delta, streamed

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ASKED = "How is a sourdough starter fed?"
WAIT = 240.0  # seconds, at most, for a reply that a test holds back


@pytest.fixture
def chat(site: RunningSite):
    """A chat server that the site knows by the name `scripted`."""
    with ChatServer() as server:
        site.manage(
            "chat_models", "add", "openai-compatible", "scripted", "--base-url", f"{server.url}/v1"
        )
        yield server
    site.manage("chat_models", "delete", "scripted")


def slow(server: ChatServer, stopped: threading.Event):
    """Begins an answer, and then says nothing until it may go on."""

    def reply(handler):
        handler.begin(200, "text/event-stream")
        handler.send(delta("Mix equal weights of flour and water "))
        stopped.wait(WAIT)
        handler.send(delta("every morning [1].", "stop"))

    return reply


def test_pin_drop_follow_up_stop_and_regenerate(
    visit: Visit, site: RunningSite, chat: ChatServer, pictures: Path
):
    page, go = visit.page, threading.Event()
    visit.log_in(site)
    make_collection(visit, "Kitchen and sea, asked")
    drop(visit, FILES)
    embedded(visit, len(FILES))

    visit.goto("/ask/")
    shots(visit, pictures, "asking-empty")
    page.fill("#id_question", ASKED)
    page.select_option("#id_collection", label="Kitchen and sea, asked")
    page.select_option("#id_chat", "scripted")
    follow(page.locator("button[name=preview]"))
    page.get_by_text("What is sent to scripted").wait_for()
    shots(visit, pictures, "asking-preview")

    # Stop: the passages are there first; what was written stays.
    chat.reply = slow(chat, go)
    follow(page.locator(".ask .btn--primary"))
    page.get_by_text("Passages found").wait_for()
    page.locator("[data-answer-text]", has_text="Mix equal weights").wait_for()
    press(page, "Stop")
    page.get_by_text("You stopped this answer.").wait_for()
    expect(page.locator(".answer-text")).to_contain_text("Mix equal weights")
    go.set()

    # Drop by keyboard, and ask again: nothing else is about it.
    chat.reply = streamed("Mix equal weights of flour and water into the jar [1].")
    first = page.locator(".passage").first
    title = first.locator(".passage__title").inner_text().lstrip("0123456789").strip()
    first.get_by_label("Leave out").focus()
    page.keyboard.press("Space")
    press(page, "Ask again with this choice")
    page.get_by_text("1 passage left out by you").wait_for()
    page.get_by_text("No document is about this.").wait_for()
    expect(page.locator(".answer .passages")).not_to_contain_text(title)
    assert len(chat.requests) == 1

    # Bring it back and pin it.
    page.locator("input[name=drop]:checked").uncheck()
    press(page, "Ask again with this choice")
    page.get_by_role("button", name="Regenerate").wait_for()
    page.locator("input[name=pin]").first.check()
    press(page, "Ask again with this choice")
    page.get_by_role("button", name="Regenerate").wait_for()
    expect(page.get_by_text("kept in by you")).to_have_count(1)

    before = len(chat.requests)
    press(page, "Regenerate")
    page.get_by_role("button", name="Regenerate").wait_for()
    assert len(chat.requests) == before + 1

    # Ask on: it is made to stand alone, and the turn before stays.
    chat.reply = streamed("Where does the jar of the sourdough starter stand?")
    page.fill("#follow [name=question]", "Where does it stand?")
    before = len(chat.requests)
    with page.expect_navigation():
        page.press("#follow [name=question]", "Control+Enter")
    page.get_by_text("Understood as:").wait_for()
    page.locator(".turn__question", has_text=ASKED).wait_for()
    page.locator(".answer-actions").wait_for()
    assert len(chat.requests) == before + 2  # to make it stand alone, and to answer it

    # A form that is sent twice at once asks once.
    page.fill("#follow [name=question]", "And when is the starter fed?")
    with page.expect_navigation():
        page.evaluate("() => { for (const _ of [1, 2]) document.forms.follow.requestSubmit() }")
    page.locator(".answer-actions").wait_for()
    assert len(chat.requests) == before + 4

    # Deleted elsewhere while it is written: said where the answer stood.
    again = threading.Event()
    chat.reply = slow(chat, again)
    press(page, "Regenerate")
    page.locator("[data-answer-text]", has_text="Mix equal weights").wait_for()
    [token] = [one["value"] for one in page.context.cookies() if one["name"] == "csrftoken"]
    address = page.url.replace("/q/", "/api/questions/").split("#")[0]
    headers = {"X-CSRFToken": token, "Referer": page.url}
    assert page.request.delete(address, headers=headers).status == 204
    again.set()
    page.get_by_text("This question was asked again or deleted. Load the page again.").wait_for()
    assert not page.get_by_text("The answer is being written").is_visible()
    visit.errors.clear()  # the browser notes that the page is gone


def press(page, name: str) -> None:
    """A button that leads to another page."""
    follow(page.get_by_role("button", name=name, exact=True))


def shots(visit: Visit, pictures: Path, name: str) -> None:
    """Phone and desk, light and dark; no page is wider than its window."""
    page = visit.page
    for theme in ("light", "dark"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.url}])
        page.evaluate("theme => document.documentElement.setAttribute('data-theme', theme)", theme)
        for width in (390, 1440):
            fits(page, width)
            page.screenshot(path=pictures / f"{name}-{width}-{theme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
