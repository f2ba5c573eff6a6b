// A form marked data-once is sent once, however often its button is pressed while the answer is on
// its way. In its boxes Ctrl+Enter, or ⌘+Enter, sends it.
export function startOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("once" in form.dataset) || event.defaultPrevented) return;
    if ("sent" in form.dataset) event.preventDefault();
    form.dataset.sent = "";
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
