// The top bar of a page: the buttons for language and theme, and whether the page hears of what happens.

import { icon } from "./dom.js";
import { onSystemTheme, preferredLanguage, preferredTheme, rememberLanguage, rememberTheme } from "./preferences.js";
import { currentLanguage, setLanguage, text, translate } from "./texts.js";

const byId = (id) => document.getElementById(id);
const root = document.documentElement;

let live = "connecting";

/** Sets the preferred language and theme; `redraw()` is called each time that the reader has chosen the other language. */
export function startTopBar(redraw) {
  setLanguage(preferredLanguage());
  draw();
  byId("language").addEventListener("click", () => {
    setLanguage(currentLanguage() === "zh" ? "en" : "zh");
    rememberLanguage(currentLanguage());
    draw();
    redraw();
  });
  byId("theme").addEventListener("click", () => {
    rememberTheme(root.dataset.theme === "dark" ? "light" : "dark");
    showTheme();
  });
  onSystemTheme(showTheme);
}

/** Shows the state of the connection: `live`, `connecting` or `lost`. */
export function showLive(state) {
  live = state;
  byId("live").dataset.state = live;
  byId("live").textContent = text(`live.${live}`);
}

function draw() {
  root.lang = currentLanguage() === "zh" ? "zh-CN" : "en";
  translate(document);
  byId("language").textContent = text("language");
  showTheme();
  showLive(live);
}

function showTheme() {
  root.dataset.theme = preferredTheme();
  const other = root.dataset.theme === "dark" ? "light" : "dark";
  byId("theme").replaceChildren(icon(other === "dark" ? "moon" : "sun"));
  byId("theme").setAttribute("aria-label", text(`theme.${other}`));
}
