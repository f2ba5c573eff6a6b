// htmx's options stand in base.html: <meta name="htmx-config">.
import htmx from "htmx.org";

window.htmx = htmx;
