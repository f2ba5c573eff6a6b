// Messages can be closed; a success goes by itself. A failed htmx request adds one.
const SECONDS_SHOWN = 8;

export function startMessages() {
  const box = document.querySelector("#messages");
  if (!box) return;
  for (const message of box.querySelectorAll(".callout")) attach(box, message);
  document.addEventListener("htmx:responseError", ({ detail }) => {
    // What tells by itself how it stands was deleted elsewhere: the page says so, and asks no more.
    const polls = detail.elt.getAttribute("hx-trigger")?.startsWith("every");
    if (polls && detail.xhr.status === 404) location.reload();
    else add(box, box.dataset.failed);
  });
  document.addEventListener("htmx:sendError", () => add(box, box.dataset.offline));
  document.addEventListener("htmx:timeout", () => add(box, box.dataset.offline));
}

function add(box, text) {
  const present = [...box.querySelectorAll(".callout")];
  if (present.some((message) => message.dataset.text === text)) return;
  const message = document.createElement("div");
  const words = document.createElement("div");
  message.className = "callout callout--error";
  message.dataset.text = text;
  words.textContent = text;
  message.append(words);
  box.append(message);
  attach(box, message);
}

function attach(box, message) {
  const button = box.querySelector("template").content.firstElementChild.cloneNode(true);
  button.addEventListener("click", () => message.remove());
  message.append(button);
  if (!message.matches(".callout--success")) return;
  const leave = () => {
    if (message.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else message.remove();
  };
  setTimeout(leave, SECONDS_SHOWN * 1000);
}
