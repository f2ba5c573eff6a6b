// Drawing around points. The corners are kept few: they stand in the page's address.
const MOST_CORNERS = 60;
const CLICK = 100; // milliseconds in which it follows
const LEAST_STEP = 4; // pixels between two corners while drawing

export class Lasso {
  // `toMap` and `toScreen` change places; `done` gets the corners in the map's own steps.
  constructor(canvas, stage, { toMap, toScreen, done }) {
    Object.assign(this, { canvas, toMap, toScreen, done });
    this.drawing = stage.querySelector("[data-map-drawing]");
    this.drawn = stage.querySelector("[data-map-drawn]");
    this.on = false;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.end());
    canvas.addEventListener("pointercancel", () => this.drop());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.drop());
  }

  begin(event) {
    if (!this.on || !event.isPrimary || event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.path = [[event.offsetX, event.offsetY]];
  }

  move(event) {
    if (!this.path || !event.isPrimary) return;
    const [x, y] = this.path.at(-1);
    if (Math.hypot(event.offsetX - x, event.offsetY - y) < LEAST_STEP) return;
    this.path.push([event.offsetX, event.offsetY]);
    this.drawing.setAttribute("points", this.path.join(" "));
  }

  end() {
    const path = this.path;
    this.drop();
    if (path?.length > 1) this.swallowClick();
    if (path?.length > 2) this.done(fewer(path).map(([x, y]) => this.toMap(x, y)));
  }

  // The click that a drawing ends with opens no document that lies there.
  swallowClick() {
    const swallow = (event) => event.stopImmediatePropagation();
    this.canvas.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => this.canvas.removeEventListener("click", swallow, { capture: true }), CLICK);
  }

  drop() {
    this.path = null;
    this.drawing.setAttribute("points", "");
  }

  // Shows the area that is chosen, wherever the map has been moved to.
  show(corners) {
    this.drawn.setAttribute("points", corners.map(([x, y]) => this.toScreen(x, y)).join(" "));
  }
}

function fewer(path) {
  const step = Math.max(1, path.length / MOST_CORNERS);
  const kept = [];
  for (let at = 0; at < path.length; at += step) kept.push(path[Math.floor(at)]);
  return kept;
}

// `map_area:1-2_3-4_5-6` and back.
export function written(corners) {
  return `map_area:${corners.map(([x, y]) => `${x}-${y}`).join("_")}`;
}

export function read(filters) {
  const area = filters.find((one) => one.startsWith("map_area:"));
  return area ? area.slice(9).split("_").map((corner) => corner.split("-").map(Number)) : [];
}
