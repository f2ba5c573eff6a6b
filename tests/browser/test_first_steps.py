"""What a newcomer does on the first day, in a real browser on a real site."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EMBEDDED_MS, RunningSite, Visit, follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FILES = {
    "sourdough.md": """# Feeding a sourdough starter

Mix equal weights of flour and water into the jar every morning. Bubbles show that the yeast is
alive. Keep the jar near the oven; a warm spot makes the dough rise faster.
""",
    "rye.md": """# Baking a rye loaf

Knead the dough for ten minutes, let it prove overnight, and bake the loaf at a high heat until the
crust turns dark. Rye flour drinks more water than wheat.
""",
    "sailing.md": """# Reefing a mainsail

When the wind grows too strong, ease the halyard, pull the sail down to the first reef and tie it
along the boom. A smaller sail keeps the boat upright and the helm light.
""",
}
PHRASE = "reduce canvas during a storm"  # shares no word with sailing.md

DROP = """([zone, files]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) transfer.items.add(new File([text], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(
      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }),
    );
  }
}"""


def words(text: str) -> set[str]:
    return set("".join(c if c.isalpha() else " " for c in text.casefold()).split())


def test_phrase_shares_no_word_with_the_document_it_finds():
    assert words(PHRASE) & words(FILES["sailing.md"]) - {"a"} == set()


def test_from_three_dropped_files_to_a_cited_answer(visit: Visit, site: RunningSite):
    page = visit.page
    visit.log_in(site)
    make_collection(visit, "Kitchen and sea")
    drop(visit, FILES)
    collection = embedded(visit, len(FILES))

    page.goto(collection)
    follow(page.locator("text=Search within"))
    page.fill("#id_q", PHRASE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    first = page.locator(".hit h2 a").first
    first.get_by_text("Reefing a mainsail").wait_for()
    first.click()
    page.locator("h1", has_text="Reefing a mainsail").wait_for()
    expect(page.locator(".prose")).to_contain_text("tie it")

    visit.goto(collection.removeprefix(visit.url))
    follow(page.locator("text=Feeding a sourdough starter"))
    page.locator(".related a").first.click()
    page.locator("h1", has_text="Baking a rye loaf").wait_for()

    clusters(visit, collection)
    follow(page.locator(".card__title a").first)
    page.locator(".row__title").first.wait_for()

    ask(visit, collection, "How do I shorten sail when it blows hard?")
    follow(page.locator(".quote__from a").first)
    page.locator("h1", has_text="Reefing a mainsail").wait_for()
    expect(page.locator(".prose mark", has_text="sail").first).to_be_visible()


def make_collection(visit: Visit, name: str) -> None:
    visit.goto("/c/new/")
    visit.page.fill("[name=name]", name)
    follow(visit.page.locator("text=Make the collection"))
    visit.page.locator(".drop").wait_for()


def drop(visit: Visit, files: dict[str, str]) -> None:
    zone = visit.page.locator(".drop").element_handle()
    visit.page.evaluate(DROP, [zone, list(files.items())])
    visit.page.locator(".upload-list .badge--ready").nth(len(files) - 1).wait_for()


def embedded(visit: Visit, count: int) -> str:
    """The collection's address, once its page shows, without a reload, that all are ready."""
    page = visit.page
    follow(page.locator("[data-upload-progress] a"))
    expect(page.locator("#progress .spinner")).to_have_count(0, timeout=EMBEDDED_MS)
    ready = page.locator("#progress .figures div", has_text="ready").locator("dd")
    expect(ready).to_have_text(str(count))
    return page.url


def clusters(visit: Visit, collection: str) -> None:
    page = visit.page
    page.goto(collection + "clusters/")
    page.fill("main form [name=wanted]", "2")
    follow(page.locator("form:has([name=wanted]) button"))
    page.locator(".card__title a").first.wait_for(timeout=EMBEDDED_MS)


def ask(visit: Visit, collection: str, question: str) -> None:
    page = visit.page
    page.goto(collection)
    follow(page.locator(".page-head__actions a.btn", has_text="Ask"))
    page.fill("[name=question]", question)
    follow(page.locator("main form button.btn--primary"))
    page.locator(".quote__from a").first.wait_for()
