"""The pages that explore, as one uses them: SQL, vectors, pairs, clusters, scores, following.

One small public collection serves all of them; each test does what a user does on one page.
"""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EMBEDDED_MS, fits, follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
NOTES = {
    "bread": "Bread dough rises in the warm oven, loaf number {n}.",
    "ships": "Ships sail from the harbour at dawn, vessel number {n}.",
    "stars": "Stars and planets shine in the night sky, star number {n}.",
}
ROWS = [
    {
        "external_id": f"{kind}/{n}.txt",
        "body": text.format(n=n),
        "metadata": {"day": f"20{10 + 6 * place + n}-05-01"},
    }
    for place, (kind, text) in enumerate(NOTES.items())
    for n in range(6)
]
SET_UP = """
import json, time
from django.contrib.auth.models import User
from collections_app import services
from search_app import related
owner = User.objects.get(username="{user}")
home = services.create_collection(owner, "explored", visibility="public")
rows = json.loads({rows!r})
services.add_documents(home, [services.Incoming(**row) for row in rows])
until = time.monotonic() + 300
while home.documents.exclude(state="ready").exists():
    assert time.monotonic() < until, "The workers have not embedded them."
    time.sleep(0.25)
related.refresh(home.pk)
print(home.pk)
"""


@pytest.fixture(scope="module")
def explored(site):
    """The address of a public collection of 18 notes with a map and three clusters."""
    made = SET_UP.format(user=site.user, rows=json.dumps(ROWS))
    number = site.manage("shell", "-c", made).split()[-1]
    site.manage("cluster", "explored", "3")
    site.manage("map", "explored")
    return f"/c/{number}/"


@pytest.fixture
def page(visit, site, explored):
    visit.log_in(site)
    visit.goto(explored)
    return visit.page


def tab(page, name):
    follow(page.get_by_role("navigation", name="Collection").get_by_role("link", name=name))


def tool(page, name):
    follow(page.get_by_role("contentinfo").get_by_role("link", name="Tools"))
    follow(page.get_by_role("main").get_by_role("link", name=name, exact=True))


def run(page, send):
    """A query that a busy machine does not end within its second is run again."""
    for _try in range(8):
        with page.expect_navigation():
            send()
        if not page.get_by_role("alert").filter(has_text="longer than").count():
            return


def test_a_query_is_run_with_parameters_saved_and_taken_out(page, visit):
    visit.expects("status of 422")
    tool(page, "SQL")
    follow(page.get_by_role("link", name="Nearest passages, with scores"))
    page.get_by_label("input").fill("sailing out of a port")
    run(page, page.get_by_role("button", name="Run").click)
    expect(page.locator("tbody tr").first).to_contain_text("Ships sail")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert download.value.path().read_text().startswith("score,title,passage,url")
    page.get_by_text("Save this query").click()
    page.get_by_label("Name", exact=True).fill("What is near")
    follow(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("heading", name="What is near", level=1)).to_be_visible()
    page.get_by_label("input").fill("baking")
    run(page, lambda: page.keyboard.press("Enter"))
    expect(page.locator("tbody tr").first).to_contain_text("Bread")
    fits(page, 390)
    page.locator(".page-head details.menu summary").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The query is deleted.")).to_be_visible()


def test_a_query_that_may_not_be_is_told_why_and_stays(page, visit):
    visit.expects("status of 422")
    tool(page, "SQL")
    page.get_by_label("Query").fill("DROP TABLE documents")
    follow(page.get_by_role("button", name="Run"))
    expect(page.get_by_role("alert")).to_contain_text("Only queries are run")
    expect(page.get_by_label("Query")).to_have_value("DROP TABLE documents")


def test_the_vector_of_a_document_leads_to_its_neighbours_and_a_comparison(page):
    follow(page.get_by_role("link", name="ships/0.txt").first)
    follow(page.get_by_role("link", name="Its vector"))
    expect(page.locator("#vector-json")).to_contain_text("[")
    nearest = page.get_by_role("region", name="Nearest").get_by_role("link")
    expect(nearest.first).to_contain_text("ships")
    page.get_by_role("region", name="Passages").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vector of passage 1")
    fits(page, 390)
    follow(page.get_by_role("link", name="Compare with…"))
    page.get_by_label("Other").fill("A vessel leaves the port in the morning.")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("output")).to_have_text(re.compile(r"0\.[3-9]\d+"))


def test_any_text_is_embedded_to_be_copied(page):
    tool(page, "Embed a text")
    page.get_by_label("Text", exact=True).fill("Hello world")
    page.get_by_role("button", name="Embed").click()
    expect(page.locator("#vector-json")).to_contain_text("-0.034")
    expect(page.locator("svg.vector__picture path").first).to_be_attached()


def test_closest_pairs_lead_to_near_duplicates_and_documents(page):
    tab(page, "Closest pairs")
    expect(page.locator(".pair")).not_to_have_count(0)
    page.locator(".pair a").first.click()
    page.wait_for_url("**/d/*/")


