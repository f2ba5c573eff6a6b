"""A real site in processes of its own, and a real browser on it.

Without a browser these tests skip; EMBEDSITE_REQUIRE_BROWSER makes them fail instead. With
EMBEDSITE_SCREENSHOTS=FOLDER the pictures of the documents are made anew there. With
EMBEDSITE_SLOW_BROWSER=1 pages are slow and answers come late, in another order each time: what a
test reads before it is there then fails here too, not on a busy machine alone.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 240
STOP_SECONDS = 180
COMMAND_SECONDS = 400  # the first that embeds may have to convert the model
PATIENCE_MS = 60_000  # for whatever comes at once on a machine that does nothing else
EMBEDDED_MS = 300_000  # for what a worker makes
SLOW = bool(os.environ.get("EMBEDSITE_SLOW_BROWSER"))
SLOWER = 6  # so many times, the scripts of a page
LATE_MS = {"document": 300, "script": 700, "fetch": 1500, "xhr": 1500}  # at most, each request
# What htmx says of a poll that was under way when the page was left. A request that failed is
# told by htmx:responseError or htmx:sendError besides.
LEFT = ("htmx:sendAbort", "htmx:afterRequest")


@dataclass(frozen=True)
class RunningSite:
    """Where the site is, and how to log in."""

    url: str
    user: str
    password: str
    var: Path

    def manage(self, *words: str) -> str:
        """Run a management command on this site; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR,
            env=environment(self.var),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def free_port() -> int:
    """One of the system's choice, so that no other site on this machine wants it too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path) -> dict[str, str]:
    # The model that other tests converted is used again.
    return os.environ | {"EMBEDSITE_VAR": str(var), "MODELS_DIR": str(settings.MODELS_DIR)}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if os.environ.get("EMBEDSITE_REQUIRE_BROWSER"):
            pytest.fail("No browser was found, but EMBEDSITE_REQUIRE_BROWSER is set.")
        pytest.skip("No Chromium or Chrome is on the path.")
    expect.set_options(timeout=PATIENCE_MS)  # of itself it gives up after five seconds
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program, args=FLAGS, timeout=3 * PATIENCE_MS
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """`manage.py runsite`, as `make site` starts it, with an administrator."""
    var = tmp_path_factory.mktemp("site") / "var"
    log = var.with_name("site.log")
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "manage.py", "runsite", "--port", str(free_port())],
            cwd=settings.BASE_DIR,
            env=environment(var),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        found = _login(running, log)
        yield RunningSite(*found, var)
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(STOP_SECONDS)


def _login(running: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str, str]:
    """(address, user, password), once the site has said that it is up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        said = log.read_text(errors="replace")
        if found := re.search(r"embedsite is at (\S+)\nLogin: (\S+) +Password: (\S+)", said):
            return found[1], found[2], found[3]
        time.sleep(0.2)
    pytest.fail(f"The site did not start:\n{log.read_text(errors='replace')}")


class Visit:
    """One browser window; remembers what went wrong in it and whom it called."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", self._look)

    def _note(self, message) -> None:
        known = message.text.startswith(LEFT) or any(map(message.text.__contains__, self.expected))
        if message.type == "error" and not known:
            self.errors.append(message.text)

    def expects(self, *words: str) -> None:
        """The browser will note an error with these words: it may do so late, so say it before."""
        self.expected += words

    def _look(self, request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.strangers.append(request.url)

    def goto(self, path: str) -> None:
        """The page with its scripts."""
        self.page.goto(self.url + path.lstrip("/"))

    def log_in(self, site: RunningSite) -> None:
        self.goto("/account/login/")
        self.page.fill("[name=username]", site.user)
        self.page.fill("[name=password]", site.password)
        self.page.click("main form button")
        self.page.wait_for_selector("details.menu")
        self.page.wait_for_load_state()


def follow(link: Locator) -> None:
    """Click what leads to another page, until that page is there with its scripts."""
    with link.page.expect_navigation():
        link.click()


def fits(page: Page, width: int) -> None:
    """No page is wider than its window."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_load_state()  # with its styles
    page.evaluate("document.fonts.ready")
    page.wait_for_function(
        "width => innerWidth === width && document.documentElement.scrollWidth <= width", arg=width
    )


def slow_down(page: Page) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def late(route: Route) -> None:
        with suppress(Error):  # the page may be gone, or no longer want it
            most = LATE_MS.get(route.request.resource_type)
            if most:
                page.wait_for_timeout(random.uniform(0, most))
            route.fallback()

    page.route("**/*", late)


@pytest.fixture
def visit(browser: Browser, site: RunningSite) -> Iterator[Visit]:
    """A fresh window; the test fails for any script error or request to another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    made = Visit(context, site.url)
    if SLOW:
        slow_down(made.page)
    yield made
    made.page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert made.errors == []
    assert made.strangers == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    folder = Path(os.environ.get("EMBEDSITE_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
