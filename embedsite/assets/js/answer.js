// Shows an answer while a chat model writes it, as text and never as markup. Once it is
// whole, or has failed, the page's own answer takes its place, with its citations as links, and a
// screen reader is told so: words read out while they come would be cut off by the next ones.
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
    events.addEventListener(last, (event) => {
      events.close();
      show(box, last, JSON.parse(event.data).message);
    });
  }
}

async function show(box, ending, message) {
  const focused = box.contains(document.activeElement); // on the button that stops it, which goes
  const swapped = window.htmx.ajax("GET", location.pathname, {
    source: box,
    target: box,
    select: "#answer",
    swap: "outerHTML",
  });
  await swapped.catch(() => {}); // the site is away
  // Still there: the page cannot be had any more, such as after the question was deleted elsewhere.
  if (box.isConnected) return lose(box, message);
  if (focused) document.querySelector("#answer-head")?.focus({ preventScroll: true });
  const told = document.querySelector("[data-answer-told]");
  if (told) told.textContent = told.dataset[ending];
}

function lose(box, message) {
  const lost = box.querySelector("[data-answer-lost]");
  box.querySelector("[data-answer-waits]").remove();
  if (message) lost.textContent = message;
  lost.hidden = false;
}
