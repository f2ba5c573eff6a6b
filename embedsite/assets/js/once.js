// A form that writes, or is marked data-once, is sent once, however often its button is pressed
// while the answer is on its way. In the boxes of a marked one Ctrl+Enter, or ⌘+Enter, sends it.
const WAIT_MS = 30_000; // then it may be sent again: the answer was given up, or was a download

export function startOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const once = form.method === "post" || "once" in form.dataset;
    if (!once || event.defaultPrevented) return;
    if ("sent" in form.dataset) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    setTimeout(() => delete form.dataset.sent, WAIT_MS);
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
