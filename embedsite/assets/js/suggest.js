// Suggestions under a search field, <input data-suggest="ADDRESS">: a combobox with a list of
// the server's options. An option with data-url leads to a document; any other is searched for.
// Without this script the field is that of a plain form.
const PAUSE = 120; // milliseconds without a key before the server is asked

const boxes = new WeakMap(); // by their fields

export function startSuggestions() {
  for (const kind of ["focusin", "input", "keydown", "focusout"]) {
    document.addEventListener(kind, (event) => {
      if (event.target.matches?.("input[data-suggest]")) boxOf(event.target)[kind]?.(event);
    });
  }
  const focused = document.activeElement; // it may have got the focus before this script was there
  if (focused?.matches("input[data-suggest]")) boxOf(focused);
  document.addEventListener("submit", (event) => {
    for (const field of event.target.querySelectorAll("input[data-suggest]")) boxOf(field).close();
  });
}

function boxOf(field) {
  if (!boxes.has(field)) boxes.set(field, new Suggestions(field));
  return boxes.get(field);
}

class Suggestions {
  constructor(field) {
    this.field = field;
    this.list = document.createElement("ul");
    this.list.className = "suggest";
    this.list.id = `${field.id}-suggestions`;
    this.list.hidden = true;
    this.list.role = "listbox";
    this.list.ariaLabel = field.dataset.suggestions;
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option);
    });
    field.role = "combobox";
    field.ariaAutoComplete = "list";
    field.ariaExpanded = "false";
    field.setAttribute("aria-controls", this.list.id);
    field.form.append(this.list);
  }

  input(event) {
    this.close();
    if (event.isComposing || !this.field.value.trim()) return;
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  focusout() {
    this.close();
  }

  keydown(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.move(event.key === "ArrowDown" ? 1 : -1);
      else this.ask();
    } else if (event.key === "Escape" && open) {
      event.preventDefault(); // which would empty the field
      this.close();
    } else if (event.key === "Enter" && this.active) {
      event.preventDefault();
      this.choose(this.active);
    } else if (event.key === "Enter" || event.key === "Tab") {
      this.close();
    }
  }

  // An answer that comes after another key, or after the field was left, is dropped.
  async ask() {
    this.close();
    const asked = new AbortController();
    this.asked = asked;
    const query = new URLSearchParams({ q: this.field.value });
    const collection = this.field.form.elements.namedItem("c")?.value;
    if (collection) query.set("c", collection);
    try {
      const response = await fetch(`${this.field.dataset.suggest}?${query}`, {
        signal: asked.signal,
      });
      const options = response.ok ? await response.text() : "";
      if (this.asked === asked && document.activeElement === this.field) this.show(options);
    } catch {
      // Nothing is suggested then; the form still works.
    }
  }

  show(options) {
    this.list.innerHTML = options;
    this.options.forEach((option, at) => {
      option.id = `${this.list.id}-${at}`;
    });
    this.list.hidden = !this.options.length;
    this.field.ariaExpanded = String(!this.list.hidden);
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.asked = null;
    this.mark(null);
    this.list.hidden = true;
    this.field.ariaExpanded = "false";
  }

  get options() {
    return [...this.list.children];
  }

  // Past either end no option is active, and Enter searches for what was typed.
  move(step) {
    const options = this.options;
    const places = options.length + 1;
    const at = (options.indexOf(this.active) + 1 + step + places) % places;
    this.mark(at ? options[at - 1] : null);
  }

  mark(option) {
    if (this.active) this.active.ariaSelected = "false";
    this.active = option;
    if (!option) {
      this.field.removeAttribute("aria-activedescendant");
      return;
    }
    option.ariaSelected = "true";
    this.field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  choose(option) {
    this.close();
    if (option.dataset.url) {
      location.assign(option.dataset.url);
      return;
    }
    this.field.value = option.querySelector(".suggest__text").textContent;
    this.field.form.requestSubmit();
  }
}
