"""The page of words in a real browser: a sum is built word by word, drawn, and sent by address."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import fits, follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
VIEWS = [("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390)]
VECTORS = """8 3
germany 1 0.1 0
france 1 -0.1 0.2
berlin 1 0.1 1
paris 1 -0.1 1.2
rome 0.6 -0.9 1.1
bread -1 1 0.1
cheese -1 0.9 0.2
boat -0.5 -1 -1
"""


@pytest.fixture(scope="module")
def small(site, tmp_path_factory):
    path = tmp_path_factory.mktemp("words") / "small.vec"
    path.write_text(VECTORS)
    assert "8 words of 3 numbers imported" in site.manage("import_word_vectors", str(path))


@pytest.fixture
def page(visit, site, small):
    visit.log_in(site)
    visit.goto("/tools/")
    follow(visit.page.get_by_role("main").get_by_role("link", name="Words", exact=True))
    visit.page.locator("select[name=c]").select_option(label="small · word vectors")
    follow(visit.page.get_by_role("button", name="Apply"))
    return visit.page


def rows(page):
    return page.locator("tbody th")


def add(page, words, button="Add"):
    page.get_by_label("A word, or a sum").fill(words)
    follow(page.get_by_role("button", name=button, exact=True))


def test_a_sum_is_built_turned_and_taken_apart(page):
    add(page, "germany", "Show")
    expect(rows(page)).to_have_count(7)
    add(page, "paris")
    add(page, "france", "Take away")
    expect(page.get_by_role("heading", name="Nearest to germany + paris - france")).to_be_visible()
    expect(rows(page).first).to_have_text("berlin")
    expect(page).to_have_url(re.compile("plus=germany&plus=paris&minus=france"))
    expect(page.get_by_role("img", name=re.compile("germany .* drawn"))).to_be_visible()
    expect(page.locator("line.plane__arrow")).to_have_count(2)
    follow(page.get_by_role("link", name="Add france instead"))
    expect(page.get_by_role("heading", name="Nearest to germany + paris + france")).to_be_visible()
    follow(page.get_by_role("link", name="Remove germany"))
    expect(page.get_by_role("heading", name="Nearest to paris + france")).to_be_visible()
    page.get_by_label("Show the words of the sum too").check()
    page.get_by_role("button", name="Apply").click()
    expect(rows(page)).to_have_count(8)
    expect(page.locator("tbody")).to_contain_text("france")


def test_unknown_word_is_told_and_a_neighbour_leads_on(page, visit):
    visit.expects("status of 422")
    with page.expect_response(lambda one: one.status == 422):
        add(page, "nowhere", "Show")
    expect(page.get_by_role("alert")).to_contain_text("“nowhere” is not among the words of “small”")
    follow(page.get_by_role("link", name="Remove nowhere"))
    add(page, "bread", "Show")
    follow(rows(page).first.get_by_role("link"))
    expect(page.get_by_role("heading", name="Nearest to cheese")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_page_fits_and_is_accessible(page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    add(page, "germany + paris - france", "Show")
    expect(rows(page).first).to_have_text("berlin")
    fits(page, width)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
