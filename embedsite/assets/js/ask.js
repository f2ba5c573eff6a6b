// <embedsite-ask collection="3">: the question box of a public collection of this site, on any
// page. What stands inside the element shows where scripts are off.
import css from "../css/ask_box.css";

const site = new URL("../../", document.currentScript.src); // from static/dist/ask.js
const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host { display: block } :host([hidden]) { display: none } ${css}`);

class EmbedsiteAsk extends HTMLElement {
  #button = make("button", { type: "submit" });
  #question = make("textarea", { rows: 2, required: true, id: "question" });
  #answer = make("div", { ariaLive: "polite" });

  connectedCallback() {
    if (this.shadowRoot) return;
    const label = make("label", { htmlFor: "question", textContent: this.#text("label") });
    this.#button.textContent = this.#text("button");
    this.#question.placeholder = this.getAttribute("placeholder") ?? "";
    const form = make("form", { onsubmit: (event) => this.#ask(event) }, [
      label,
      this.#question,
      this.#button,
    ]);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(make("div", { className: "embedsite-ask" }, [form, this.#answer]));
  }

  get site() {
    return this.hasAttribute("site") ? new URL(this.getAttribute("site")) : site;
  }

  #text(name) {
    const usual = {
      label: "Your question",
      button: "Ask",
      wait: "Looking …",
      away: "No answer can be had at the moment. Try again later.",
    };
    return this.getAttribute(name) ?? usual[name];
  }

  async #ask(event) {
    event.preventDefault();
    const question = this.#question.value.trim();
    if (!question || this.#button.disabled) return;
    this.#button.disabled = true;
    this.#answer.replaceChildren(note(this.#text("wait")));
    try {
      const address = new URL(`ask/c/${this.getAttribute("collection")}.json`, this.site);
      const body = new URLSearchParams({ question });
      const answer = await fetch(address, { method: "POST", credentials: "omit", body });
      const told = await answer.json();
      this.#answer.replaceChildren(...(answer.ok ? parts(told) : [problem(told.detail)]));
    } catch {
      // The site is away, or does not let this one ask.
      this.#answer.replaceChildren(problem(this.#text("away")));
    } finally {
      this.#button.disabled = false;
    }
  }
}

function parts({ note: kind, problem: wrong, pieces, sources }) {
  const links = new Map(sources.map((source) => [source.number, source.link]));
  const rows = sources.map((source) =>
    make("li", {}, [
      make("a", { href: source.link, textContent: `[${source.number}] ${source.title}` }),
      ...(source.quote ? [make("small", { textContent: source.quote })] : []),
    ]),
  );
  return [
    ...(kind ? [note(kind)] : []),
    ...(pieces.length
      ? [make("div", { className: "embedsite-answer" }, pieces.map((one) => piece(one, links)))]
      : []),
    ...(wrong ? [problem(wrong)] : []),
    ...(rows.length ? [make("ol", {}, rows)] : []),
  ];
}

function piece({ text, number, supported }, links) {
  if (links.has(number)) return make("a", { href: links.get(number), textContent: text });
  const className = supported ? "" : "embedsite-unsupported";
  return make("span", { className, textContent: text });
}

function note(text) {
  return make("p", { className: "embedsite-note", textContent: text });
}

function problem(text) {
  return make("p", { className: "embedsite-problem", role: "alert", textContent: text });
}

// Texts go in as text, never as markup.
function make(name, properties, children = []) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

if (!customElements.get("embedsite-ask")) {
  customElements.define("embedsite-ask", EmbedsiteAsk);
}
