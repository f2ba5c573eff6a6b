"""Answers of a chat model that obeyed its documents, in a real browser: nothing is loaded."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client
from playwright.sync_api import sync_playwright

from rag_app import answer
from rag_app.language import chat
from tests.browser.conftest import FLAGS, NAMES, PATIENCE_MS
from tests.rag_app.conftest import chat_server, notes  # noqa: F401 (fixtures)
from tests.rag_app.test_injections import INJECTIONS, QUESTION

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
HOST = "http://site.test"
FORBIDDEN = ".answer :is(img, iframe, script, object, embed, video, input[name=password])"


def test_browser_asks_no_other_host(notes, chat_server):  # noqa: F811
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if os.environ.get("EMBEDSITE_REQUIRE_BROWSER"):
            pytest.fail("No browser was found, but EMBEDSITE_REQUIRE_BROWSER is set.")
        pytest.skip("No Chromium or Chrome is on the path.")
    said = [f"{one['payload']} {one.get('title', '')} [1].\n\n" for one in INJECTIONS]
    question = answer.ask(notes.owner, QUESTION, collection=notes)
    list(answer.stream(question, chat=chat.ScriptedChat(said)))
    client = Client()
    client.force_login(notes.owner)
    made = client.get(question.get_absolute_url())
    # In a thread of its own: the browser's loop must not be there when Django asks its database.
    with ThreadPoolExecutor(1) as pool:
        text, forbidden, asked, dialogs = pool.submit(
            _visited, program, question.get_absolute_url(), made
        ).result(timeout=400)
    assert "swordfish" in text
    assert (forbidden, dialogs) == (0, [])
    assert [url for url in asked if not url.startswith(f"{HOST}/")] == []


def _visited(program, path, made):
    """The answer's text, the elements in it that must not be, requests and dialogs."""
    asked, dialogs = [], []

    def reply(route):
        if route.request.url == f"{HOST}{path}":
            policy = {"Content-Security-Policy": made["Content-Security-Policy"]}
            route.fulfill(body=made.content, content_type="text/html", headers=policy)
            return
        asked.append(route.request.url)
        route.abort()

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS, timeout=3 * PATIENCE_MS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.route("**/*", reply)
        page.goto(f"{HOST}{path}", wait_until="networkidle")
        found = page.inner_text(".answer-text"), page.locator(FORBIDDEN).count()
        browser.close()
    return *found, asked, dialogs
