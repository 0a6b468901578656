// Keys of a list: they do nothing while somebody types or a dialog is open.

import { showText } from "./dialog.js";
import { el } from "./dom.js";
import { text } from "./texts.js";

/** The keys that move within a control which has the focus. */
const MOVING = new Set(["ArrowDown", "ArrowUp", "Home", "End", "Enter"]);

/** Calls the function of a pressed key; returns a function that ends it. */
export function onKeys(actions) {
  const listen = (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !Object.hasOwn(actions, key)) return;
    if (document.querySelector("dialog[open]") || target.closest("input, select, textarea")) return;
    // Arrows and Enter belong to whatever has the focus, unless that is the list or nothing.
    if (MOVING.has(key) && target !== document.body && target.getAttribute("role") !== "listbox" && target.id !== "view") return;
    event.preventDefault();
    actions[key]();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

/** Shows the keys. */
export function showKeys() {
  const keys = [
    ["j k", "jk"],
    ["Enter", "enter"],
    ["Esc", "esc"],
    ["/", "slash"],
    ["r", "r"],
    ["?", "help"],
  ];
  const rows = keys.map(([key, name]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, text(`keys.${name}`))));
  showText(text("keys"), el("table", { class: "keys" }, el("tbody", {}, rows)));
}
