// Search with a picture: chosen, dropped or pasted anywhere on the page; tiles close together.
const ROW = 4; // pixels: grid-auto-rows of .tiles--masonry

export function startPictures() {
  const form = document.querySelector("form[data-picture-form]");
  if (form) startAsking(form);
  const tiles = document.querySelector("[data-tiles]");
  if (tiles) startTiles(tiles);
}

function startAsking(form) {
  form.querySelector("[data-without-script]")?.remove();
  form.querySelector("[data-with-script]")?.removeAttribute("hidden");
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      if (input.files.length) form.requestSubmit();
    });
  }
  const send = (transfer) => {
    const file = [...(transfer?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return false;
    const list = new DataTransfer();
    list.items.add(file);
    form.elements.picture.files = list.files;
    form.requestSubmit();
    return true;
  };
  document.addEventListener("paste", (event) => {
    if (send(event.clipboardData)) event.preventDefault();
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("is-dropping");
  });
  for (const kind of ["dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (kind === "drop" || !event.relatedTarget) document.body.classList.remove("is-dropping");
    });
  }
  document.addEventListener("drop", (event) => {
    if (event.dataTransfer?.files.length) event.preventDefault();
    send(event.dataTransfer);
  });
}

// Each tile spans the rows that it is high: they stay in their order, for eyes and keyboard.
function startTiles(tiles) {
  tiles.classList.add("tiles--masonry");
  const place = () => {
    const gap = Number.parseFloat(getComputedStyle(tiles).columnGap) || 16;
    for (const tile of tiles.children) {
      tile.style.gridRowEnd = `span ${Math.ceil((tile.offsetHeight + gap) / ROW)}`;
    }
  };
  new ResizeObserver(place).observe(tiles);
  for (const tile of tiles.children) new ResizeObserver(place).observe(tile);
  place();
}
