import "./htmx.js";
import { startAnswers } from "./answer.js";
import { startCopying } from "./copy.js";
import { startMenus } from "./menus.js";
import { startMessages } from "./messages.js";
import { startRows } from "./rows.js";
import { startShortcuts } from "./shortcuts.js";
import { startTheme } from "./theme.js";
import { startUploads } from "./upload.js";

startTheme();
startMenus();
startMessages();
startCopying();
startShortcuts();
startUploads();
startRows();
startAnswers();
