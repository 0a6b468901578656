// The audit list: who did or looked at what, newest first.

import "./audit_texts.js";

import { get, isAbort } from "./api.js";
import { el, icon } from "./dom.js";
import { emptyNote } from "./empty.js";
import { failureWords } from "./failures.js";
import { fieldOf } from "./list_filters.js";
import { address, change } from "./router.js";
import { text } from "./texts.js";
import { listTime, moment, number } from "./times.js";

const PAGE = 100;
const FILTERS = ["who", "action"];
const COLUMNS = ["at", "who", "action", "target", "count"];

class Audit {
  #query = {};
  #next = null;
  #controller = null;
  #actions = new Set();

  constructor(root, params) {
    const set = (values) => change(values, { replace: true });
    this.who = fieldOf("audit.who", (who) => set({ who }));
    this.known = el("datalist", { id: "audit-actions" });
    this.action = fieldOf("audit.action", (action) => set({ action }));
    this.action.element.setAttribute("list", this.known.id);
    const refresh = el("button", { type: "button", class: "small", on: { click: () => this.#load() } }, icon("again"), text("refresh"));
    this.rows = el("tbody");
    this.table = el(
      "table",
      { class: "audit-table", "aria-label": text("view.audit") },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          COLUMNS.map((name) => el("th", { scope: "col", class: `audit-${name}` }, text(`audit.${name}`))),
        ),
      ),
      this.rows,
    );
    this.empty = emptyNote("audit.empty", "book", { hidden: true });
    this.trouble = el("p", { class: "note bad", role: "alert", hidden: true });
    this.more = el("button", { type: "button", class: "small more", hidden: true, on: { click: () => this.#load(this.#next) } }, text("older"));
    root.replaceChildren(
      el(
        "header",
        { class: "view-head boxed" },
        el("h2", {}, text("view.audit")),
        el("div", { class: "audit-filters", role: "search", "aria-label": text("audit.filters") }, this.who.element, this.action.element, this.known),
        refresh,
      ),
      this.trouble,
      el(
        "div",
        { class: "view-body", tabIndex: 0, role: "group", "aria-label": text("view.audit") },
        this.table,
        this.empty,
        el("div", { class: "list-end" }, this.more),
      ),
    );
    this.#read(params);
    this.#load();
  }

  update(params) {
    const before = JSON.stringify(this.#query);
    this.#read(params);
    if (before !== JSON.stringify(this.#query)) this.#load();
  }

  stop() {
    this.#controller?.abort();
  }

  #read(params) {
    this.#query = Object.fromEntries(FILTERS.filter((name) => params[name]).map((name) => [name, params[name]]));
    this.who.show(this.#query.who ?? "");
    this.action.show(this.#query.action ?? "");
  }

  /** Loads the newest records, or those before the cursor `before`. */
  async #load(before = null) {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    this.table.setAttribute("aria-busy", "true");
    try {
      const { records, next } = await get("audit", { ...this.#query, before, limit: PAGE }, { signal: controller.signal });
      if (before === null) this.rows.replaceChildren();
      this.rows.append(...records.map(row));
      this.#next = next ?? null;
      this.#noteActions(records);
      this.trouble.hidden = true;
    } catch (error) {
      if (isAbort(error)) return;
      this.trouble.textContent = failureWords(error);
      this.trouble.hidden = false;
    }
    this.more.hidden = this.#next === null;
    this.empty.hidden = this.rows.children.length > 0 || !this.trouble.hidden;
    this.table.hidden = this.rows.children.length === 0;
    this.table.setAttribute("aria-busy", "false");
  }

  /** Offers the actions that were seen as values of the filter. */
  #noteActions(records) {
    for (const { action } of records) this.#actions.add(action);
    this.known.replaceChildren(...[...this.#actions].sort().map((value) => el("option", { value })));
  }
}

function row({ at, who, action, target, count }) {
  const [, by] = /^take from (.*)$/s.exec(action) ?? [];
  const name = by === undefined ? text(`audit.action.${action}`, {}, action) : text("audit.action.take_from", { by });
  return el(
    "tr",
    {},
    el("td", { class: "audit-at" }, el("time", { title: moment(at) }, listTime(at))),
    el("td", { class: "audit-who" }, who),
    el("td", { class: "audit-action" }, el("span", { class: `chip ${action === "look" ? "" : "info"}`, title: action }, name)),
    el("td", { class: "audit-target" }, targetOf(target ?? "")),
    el("td", { class: "audit-count" }, Number.isFinite(count) ? number(count) : ""),
  );
}

/** What an action was done to: entries and conversations as links. */
function targetOf(target) {
  const [, id] = /^conversations\/([\w-]+)/.exec(target) ?? [];
  if (id) return el("a", { href: address("conversations", { id }) }, target);
  const [, entry] = /^(?:entries\/|entry )(\d+)/.exec(target) ?? [];
  return entry ? el("a", { href: address("messages", { entry }) }, target) : target;
}

export const view = {
  name: "audit",
  icon: "book",
  right: "operate",
  mount: (root, params) => new Audit(root, params),
};
