// The time slider: which points show, by a date that documents have.
import { day } from "./colours.js";

const STEPS = 1000;
const LEAST_SPAN = 1; // days: dates nearer together are one moment
const PLAY_SECONDS = 12;

export class Time {
  // `load(name)` gives a column of dates; `shown()` redraws; `chosen(filter, name)` filters the table.
  constructor(box, { load, shown, chosen }) {
    Object.assign(this, { box, load, shown, chosen });
    this.field = box.querySelector("[data-map-time-field]");
    this.from = box.querySelector("[data-map-from]");
    this.to = box.querySelector("[data-map-to]");
    this.button = box.querySelector("[data-map-play]");
    for (const input of [this.from, this.to]) {
      input.addEventListener("input", () => this.slide(input));
      input.addEventListener("change", () => this.choose());
    }
    this.field.addEventListener("change", () => this.start(this.field.value));
    this.button.addEventListener("click", () => this.play());
  }

  // The first date of the documents' own, or else when they were added.
  async open() {
    const names = [...this.field.options].map((option) => option.value);
    const own = names.find((name) => name !== "added") ?? names[0];
    if (!own) return;
    this.field.value = own;
    this.field.hidden = names.length < 2;
    await this.start(own);
    if (!this.column) return;
    this.box.hidden = names.length < 2 && this.column.high - this.column.low < LEAST_SPAN;
  }

  // Nothing slides until the dates are there: those of another field would choose others.
  async start(name) {
    const asked = {};
    this.asked = asked;
    this.button.ariaPressed = "false";
    this.wait(true);
    const column = await this.load(name);
    if (this.asked !== asked) return; // another was chosen meanwhile
    if (column) Object.assign(this, { column, name });
    else if (this.name) this.field.value = this.name;
    this.wait(!this.column);
    if (!column) return;
    this.from.value = 0;
    this.to.value = STEPS;
    this.slide(this.to);
  }

  wait(on) {
    for (const control of [this.from, this.to, this.button]) control.disabled = on;
  }

  get whole() {
    return Number(this.from.value) <= 0 && Number(this.to.value) >= STEPS;
  }

  at(slider) {
    const { low, high } = this.column;
    return low + (slider.value / STEPS) * (high - low);
  }

  slide(moved) {
    if (Number(this.from.value) > Number(this.to.value)) {
      (moved === this.from ? this.to : this.from).value = moved.value;
    }
    const span = [this.at(this.from), this.at(this.to)].map(day);
    this.box.querySelector("[data-map-span]").textContent = span.join(" – ");
    this.from.ariaValueText = span[0];
    this.to.ariaValueText = span[1];
    this.shown();
  }

  // Whether a point shows; one without the date shows only where nothing is cut.
  shows(i) {
    if (!this.column || this.whole) return true;
    const value = this.column.value[i];
    const edge = 1 / 1024; // of a day: the values are rounded
    return value >= this.at(this.from) - edge && value <= this.at(this.to) + edge;
  }

  choose() {
    const name = /^[^\W\d][\w.-]*$/.test(this.field.value) ? this.field.value : `"${this.field.value}"`;
    const span = `${day(this.at(this.from))}..${day(this.at(this.to))}`;
    this.chosen(name, this.whole ? null : `${name}:${span}`);
  }

  play() {
    const playing = this.button.ariaPressed !== "true";
    this.button.ariaPressed = String(playing);
    if (!playing) return;
    const began = performance.now();
    const start = Number(this.from.value);
    const step = (now) => {
      if (this.button.ariaPressed !== "true") return;
      const share = Math.min(1, (now - began) / 1000 / PLAY_SECONDS);
      this.to.value = start + share * (STEPS - start);
      this.slide(this.to);
      if (share < 1) requestAnimationFrame(step);
      else {
        this.button.ariaPressed = "false";
        this.choose();
      }
    };
    requestAnimationFrame(step);
  }
}
