// The map of a collection: points by WebGL, what one can do with them by the page's own form.
import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";

import { byCluster, byValue, palette, showLegend } from "./colours.js";
import { fetchBlock, fetchJson, Points } from "./data.js";
import { DIM, Drawing, HIDDEN, LIT, PLAIN } from "./drawing.js";
import { Labels } from "./labels.js";
import { Lasso, read, written } from "./lasso.js";
import { Time } from "./time.js";
import { Tip } from "./tip.js";

const SIDE = 65_535;
const ROOM = 0.92; // of the stage that all points take up
const ZOOMS = [0.5, 400];

class MapView {
  constructor(root, points) {
    this.root = root;
    this.points = points;
    this.stage = root.querySelector("[data-map-stage]");
    this.canvas = root.querySelector("canvas");
    this.form = root.querySelector("form");
    this.filters = root.querySelector("[data-map-filters]");
    this.transform = zoomIdentity;
    this.chosen = null; // a Set of documents, or null for no choice
    this.extent = extent(points);
    this.drawing = new Drawing(this.canvas, points);
    const places = {
      toMap: (x, y, whole = true) => this.toMap(x, y, whole),
      toScreen: (x, y) => this.toScreen(x, y),
    };
    this.labels = new Labels(root.querySelector("[data-map-labels]"), points.clusters);
    this.lasso = new Lasso(this.canvas, this.stage, { ...places, done: (corners) => this.drawn(corners) });
    this.tip = new Tip(this.canvas, this.stage, points, {
      ...places,
      perPixel: () => SIDE / this.view.side,
      shows: (i) => this.states[i] !== HIDDEN,
      load: (ids) => fetchJson(root.dataset.titles, { d: ids.join(",") }),
    });
    this.time = new Time(root.querySelector("[data-map-time]"), {
      load: (name) => this.column(name),
      shown: () => this.restate(),
      chosen: (name, filter) => this.setFilter(`${name}:`, filter),
    });
    this.startZoom();
    this.startControls();
    new ResizeObserver(() => this.look()).observe(this.stage);
    new MutationObserver(() => this.recolour()).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  async start() {
    this.restate();
    this.recolour();
    await this.colour("");
    this.look();
    this.choose();
    await this.time.open();
  }

  // --- where things are ---
  get view() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const [left, top, right, bottom] = this.extent;
    const side = ROOM * SIDE * Math.min(width / (right - left), height / (bottom - top));
    const { k, x, y } = this.transform;
    return {
      side: side * k,
      left: k * (width / 2 - (side * (left + right)) / 2 / SIDE) + x,
      top: k * (height / 2 - side * (1 - (top + bottom) / 2 / SIDE)) + y,
      zoom: k,
    };
  }

  toScreen(x, y) {
    const { side, left, top } = this.view;
    return [left + (x / SIDE) * side, top + (1 - y / SIDE) * side];
  }

  toMap(x, y, whole) {
    const { side, left, top } = this.view;
    const place = [((x - left) / side) * SIDE, (1 - (y - top) / side) * SIDE];
    return whole ? place.map((step) => Math.min(SIDE, Math.max(0, Math.round(step)))) : place;
  }

  look() {
    this.drawing.setView(this.view);
    const view = this.view;
    const toScreen = (x, y) => [view.left + (x / SIDE) * view.side, view.top + (1 - y / SIDE) * view.side];
    this.labels.place(toScreen);
    this.lasso.show(read(this.filterValues()));
    this.tip.place();
  }

  startZoom() {
    this.zoom = zoom()
      .scaleExtent(ZOOMS)
      .filter((event) => !event.button && (!this.lasso.on || event.type === "wheel"))
      .on("zoom", (event) => {
        this.transform = event.transform;
        this.look();
      });
    select(this.canvas).call(this.zoom).on("dblclick.zoom", null);
  }

  // --- controls ---
  startControls() {
    const lasso = this.root.querySelector("[data-map-lasso]");
    lasso.addEventListener("click", () => this.setLasso(!this.lasso.on));
    for (const button of this.root.querySelectorAll("[data-map-zoom]")) {
      button.addEventListener("click", () => {
        const by = Number(button.dataset.mapZoom);
        const canvas = select(this.canvas);
        if (by) this.zoom.scaleBy(canvas, by);
        else this.zoom.transform(canvas, zoomIdentity);
      });
    }
    this.colours = this.root.querySelector("[data-map-colour]");
    this.colours.addEventListener("change", () => this.colour(this.colours.value));
    this.root.querySelector("[data-map-cluster]")?.addEventListener("change", (event) => {
      this.setFilter("map_cluster:", event.target.value && `map_cluster:${event.target.value}`);
    });
    this.form.addEventListener("submit", () => this.choose());
  }

