// <embedsite-related document="12">, or <embedsite-related collection="3"> for the page it stands
// on: the related list of a public collection of this site, on any page. What stands inside the
// element shows until the list is there, and where it cannot be had.
import css from "../css/widget.css";

const site = new URL("../../", document.currentScript.src); // from static/dist/related.js
const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host { display: block } :host([hidden]) { display: none } ${css}`);

class EmbedsiteRelated extends HTMLElement {
  async connectedCallback() {
    try {
      const answer = await fetch(this.#address(), { credentials: "omit" });
      if (answer.ok) this.#show(await answer.json());
    } catch {
      // The site is away, or does not let this one read: what stands inside stays.
    }
  }

  #address() {
    const number = this.getAttribute("document");
    const home = this.getAttribute("collection");
    const address = new URL(number ? `related/${number}.json` : `related/c/${home}.json`, this.site);
    address.searchParams.set("n", this.getAttribute("n") ?? 10);
    if (!number) address.searchParams.set("url", this.getAttribute("url") ?? thisPage());
    return address;
  }

  get site() {
    return this.hasAttribute("site") ? new URL(this.getAttribute("site")) : site;
  }

  #show(entries) {
    this.hidden = !entries.length;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    const list = make("ol", {}, entries.map((entry) => this.#row(entry)));
    const heading = this.getAttribute("heading") ?? "Related";
    root.replaceChildren(
      make("section", { className: "embedsite-related", ariaLabel: heading }, [
        make("h2", { textContent: heading }),
        list,
      ]),
    );
  }

  #row(entry) {
    const parts = [
      make("a", { href: entry.source || entry.url, textContent: entry.title }),
      make("span", { className: "embedsite-score", textContent: entry.score.toFixed(2) }),
    ];
    if (entry.shares.length) {
      const label = this.getAttribute("shares") ?? "shares:";
      parts.push(make("small", { textContent: `${label} ${entry.shares.join(", ")}` }));
    }
    return make("li", {}, parts);
  }
}

// Texts go in as text, never as markup.
function make(name, properties, children = []) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function thisPage() {
  const canonical = document.querySelector('link[rel="canonical"]')?.href;
  return canonical ?? location.href.split("#")[0];
}

if (!customElements.get("embedsite-related")) {
  customElements.define("embedsite-related", EmbedsiteRelated);
}
