// Uploads many files in small requests, so that thousands can be dropped at once, one bad
// file stops nothing, and each file's result stands in the list. Without this script the
// same form posts everything in one request.
const FILES_PER_REQUEST = 20;
const BYTES_PER_REQUEST = 40 * 1024 * 1024;
const ROWS_SHOWN = 200;

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
  for (const batch of batches(files)) {
    const rows = batch.map((file) => view.row(pathOf(file)));
    view.finished(batch, rows, await send(form, batch));
  }
  view.done();
  window.htmx.trigger(document.body, "documents-added");
}

// One request. Always resolves to {problems: {name: message}} or {message} for all of it.
async function send(form, batch) {
  const data = new FormData();
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const file of batch) {
    data.append("files", file, file.name);
    data.append("paths", pathOf(file));
  }
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: data,
      headers: { Accept: "application/json", "X-CSRFToken": token },
    });
    const type = response.headers.get("Content-Type") ?? "";
    if (type.startsWith("application/json")) return await response.json();
    return { message: `${form.dataset.failed} (${response.status})` };
  } catch {
    return { message: form.dataset.offline };
  }
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

  finished(batch, rows, answer) {
    batch.forEach((file, at) => {
      const problem = answer.message ?? answer.problems?.[pathOf(file)];
      rows[at].className = problem ? "badge badge--set_aside" : "badge badge--ready";
      rows[at].textContent = problem ? this.words.refused : this.words.added;
      if (problem) {
        const reason = document.createElement("span");
        reason.className = "field__error";
        reason.textContent = problem;
        rows[at].after(reason);
        this.bad += 1;
      } else {
        rows[at].parentElement.dataset.fine = "";
      }
    });
    this.sent += batch.length;
    this.show();
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