def test_a_widget_is_looked_at_and_its_code_copied(page, visit, explored):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visit.url)
    page.locator("summary", has_text="More").click()
    follow(page.get_by_role("link", name="Related lists on other sites"))
    drawn = page.locator("embedsite-related")
    expect(drawn.get_by_role("link").first).to_be_visible()
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "<embedsite-related" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_label("Address of a page").fill("https://nowhere.example/page")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No document of this collection has this address")).to_be_visible()
    fits(page, 390)


def test_a_cluster_is_opened_and_named(page):
    tab(page, "Clusters")
    expect(page.locator(".card__title")).to_have_count(3)
    follow(page.locator(".card__title a").first)
    page.get_by_text("Give it another name").click()
    page.get_by_label("Name", exact=True).fill("A name of mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="A name of mine", level=1)).to_be_visible()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Clusters").click()
    page.get_by_role("link", name="Have a chat model name them").click()
    expect(page.get_by_role("heading", name="There is no chat model")).to_be_visible()
    page.get_by_role("link", name="All clusters").click()
    expect(page.get_by_role("link", name="A name of mine")).to_be_visible()


def test_an_axis_colours_what_is_typed_and_orders_documents(page):
    tab(page, "Scores")
    page.get_by_role("link", name="New axis").click()
    page.get_by_label("Name", exact=True).fill("From land to sea")
    page.get_by_label("One pole").fill("land")
    page.get_by_label("Examples of the one").fill(
        "Bread is baked in an oven.\nA loaf of rye bread."
    )
    page.get_by_label("Other pole").fill("sea")
    page.get_by_label("Examples of the other").fill("Ships sail the sea.\nA boat in the harbour.")
    follow(page.get_by_role("button", name="Make the axis"))
    page.locator("#axis-text").fill("The dough rises. The ship sails at dawn.")
    expect(page.locator("#toned .tone")).to_have_count(2)
    low, high = page.locator("#toned .tone__number").all_inner_texts()  # one answer has both
    assert float(low) < 0 < float(high)
    page.get_by_label("first").select_option("sea")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".rows .row").first).to_contain_text("ships")
    fits(page, 390)
    page.locator(".page-head details.menu summary").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The axis is deleted.")).to_be_visible()


def test_folders_are_a_label_set_with_their_accuracy(page):
    tab(page, "Scores")
    page.get_by_role("link", name="New label set").click()
    page.get_by_label("Name", exact=True).fill("By folder")
    page.get_by_label("Labels from").select_option("folder")
    page.get_by_role("button", name="Make the label set").click()
    expect(page.locator(".figures div").first).to_have_text(re.compile(r"right\s*100 %"))
    expect(page.locator("tbody tr")).to_have_count(3)
    fits(page, 390)


def test_a_taxonomy_labels_pages_and_shows_those_of_a_label(page):
    tab(page, "Scores")
    page.get_by_role("link", name="New taxonomy").click()
    follow(page.get_by_role("link", name="Fill in an example"))
    page.get_by_label("Labels", exact=True).fill(
        "Baking: bread, dough and ovens\nSailing: ships, boats and harbours\nSky: stars and planets"
    )
    page.get_by_role("button", name="Label the documents").click()
    chips = page.get_by_role("list", name="Labels")
    chips.get_by_role("link", name=re.compile("Sailing")).click()
    expect(page.locator(".rows .row")).to_have_count(6)
    expect(page.locator(".rows .row").first).to_contain_text("ships")


def test_the_time_slider_of_the_map_chooses_by_date(page):
    tab(page, "Map")
    page.locator("[data-map][data-ready]").wait_for()
    page.locator("[data-map-time-field]").select_option("metadata.day")
    expect(page.locator("[data-map-from]")).to_be_enabled()  # once it has these dates
    page.locator("[data-map-from]").focus()
    for _step in range(5):
        page.keyboard.press("PageUp")
    page.wait_for_url("**filter=metadata.day*")
    expect(page.locator("#map-table-title")).to_have_text(re.compile(r"^\d+ documents chosen"))


def test_a_search_is_followed_and_what_comes_in_near_stands_there(page, visit, explored, site):
    visit.goto(f"/search/?q=ships+sailing&c={explored.split('/')[2]}")
    page.get_by_role("link", name="Follow this search").click()
    page.get_by_label("Least nearness").fill("0.3")
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing has come in near it yet")).to_be_visible()
    address = page.url
    feed = page.locator("#feed-url").inner_text()
    late = Path(site.var.parent, "late.json")
    late.write_text(json.dumps([{"id": "late", "text": "Ships are sailing home to the harbour."}]))
    site.manage("embed_multi", "explored", str(late))
    found = page.get_by_role("link", name="late")
    until = time.monotonic() + EMBEDDED_MS / 1000
    while not found.count() and time.monotonic() < until:
        page.goto(address)
    expect(found).to_be_visible()
    assert "<title>late" in page.request.get(feed).text()
    page.locator(".page-head details.menu summary").click()
    page.get_by_role("button", name="Give up").click()
    expect(page.get_by_text("You no longer follow")).to_be_visible()
