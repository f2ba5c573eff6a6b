// What is wider than the page, or higher than its box, can be scrolled by keyboard: it can be
// reached by Tab and has a name. What fits is no stop on the way.
const BOXES = "pre, .table-wrap, .prose table";

export function startScrolling() {
  const main = document.querySelector("main") ?? document.body; // the ask box has none
  const look = () => main.querySelectorAll(BOXES).forEach((box) => offer(box, main.dataset.scrolls));
  look();
  addEventListener("resize", look);
  document.addEventListener("toggle", look, true); // of <details>: what is closed has no size
  document.addEventListener("htmx:afterSettle", look);
}

function offer(box, name) {
  const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
  if (!scrolls || getComputedStyle(box).overflowX === "visible") {
    if (box.dataset.scrolling) ["tabindex", "data-scrolling"].forEach((one) => box.removeAttribute(one));
    return;
  }
  if (!box.hasAttribute("tabindex")) {
    box.tabIndex = 0;
    box.dataset.scrolling = "true";
  }
  if (!name || box.ariaLabel || box.hasAttribute("aria-labelledby")) return;
  if (box.localName !== "table") box.role = "group"; // a table keeps its own
  box.ariaLabel = name;
}
