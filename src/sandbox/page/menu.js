// The account's two-level menu below the conversation.

import { el, icon, link } from "./dom.js";

const menu = document.getElementById("menu");
let open = null;
let drawn = "";

/** Shows an account's menu, if it has one. */
export function showMenu(entries = []) {
  // An open menu stays open when another property of the account changes.
  const wanted = JSON.stringify(entries);
  if (wanted === drawn) return;
  drawn = wanted;
  close();
  menu.hidden = entries.length === 0;
  menu.replaceChildren(...entries.map((entry) => el("div", { class: "menu-entry" }, ...(entry.children.length > 0 ? parent(entry) : [leaf(entry)]))));
}

const leaf = (entry) => (entry.url ? link(entry.url, { class: "entry" }, entry.name) : el("span", { class: "entry" }, entry.name));

function parent(entry) {
  const list = el("ul", { class: "submenu", hidden: true }, entry.children.map((child) => el("li", {}, leaf(child))));
  const toggle = () => (open?.button === button ? close() : show(button, list));
  const button = el("button", { type: "button", "aria-expanded": "false", on: { click: toggle } }, icon("menu"), entry.name);
  return [button, list];
}

function show(button, list) {
  close();
  open = { button, list };
  list.hidden = false;
  button.setAttribute("aria-expanded", "true");
}

function close() {
  if (!open) return;
  open.list.hidden = true;
  open.button.setAttribute("aria-expanded", "false");
  open = null;
}

/** Moves through an open list with Up and Down; Escape closes it. */
function onKey(event) {
  if (!open) return;
  if (event.key === "Escape") {
    open.button.focus();
    close();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const links = [...open.list.querySelectorAll("a")];
  const next = links.indexOf(document.activeElement) + step;
  (links.at(next % links.length) ?? open.button).focus();
}

menu.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  if (open && (!menu.contains(event.target) || event.target.closest(".submenu a"))) close();
});
