// A form that writes, or is marked data-once, is sent once, however often its button is pressed
// while the answer is on its way. In the boxes of a marked one Ctrl+Enter, or ⌘+Enter, sends it.
const WAIT_MS = 30_000; // then it may be sent again: the answer was given up, or was a download

export function startOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // A field may be called "method": then it, not the attribute, is the form's property.
    const posts = form.getAttribute("method")?.toLowerCase() === "post";
    const once = posts || "once" in form.dataset;
    if (!once || event.defaultPrevented) return;
    if ("sent" in form.dataset) {
      event.preventDefault();
      return;
    }
    const sent = String(Date.now());
    form.dataset.sent = sent;
    setTimeout(() => form.dataset.sent === sent && delete form.dataset.sent, WAIT_MS);
  });
  // Back from the answer: the form may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest("[data-once] textarea")?.form;
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });
}
