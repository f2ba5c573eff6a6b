// One large file in pieces, by the tus protocol: a connection that breaks costs no more than
// the piece under way, and after a reload of the page the same file goes on where it was.
import { Upload } from "tus-js-client";

export const RESUMABLE_BYTES = 4 * 1024 * 1024; // smaller files go many in one request
const PIECE_BYTES = 4 * 1024 * 1024;
const HASHED_BYTES = 64 * 1024 * 1024;
const WAITS = [0, 1000, 3000, 5000, 10000, 20000, 30000];

// Always resolves, to {problem}, or to {url, note}; the note is empty where there is nothing to
// say. `more` is told to the server beside the file's name.
export async function sendInPieces(form, file, name, onProgress, more = {}) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const metadata = { filename: name, ...more };
  const digest = await sha256(file);
  if (digest) metadata.sha256 = digest;
  return new Promise((resolve) => {
    const upload = new Upload(file, {
      endpoint: form.dataset.uploads,
      chunkSize: PIECE_BYTES,
      retryDelays: WAITS,
      removeFingerprintOnSuccess: true,
      metadata,
      headers: { "X-CSRFToken": token },
      onProgress,
      onError: (error) => resolve({ problem: reason(form, error) }),
      onSuccess: async () => resolve({ url: upload.url, note: await noteOf(upload.url) }),
    });
    goOn(upload, metadata);
  });
}

// Where the same file was on its way before, for the same use and under the same ids.
async function goOn(upload, { use, before: prefix }) {
  const all = await upload.findPreviousUploads().catch(() => []);
  const same = ({ metadata }) => metadata.use === use && metadata.before === prefix;
  const before = all.find(same);
  if (before) upload.resumeFromPreviousUpload(before);
  upload.start();
}

async function sha256(file) {
  if (!globalThis.crypto?.subtle || file.size > HASHED_BYTES) return "";
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function reason(form, error) {
  const answer = error.originalResponse;
  if (!answer?.getStatus()) return form.dataset.offline;
  try {
    return JSON.parse(answer.getBody()).detail;
  } catch {
    return `${form.dataset.failed} (${answer.getStatus()})`;
  }
}

async function noteOf(url) {
  try {
    return (await (await fetch(url, { headers: { Accept: "application/json" } })).json()).note;
  } catch {
    return "";
  }
}
