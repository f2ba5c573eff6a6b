// A large file of rows goes in pieces, then to the page where its columns are chosen. Without
// this script, and for a small file, the form posts it in one request.
import { RESUMABLE_BYTES, sendInPieces } from "./resumable.js";

export function startRows() {
  const form = document.querySelector("form[data-rows]");
  form?.addEventListener("submit", (event) => {
    const file = form.querySelector("input[type=file]").files[0];
    if (!file || file.size < RESUMABLE_BYTES) return;
    event.preventDefault();
    send(form, file);
  });
}

async function send(form, file) {
  const button = form.querySelector("button");
  const line = form.querySelector("[data-rows-line]");
  const bar = form.querySelector("progress");
  button.disabled = true;
  bar.hidden = false;
  line.className = "muted";
  line.textContent = form.dataset.sending;
  const { problem, url } = await sendInPieces(form, file, file.name, (sent, total) => {
    bar.value = sent / total;
  }, { use: "rows" });
  if (!problem) {
    window.location.assign(form.dataset.next.replace(form.dataset.any, idOf(url)));
    return;
  }
  line.className = "field__error";
  line.textContent = problem;
  bar.hidden = true;
  button.disabled = false;
}

const idOf = (url) => url.split("/").filter(Boolean).at(-1);
