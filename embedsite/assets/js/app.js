import "./htmx.js";
import { startCopying } from "./copy.js";
import { startMenus } from "./menus.js";
import { startShortcuts } from "./shortcuts.js";
import { startTheme } from "./theme.js";
import { startUploads } from "./upload.js";

startTheme();
startMenus();
startCopying();
startShortcuts();
startUploads();
