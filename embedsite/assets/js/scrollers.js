// Code of a document that is wider than its page can be reached, and moved, by keyboard.
export function startScrollers() {
  reach();
  addEventListener("resize", reach);
}

function reach() {
  for (const box of document.querySelectorAll(".prose pre, .prose table")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
