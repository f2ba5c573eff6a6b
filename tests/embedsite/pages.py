"""What every page owes its readers, as a list of what is wrong with one."""

from collections import Counter

from django.test import Client
from lxml import html

CONTROLS = "//input[not(@type='hidden')] | //select | //textarea"


def problems(text: str) -> list[str]:
    """Empty for a page with its landmarks and labels and nothing that the CSP refuses."""
    page = html.document_fromstring(text)
    found = []
    for path, wanted in {"//h1": 1, "//main": 1, "//title": 1, "/html[@lang]": 1}.items():
        if (count := len(page.xpath(path))) != wanted:
            found.append(f"{count} of {path}")
    for element in page.xpath("//*[@style] | //style | //script[not(@src)]"):
        found.append(f"inline: {_shown(element)}")
    for element in page.iter():
        if any(
            name.startswith("on") or value.startswith("javascript:")
            for name, value in element.items()
        ):
            found.append(f"inline script: {_shown(element)}")
    for element in page.xpath(CONTROLS):
        if not _label(page, element):
            found.append(f"no label: {_shown(element)}")
    for element in page.xpath("//a | //button | //summary"):
        if not (element.text_content().strip() or element.get("aria-label")):
            found.append(f"no name: {_shown(element)}")
    for element in page.xpath("//nav[not(@aria-label)] | //img[not(@alt)]"):
        found.append(f"no name: {_shown(element)}")
    ids = Counter(page.xpath("//@id"))
    found += [f"id {name} stands there {count} times" for name, count in ids.items() if count > 1]
    return found


def links(text: str) -> set[str]:
    """Addresses of this site that the page leads to, without fragments."""
    hrefs = html.document_fromstring(text).xpath("//a[not(@download)]/@href")
    return {href.split("#")[0] for href in hrefs if href.startswith("/") and href[1:2] != "/"}


def crawl(
    client: Client, start: str, but: tuple[str, ...], limit: int = 60
) -> dict[str, list[str]]:
    """Follow links from `start`; `{address: what is wrong}` of each page seen."""
    seen: dict[str, list[str]] = {}
    waiting = [start]
    while waiting and len(seen) < limit:
        address = waiting.pop(0)
        if address in seen or address.startswith(but):
            continue
        response = client.get(address, follow=True)
        if not response.headers["Content-Type"].startswith("text/html"):
            continue
        text = response.content.decode()
        wrong = problems(text)
        if response.status_code != 200:
            wrong.append(f"status {response.status_code}")
        seen[address] = wrong
        waiting += sorted(links(text))
    return seen


def _label(page: html.HtmlElement, control: html.HtmlElement) -> str:
    if control.get("aria-label"):
        return control.get("aria-label")
    labels = page.xpath("//label[@for=$name]", name=control.get("id") or "")
    labels += control.xpath("ancestor::label")
    return " ".join(label.text_content().strip() for label in labels).strip()


def _shown(element: html.HtmlElement) -> str:
    return html.tostring(element, encoding="unicode", with_tail=False)[:120]
