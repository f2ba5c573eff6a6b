// Uploads many files in small requests, so that thousands can be dropped at once, one bad
// file stops nothing, and each file's result stands in the list. Large files go in pieces.
// First the server is asked which files it will take. Without this script the same form
// posts everything in one request.
import { RESUMABLE_BYTES, sendInPieces } from "./resumable.js";

const FILES_PER_REQUEST = 20;
const BYTES_PER_REQUEST = 40 * 1024 * 1024;
const ROWS_SHOWN = 200;
const TRIES = 4; // of one request, when the connection breaks
const WAIT_MS = 1000; // before the second; twice as long before each later one

const paths = new WeakMap(); // of files that came in a folder
const pathOf = (file) => paths.get(file) ?? file.name;

export function startUploads() {
  for (const form of document.querySelectorAll("form[data-upload]")) attach(form);
}

function attach(form) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector(".drop");
  form.querySelector("[data-without-script]")?.remove();
  let uploading = Promise.resolve();
  const add = (files) => {
    if (files.length) uploading = uploading.then(() => upload(form, files));
  };
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    add(await dropped(event.dataTransfer));
  });
}

// Folders are walked, and each file keeps its path within what was dropped; a browser that
// cannot do that still gives the files themselves.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail));
    paths.set(file, entry.fullPath.replace(/^\//, ""));
    found.push(file);
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    for (const inner of some) await walk(inner, found);
  }
}

function batches(files) {
  const all = [];
  let batch = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length && (batch.length >= FILES_PER_REQUEST || bytes + file.size > BYTES_PER_REQUEST)) {
      all.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length) all.push(batch);
  return all;
}

async function upload(form, files) {
  const view = new UploadView(form, files.length);
  const refused = await unwanted(form, files);
  const wanted = files.filter((file) => !(pathOf(file) in refused));
  for (const file of files) {
    if (wanted.includes(file)) continue;
    view.finished([file], [view.row(pathOf(file))], { problems: refused });
  }
  for (const file of wanted.filter(isLarge)) await uploadLarge(form, file, view);
  for (const batch of batches(wanted.filter((file) => !isLarge(file)))) {
    const rows = batch.map((file) => view.row(pathOf(file)));
    view.finished(batch, rows, await send(form, batch));
  }
  view.done();
  window.htmx.trigger(document.body, "documents-added");
}

const beforeOf = (form) => form.querySelector("[name=before]")?.value ?? "";

const isLarge = (file) => file.size >= RESUMABLE_BYTES;

async function uploadLarge(form, file, view) {
  const name = pathOf(file);
  const row = view.row(name);
  const { problem, note } = await sendInPieces(
    form,
    file,
    name,
    (sent, total) => view.part(row, sent / total),
    { before: beforeOf(form) },
  );
  view.finished([file], [row], {
    problems: problem ? { [name]: problem } : {},
    notes: note ? { [name]: note } : {},
  });
}

// {name: why} of the files that the server would not take; none where it cannot be asked.
async function unwanted(form, files) {
  const before = beforeOf(form);
  const sizes = Object.fromEntries(files.map((file) => [before + pathOf(file), file.size]));
  try {
    const response = await fetch(form.dataset.usage, {
      method: "POST",
      body: JSON.stringify({ sizes }),
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf(form) },
    });
    const refused = response.ok ? (await response.json()).refused : {};
    const own = ([name, why]) => [name.slice(before.length), why];
    return Object.fromEntries(Object.entries(refused).map(own));
  } catch {
    return {};
  }
}

const csrf = (form) => form.querySelector("[name=csrfmiddlewaretoken]").value;

// One request, again where the connection breaks: what went in already is found unchanged.
// Always resolves to {problems, notes}, messages by name, or {message} for all of it.
async function send(form, batch) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await post(form, batch);
    } catch {
      if (tries === TRIES) return { message: form.dataset.offline };
      await new Promise((done) => setTimeout(done, WAIT_MS * 2 ** (tries - 1)));
    }
  }
}

async function post(form, batch) {
  const data = new FormData();
  data.append("before", beforeOf(form));
  for (const file of batch) {
    data.append("files", file, file.name);
    data.append("paths", pathOf(file));
  }
  const response = await fetch(form.action, {
    method: "POST",
    body: data,
    headers: { Accept: "application/json", "X-CSRFToken": csrf(form) },
  });
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/json")) return await response.json();
  return { message: `${form.dataset.failed} (${response.status})` };
}

class UploadView {
  constructor(form, total) {
    this.box = form.querySelector("[data-upload-progress]");
    this.list = form.querySelector("[data-upload-list]");
    this.bar = this.box.querySelector("progress");
    this.line = this.box.querySelector("[data-upload-line]");
    this.words = form.dataset;
    this.total = total;
    this.sent = 0;
    this.bad = 0;
    this.box.hidden = false;
    this.bar.max = total;
    this.show();
  }

  row(name) {
    const row = document.createElement("li");
    const title = document.createElement("span");
    const state = document.createElement("span");
    title.className = "upload-list__name";
    title.textContent = name;
    state.className = "badge badge--queued";
    state.textContent = this.words.sending;
    row.append(title, state);
    this.list.append(row);
    this.list.hidden = false;
    this.trim();
    return state;
  }

  // Keeps the list short, but never drops a row that says what was wrong.
  trim() {
    while (this.list.children.length > ROWS_SHOWN) {
      const old = this.list.querySelector("li[data-fine]");
      if (!old) return;
      old.remove();
    }
  }

  // How much of one file has come, as a share of 1.
  part(row, share) {
    row.textContent = `${this.words.sending} ${Math.floor(100 * share)} %`;
  }

  finished(batch, rows, answer) {
    batch.forEach((file, at) => {
      const problem = answer.message ?? answer.problems?.[pathOf(file)];
      const note = answer.notes?.[pathOf(file)];
      rows[at].className = problem ? "badge badge--set_aside" : "badge badge--ready";
      rows[at].textContent = problem ? this.words.refused : note ? this.words.known : this.words.added;
      if (problem ?? note) this.say(rows[at], problem ?? note, problem ? "field__error" : "muted");
      if (problem) this.bad += 1;
      else rows[at].parentElement.dataset.fine = "";
    });
    this.sent += batch.length;
    this.show();
  }

  say(row, words, look) {
    const line = document.createElement("span");
    line.className = look;
    line.textContent = words;
    row.after(line);
  }

  show() {
    this.bar.value = this.sent;
    this.line.textContent = this.words.line
      .replace("{sent}", this.sent)
      .replace("{total}", this.total)
      .replace("{bad}", this.bad);
  }

  done() {
    this.box.dataset.done = "";
  }
}
