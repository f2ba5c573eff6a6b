"""What a newcomer does on the first day, in a real browser on a real site."""

import pytest

from tests.browser.conftest import RunningSite, Visit

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
    page.click("text=Search within")
    page.fill("#id_q", PHRASE)
    page.keyboard.press("Enter")
    first = page.locator(".hit h2 a").first
    first.get_by_text("Reefing a mainsail").wait_for()
    first.click()
    page.locator("h1", has_text="Reefing a mainsail").wait_for()
    assert "tie it" in page.locator(".prose").inner_text()

    visit.goto(collection.removeprefix(visit.url))
    page.click("text=Feeding a sourdough starter")
    page.locator(".related a").first.click()
    page.locator("h1", has_text="Baking a rye loaf").wait_for()

    clusters(visit, collection)
    page.locator(".card__title a").first.click()
    page.locator(".row__title").first.wait_for()

    ask(visit, collection, "How do I shorten sail when it blows hard?")
    page.locator(".quote__from a").first.click()
    page.locator("h1", has_text="Reefing a mainsail").wait_for()
    marked = page.locator(".prose mark").first
    marked.wait_for()
    assert "sail" in " ".join(page.locator(".prose mark").all_inner_texts())


def make_collection(visit: Visit, name: str) -> None:
    visit.goto("/c/new/")
    visit.page.fill("[name=name]", name)
    visit.page.click("text=Make the collection")
    visit.page.locator(".drop").wait_for()


def drop(visit: Visit, files: dict[str, str]) -> None:
    zone = visit.page.locator(".drop").element_handle()
    visit.page.evaluate(DROP, [zone, list(files.items())])
    visit.page.locator(".upload-list .badge--ready").nth(len(files) - 1).wait_for()


def embedded(visit: Visit, count: int) -> str:
    """The collection's address, once its page shows, without a reload, that all are ready."""
    page = visit.page
    page.locator("[data-upload-progress] a").click()
    ready = page.locator("#progress .figures div", has_text="ready").locator("dd")
    page.wait_for_function(
        "([element, count]) => document.querySelector('#progress .spinner') === null",
        arg=[None, count],
        timeout=60_000,
    )
    assert ready.inner_text() == str(count)
    return page.url


def clusters(visit: Visit, collection: str) -> None:
    page = visit.page
    page.goto(collection + "clusters/")
    page.fill("main form [name=wanted]", "2")
    page.locator("form:has([name=wanted]) button").click()
    page.locator(".card__title a").first.wait_for(timeout=60_000)


def ask(visit: Visit, collection: str, question: str) -> None:
    page = visit.page
    page.goto(collection)
    page.locator(".page-head__actions a.btn", has_text="Ask").click()
    page.fill("[name=question]", question)
    page.locator("main form button.btn--primary").click()
    page.locator(".quote__from a").first.wait_for()
