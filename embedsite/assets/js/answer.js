// Shows an answer while a chat model writes it, as text and never as markup. Once it is
// whole, or has failed, the page's own answer takes its place, with its citations as links.
const ASK_AGAIN = 5000; // milliseconds, after a stream that could not be had

export function startAnswers() {
  const box = document.querySelector("[data-answer]");
  if (box) follow(box);
}

function follow(box) {
  const text = box.querySelector("[data-answer-text]");
  const events = new EventSource(box.dataset.answer);
  // A connection that breaks is made again by the browser; the text then starts anew.
  events.addEventListener("passages", () => text.replaceChildren());
  events.addEventListener("text", (event) => text.append(JSON.parse(event.data).text));
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), ASK_AGAIN);
  });
  for (const last of ["done", "failed"]) {
    events.addEventListener(last, () => {
      events.close();
      show(box, text);
    });
  }
}

async function show(box, text) {
  text.setAttribute("aria-busy", "false"); // now it is read out, whole
  await window.htmx.ajax("GET", location.pathname, {
    source: box,
    target: box,
    select: "#answer",
    swap: "outerHTML",
  });
}
