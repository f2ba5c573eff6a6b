// The title of the point under the pointer; a tap keeps it there, with a link.
import KDBush from "kdbush";

const REACH = 12; // pixels
const NEIGHBOURS = 40; // titles that are fetched with the one wanted
const titles = new Map();

export class Tip {
  // `toMap`, `toScreen` change places; `perPixel()` tells steps of the map; `shows(i)`.
  constructor(canvas, stage, points, { toMap, toScreen, perPixel, shows, load }) {
    Object.assign(this, { canvas, points, toMap, toScreen, perPixel, shows, load });
    this.box = stage.querySelector("[data-map-tip]");
    this.stage = stage;
    this.index = new KDBush(points.count, 64, Uint16Array);
    for (let i = 0; i < points.count; i += 1) this.index.add(points.at[2 * i], points.at[2 * i + 1]);
    this.index.finish();
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && !event.buttons) this.over(event);
    });
    canvas.addEventListener("pointerleave", () => this.hide());
    canvas.addEventListener("click", (event) => this.click(event));
  }

  nearest(event) {
    const [x, y] = this.toMap(event.offsetX, event.offsetY, false);
    let best = -1;
    let least = Infinity;
    for (const i of this.index.within(x, y, REACH * this.perPixel())) {
      const distance = (this.points.at[2 * i] - x) ** 2 + (this.points.at[2 * i + 1] - y) ** 2;
      if (distance < least && this.shows(i)) [best, least] = [i, distance];
    }
    return best;
  }

  over(event) {
    const i = this.paused ? -1 : this.nearest(event);
    this.canvas.classList.toggle("is-over", i >= 0);
    if (i < 0) this.hide();
    else if (i !== this.shown) this.show(i);
  }

  click(event) {
    const i = this.paused ? -1 : this.nearest(event);
    if (i < 0) this.hide();
    else if (event.pointerType === "mouse") location.assign(`/d/${this.points.ids[i]}/`);
    else this.show(i, true);
  }

  async show(i, fixed = false) {
    this.shown = i;
    const title = await this.title(i);
    if (this.shown !== i) return;
    const cluster = this.points.clusters[this.points.cluster[i]];
    const words = document.createElement(fixed ? "a" : "span");
    words.textContent = title;
    if (fixed) words.href = `/d/${this.points.ids[i]}/`;
    const more = document.createElement("small");
    more.textContent = cluster?.name ?? "";
    this.box.replaceChildren(words, more);
    this.box.classList.toggle("is-fixed", fixed);
    this.box.hidden = false;
    this.place();
  }

  place() {
    if (this.box.hidden) return;
    const [x, y] = this.toScreen(this.points.at[2 * this.shown], this.points.at[2 * this.shown + 1]);
    const left = Math.min(x + 10, this.stage.clientWidth - this.box.offsetWidth - 4);
    const below = y + 14 + this.box.offsetHeight < this.stage.clientHeight;
    const top = below ? y + 14 : y - 14 - this.box.offsetHeight;
    this.box.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  hide() {
    this.shown = -1;
    this.box.hidden = true;
  }

  async title(i) {
    const id = this.points.ids[i];
    if (!titles.has(id)) {
      const reach = 40 * this.perPixel();
      const near = this.index.within(this.points.at[2 * i], this.points.at[2 * i + 1], reach);
      const wanted = new Set([id, ...near.slice(0, NEIGHBOURS).map((n) => this.points.ids[n])]);
      const found = await this.load([...wanted]).catch(() => ({}));
      for (const [key, title] of Object.entries(found)) titles.set(Number(key), title);
    }
    return titles.get(id) ?? "";
  }
}
