// A search that was finished is not asked for again by the pause after the last key: its answer
// would take the place of the one that enters the history.
export function startSearch() {
  const form = document.querySelector("#search-form");
  if (!form) return;
  const field = form.elements.namedItem("q");
  let finished = null; // the words of it, until they change
  field.addEventListener("input", () => {
    finished = null;
  });
  form.addEventListener("htmx:confirm", (event) => {
    if (event.target === form) finished = field.value;
    else if (event.target === field && finished === field.value) event.preventDefault();
  });
}
