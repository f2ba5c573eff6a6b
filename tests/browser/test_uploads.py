"""Large files in the browser: past a broken connection, past a reload, and without room."""

from pathlib import Path

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.conftest import RunningSite, Visit
from tests.browser.test_first_steps import make_collection

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PIECE = 4 * 1024 * 1024
UPLOADS = "**/api/uploads/**"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Three pieces of what no reader takes, so that nothing of it is embedded."""
    path = tmp_path / "large.bin"
    path.write_bytes(b"\x00\x01\xfe" * PIECE)
    return path


def offsets(visit: Visit) -> list[str]:
    """The offset of each piece that is sent from now on."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            found.append(request.headers["upload-offset"])

    visit.page.on("request", note)
    return found


def broken_at(offset: int, times: int | None):
    """A route that breaks the connection of pieces at this offset."""
    left = [times]

    def route(route: Route) -> None:
        if route.request.headers.get("upload-offset") == str(offset) and left[0] != 0:
            left[0] = None if left[0] is None else left[0] - 1
            route.abort("connectionreset")
        else:
            route.continue_()

    return route


def test_upload_goes_on_past_a_broken_connection(visit: Visit, site: RunningSite, large: Path):
    page = visit.page
    visit.expects("ERR_CONNECTION_RESET")
    visit.log_in(site)
    page.route(UPLOADS, broken_at(PIECE, times=2))  # before the page is there that sends
    make_collection(visit, "Broken connections")
    sent = offsets(visit)
    page.set_input_files("#files", large)
    page.locator(".upload-list .badge--ready").wait_for()
    assert sent == ["0", str(PIECE), str(PIECE), str(PIECE), str(2 * PIECE)]
    page.set_input_files("#files", large)
    page.locator(".upload-list", has_text="This file is here already, unchanged").wait_for()


def test_upload_goes_on_after_the_page_was_left(visit: Visit, site: RunningSite, large: Path):
    page = visit.page
    visit.expects("ERR_CONNECTION_RESET")
    visit.log_in(site)
    page.route(UPLOADS, broken_at(PIECE, times=None))
    make_collection(visit, "Left and come back")
    sent = offsets(visit)
    # The server has the first piece whole once the second is on its way.
    with page.expect_request(lambda one: one.headers.get("upload-offset") == str(PIECE)):
        page.set_input_files("#files", large)
    expect(page.locator(".upload-list")).to_contain_text("33 %")
    page.reload()
    page.unroute(UPLOADS)
    sent.clear()
    page.set_input_files("#files", large)
    page.locator(".upload-list .badge--ready").wait_for()
    assert sent == [str(PIECE), str(2 * PIECE)]


def test_large_file_of_rows_comes_in_pieces_to_its_plan(
    visit: Visit, site: RunningSite, tmp_path: Path
):
    page = visit.page
    visit.log_in(site)
    make_collection(visit, "Large tables")
    table = tmp_path / "table.csv"
    table.write_text("id,text\n" + "".join(f"{n},{'word ' * 100}\n" for n in range(9000)))
    number = page.url.split("/c/")[1].split("/")[0]
    visit.goto(f"/c/{number}/rows/")
    sent = offsets(visit)
    page.set_input_files("input[type=file]", table)
    page.click("form[data-rows] button")
    page.wait_for_url("**/rows/*-*/")
    assert sent == ["0", str(PIECE)]
    expect(page.locator(".table--preview tbody tr")).to_have_count(20)


def test_file_over_the_limit_is_refused_before_it_is_sent(visit: Visit, site: RunningSite):
    page = visit.page
    visit.log_in(site)
    make_collection(visit, "Over the limit")
    sent = offsets(visit)
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new ArrayBuffer(60 * 1024 * 1024)], "huge.bin"));
          document.querySelector(".drop").dispatchEvent(
            new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
        }"""
    )
    row = page.locator(".upload-list li")
    told = row.locator(".field__error")
    expect(told).to_contain_text("The file is too large: the limit is 50 MB")
    assert sent == []
