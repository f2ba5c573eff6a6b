// Starts Swagger UI on the API's page, in the page's own light or dark.
const place = document.querySelector("#swagger-ui");
const root = document.documentElement;
const wish = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : wish.matches;
  root.classList.toggle("dark-mode", dark);
}

paint();
wish.addEventListener("change", paint);
new MutationObserver(paint).observe(root, { attributeFilter: ["data-theme"] });

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor(request) {
    const own = new URL(request.url, location.href).origin === location.origin;
    if (own) request.headers[place.dataset.csrfHeader] = place.dataset.csrfToken;
    return request;
  },
});