  setLasso(on) {
    this.lasso.on = on;
    this.tip.paused = on;
    this.tip.hide();
    this.canvas.classList.toggle("is-drawing", on);
    this.root.querySelector("[data-map-lasso]").ariaPressed = String(on);
  }

  drawn(corners) {
    this.setLasso(false);
    this.setFilter("map_area:", written(corners));
  }

  filterValues() {
    return [...this.filters.querySelectorAll("input")].map((input) => input.value);
  }

  // One filter of each kind; the form asks the server for the table, and for what lights up.
  setFilter(beginning, filter) {
    for (const input of this.filters.querySelectorAll("input")) {
      if (input.value.startsWith(beginning)) input.remove();
    }
    if (filter) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name: "filter", value: filter });
      this.filters.append(input);
    }
    this.form.requestSubmit();
  }

  // --- what is chosen, and how points look ---
  async choose() {
    const text = this.form.elements.namedItem("q").value.trim();
    const filters = this.filterValues();
    this.lasso.show(read(filters));
    const query = new URLSearchParams([["q", text], ...filters.map((one) => ["filter", one])]);
    const asked = String(query);
    this.asked = asked;
    let found = null;
    if (text || filters.length) {
      this.stage.ariaBusy = "true";
      const told = await fetchJson(this.root.dataset.hits, query).catch(() => ({ documents: [] }));
      found = told.documents;
    }
    if (this.asked !== asked) return;
    this.stage.ariaBusy = "false";
    this.chosen = found;
    this.restate();
    if (this.colours.value === "score" && text) await this.colour("score");
  }

  restate() {
    const plain = this.chosen ? DIM : PLAIN;
    this.states = new Uint8Array(this.points.count).fill(plain);
    for (const id of this.chosen ?? []) {
      const i = this.points.indexOf(id);
      if (i >= 0) this.states[i] = LIT;
    }
    for (let i = 0; i < this.points.count; i += 1) if (!this.time.shows(i)) this.states[i] = HIDDEN;
    this.drawing.setStates(this.states);
  }

  recolour() {
    const { bytes, paper } = palette(this.root);
    this.drawing.setPalette(bytes, paper);
  }

  async colour(name) {
    const field = this.form.elements.namedItem("q");
    if (name === "score" && !field.value.trim()) {
      field.focus();
      return;
    }
    const words = this.root.dataset;
    const asked = {};
    this.colouring = asked;
    const column = name && (await this.column(name, { q: field.value }));
    if (this.colouring !== asked || column === null) return; // another was chosen meanwhile
    const made = name ? byValue(column, words) : byCluster(this.points, words);
    this.drawing.setColours(made.colours);
    showLegend(this.root.querySelector("[data-map-legend]"), made.legend);
  }

  // Null where it cannot be had, which a message tells.
  async column(name, query = {}) {
    const found = await fetchBlock(this.root.dataset.values, { name, ...query }).catch(() => null);
    if (!found) this.root.dispatchEvent(new CustomEvent("htmx:sendError", { bubbles: true }));
    else if (found.checksum !== this.points.checksum) location.reload(); // documents came or went
    return found;
  }
}

// Left, bottom, right, top of all points, never without any width.
function extent(points) {
  let [left, bottom, right, top] = [SIDE, SIDE, 0, 0];
  for (let i = 0; i < points.count; i += 1) {
    const [x, y] = [points.at[2 * i], points.at[2 * i + 1]];
    left = Math.min(left, x);
    right = Math.max(right, x);
    bottom = Math.min(bottom, y);
    top = Math.max(top, y);
  }
  const grow = (low, high) => (high - low < 100 ? [low - 50, high + 50] : [low, high]);
  [left, right] = grow(left, right);
  [bottom, top] = grow(bottom, top);
  return [left, bottom, right, top];
}

async function start(root) {
  const wait = root.querySelector("[data-map-wait]");
  const stop = (message) => {
    wait.hidden = false;
    wait.textContent = message;
  };
  let points;
  try {
    points = new Points(await fetchBlock(root.dataset.points));
  } catch {
    stop(root.dataset.failed);
    return;
  }
  try {
    root.mapView = new MapView(root, points);
  } catch {
    stop(root.dataset.noWebgl);
    return;
  }
  wait.hidden = true;
  await root.mapView.start();
  root.dataset.ready = "true";
}

for (const root of document.querySelectorAll("[data-map]")) start(root);
