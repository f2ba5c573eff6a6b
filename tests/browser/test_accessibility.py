"""No page of ours breaks a rule that axe can check, in either theme, at either width."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import EMBEDDED_MS, RunningSite, Visit, follow
from tests.browser.test_first_steps import FILES, ask, clusters, drop, embedded, make_collection

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = ["/", "/c/", "/c/new/", "/search/", "/search/?q=sail", "/ask/", "/account/tokens/"]
PAGES += ["/account/password/", "/account/feedback/", "/models/", "/models/new/", "/nothing-here/"]
SEARCHES = ["filter=added:2000..", "filter=added:2000..&sort=added", "filter=added:1999"]
SEARCHES += ["q=sail+-bread+added:2000..&balance=0.2", "q=zebra+opera+quasar", "filter=nothing"]
PARTS = ["", "add/", "edit/", "delete/", "clusters/", "pairs/"]
PARTS += ["quality/", "judged/", "judged/new/", "judged/new/?q=sail", "judged/import/", "model/"]
PARTS += ["sources/", "sources/new/", "sources/new/json_api/", "rows/", "box/"]
CSV = "id,text,price\na,A lamp that lights the whole room,12\nb,,3\n"
STATUS = {"/nothing-here/": 404, "/search/?filter=nothing": 422}
VIEWS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture
def addresses(visit: Visit, site: RunningSite) -> list[str]:
    """Every kind of page, with something on it."""
    visit.log_in(site)
    make_collection(visit, "For every eye")
    drop(visit, FILES)
    collection = embedded(visit, len(FILES)).removeprefix(visit.url)
    page = visit.page
    share(visit, collection)
    document = page.locator("#documents .row__title").first.get_attribute("href")
    clusters(visit, visit.url + collection)
    cluster = page.locator(".card__title a").first.get_attribute("href")
    ask(visit, visit.url + collection, "When do I feed the starter?")
    question = page.url.removeprefix(visit.url)
    of_document = [f"{document}{part}" for part in ("", "edit/", "delete/")]
    widget = document.replace("/d/", "/related/")
    box = f"/ask/{collection}"
    of_collection = [f"/{collection}{part}" for part in PARTS]
    of_source = rows(visit, f"/{collection}")
    searches = [f"/search/?{one}" for one in SEARCHES]
    return [
        *PAGES,
        *searches,
        *of_source,
        *of_collection,
        *of_document,
        cluster,
        f"/{question}",
        widget,
        box,
    ]


def rows(visit: Visit, collection: str) -> list[str]:
    """The pages of one file of rows in the wizard, and of a source with its run."""
    found = []
    for name in ("waits.csv", "goes in.csv"):
        visit.goto(f"{collection}rows/")
        file = {"name": name, "mimeType": "text/csv", "buffer": CSV.encode()}
        visit.page.set_input_files("#id_file", [file])
        follow(visit.page.get_by_role("button", name="Upload and look at it"))
        visit.page.get_by_role("button", name="Import", exact=True).wait_for()
        found.append(visit.page.url.removeprefix(visit.url))
    follow(visit.page.get_by_role("button", name="Import", exact=True))
    visit.page.locator("#run-problems .row").wait_for(timeout=EMBEDDED_MS)
    run = visit.page.url.removeprefix(visit.url)
    follow(visit.page.locator(".crumbs a").last)
    visit.page.wait_for_url("**/s/*/")
    source = visit.page.url.removeprefix(visit.url)
    return [f"/{one}" for one in (found[0], run, source, f"{source}edit/", f"{source}delete/")]


def share(visit: Visit, collection: str) -> None:
    """The widget is there for public documents alone."""
    visit.goto(f"{collection}edit/")
    visit.page.select_option("[name=visibility]", "public")
    visit.page.get_by_role("button", name="Save").click()
    visit.page.wait_for_url(visit.url + collection)


def test_pages_pass_axe_in_both_themes_on_desk_and_phone(visit: Visit, addresses: list[str]):
    page = visit.page
    visit.expects("status of 404", "status of 422")  # those that are asked for
    page.emulate_media(reduced_motion="reduce")  # in the midst of a change a colour is neither
    found = {}
    for theme, width in VIEWS:
        page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.url}])
        page.set_viewport_size({"width": width, "height": 900})
        for address in addresses:
            response = page.goto(visit.url + address.lstrip("/"))
            assert response is not None
            assert response.status == STATUS.get(address, 200), address
            page.evaluate(
                "document.querySelectorAll('main details').forEach(one => one.open = true)"
            )
            violations = Axe().run(page).response["violations"]
            if violations:
                found[theme, width, address] = [
                    (rule["id"], [node["target"] for node in rule["nodes"]]) for rule in violations
                ]
    assert found == {}


def test_api_page_can_be_read_in_both_themes(visit: Visit, site: RunningSite):
    visit.log_in(site)
    for theme in ("light", "dark"):
        visit.page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.url}])
        visit.goto("/api/docs/")
        visit.page.locator(".opblock-summary-method").first.wait_for()
        options = {"runOnly": ["color-contrast", "button-name", "link-name", "label"]}
        assert Axe().run(visit.page, options=options).response["violations"] == []
