"""The page of words in a real browser: a sum is built word by word, drawn, and sent by address."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

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
    visit.page.get_by_role("main").get_by_role("link", name="Words", exact=True).click()
    visit.page.locator("select[name=c]").select_option(label="small · word vectors")
    visit.page.get_by_role("button", name="Apply").click()
    return visit.page


def rows(page):
    return page.locator("tbody th")


def add(page, words, button="Add"):
    page.get_by_label("A word, or a sum").fill(words)
    page.get_by_role("button", name=button, exact=True).click()


def test_a_sum_is_built_turned_and_taken_apart(page):
    add(page, "germany", "Show")
    expect(rows(page)).to_have_count(7)
    add(page, "paris")
    add(page, "france", "Take away")
    expect(page.get_by_role("heading", name="Nearest to germany + paris - france")).to_be_visible()
    expect(rows(page).first).to_have_text("berlin")
    expect(page).to_have_url(re.compile("plus=germany&plus=paris&minus=france"))
    expect(page.get_by_role("img", name=re.compile("germany .* drawn"))).to_be_visible()
    assert page.locator("line.plane__arrow").count() == 2
    page.get_by_role("link", name="Add france instead").click()
    expect(page.get_by_role("heading", name="Nearest to germany + paris + france")).to_be_visible()
    page.get_by_role("link", name="Remove germany").click()
    expect(page.get_by_role("heading", name="Nearest to paris + france")).to_be_visible()
    page.get_by_label("Show the words of the sum too").check()
    page.get_by_role("button", name="Apply").click()
    expect(rows(page)).to_have_count(8)
    expect(page.locator("tbody")).to_contain_text("france")


def test_unknown_word_is_told_and_a_neighbour_leads_on(page, visit):
    add(page, "nowhere", "Show")
    expect(page.get_by_role("alert")).to_contain_text("“nowhere” is not among the words of “small”")
    assert ["422" in one for one in visit.errors] == [True]  # the browser notes the status
    visit.errors.clear()
    page.get_by_role("link", name="Remove nowhere").click()
    add(page, "bread", "Show")
    rows(page).first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Nearest to cheese")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_page_fits_and_is_accessible(page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    add(page, "germany + paris - france", "Show")
    expect(rows(page).first).to_have_text("berlin")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
